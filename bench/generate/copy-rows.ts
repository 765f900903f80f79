// Rows of one noun on their way into PostgreSQL: as the text of COPY, a block at a time.
import { once } from 'node:events';
import type pg from 'pg';
import { CopyIn } from '../../src/db/copy.js';
import type { Made, NounRows } from './nouns.js';
import type { World } from './world.js';

const BLOCK = 1 << 16;

/** What every record of a load has alike. */
export interface Stamp {
  at: string;
  actor: string;
}

const COMMON = ['id', 'sensitivity', 'team_id', 'version', 'created_at', 'created_by', 'updated_at', 'updated_by'];

async function copy(client: pg.Client, target: string, lines: Iterable<string>): Promise<number> {
  const into = client.query(new CopyIn(`copy ${target} from stdin`));
  let block = '';
  for (const line of lines) {
    block += line;
    if (block.length < BLOCK) continue;
    if (!into.write(block)) await once(into, 'drain');
    block = '';
  }
  into.end(block);
  await once(into, 'finish');
  return into.rows;
}

function* linesOf(rows: Iterable<Made>, { at, actor }: Stamp): Generator<string> {
  const end = `\t0\t1\t${at}\t${actor}\t${at}\t${actor}`;
  for (const { id, sensitivity, values } of rows) {
    let line = `${id}\t${sensitivity}${end}`;
    for (const value of values) line += value === null ? '\t\\N' : `\t${value}`;
    yield line + '\n';
  }
}

export const copyRows = (
  client: pg.Client,
  world: World,
  { noun, columns, rows }: NounRows,
  stamp: Stamp,
): Promise<number> => copy(client, `${noun} (${[...COMMON, ...columns].join(', ')})`, linesOf(rows(world), stamp));

function* spineOf(noun: string, rows: Iterable<Made>): Generator<string> {
  for (const { id, level } of rows) yield `${id}\t${noun}\t${level}\t0\n`;
}

/** The spine's rows, which otherwise a trigger of the noun's table makes. */
export const copySpine = (client: pg.Client, world: World, { noun, rows }: NounRows): Promise<number> =>
  copy(client, 'records (id, noun, sensitivity, team_id)', spineOf(noun, rows(world)));
