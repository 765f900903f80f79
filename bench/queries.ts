// The questions of the bench: the GraphQL text that Kualik is asked, the SQL by hand that gives the same data, the text for
// PostGraphile, and which variables they are asked with.
import * as fs from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { packageRoot } from '../src/paths.js';
import { WORDINGS } from '../src/timeline/titles.js';

export const QUERIES = ['person', 'page', 'timeline', 'expiring'] as const;
export type QueryName = (typeof QUERIES)[number];

/** One set of variables, as each contender takes it. */
export interface Asked {
  graphql: Record<string, unknown>;
  sql: unknown[];
  peer: Record<string, unknown>;
}

const read = (folder: string, name: string): string =>
  fs.readFileSync(join(packageRoot, 'bench', folder, name), 'utf8');

/** Without what only people read. */
const tight = (text: string): string =>
  text
    .replace(/^\s*(#|--).*$/gm, '')
    .replace(/\s+/g, ' ')
    .trim();

export const graphqlOf = (query: QueryName): string => tight(read('queries', `${query}.graphql`));
export const peerOf = (query: QueryName): string => tight(read('postgraphile', `${query}.graphql`));

const SENTENCES = pg.escapeLiteral(
  JSON.stringify(Object.fromEntries(Object.entries(WORDINGS).map(([name, { sentences }]) => [name, sentences]))),
);

/** One statement; titles of a timeline are a constant in it. */
export const sqlOf = (query: QueryName): string =>
  tight(read('queries', `${query}.sql`)).replaceAll(`:'sentences'`, SENTENCES);
