// Trusted documents: the questions that our own pages were built with, by the hash of their text (appendix A of the GraphQL over HTTP
// draft). Where a server trusts only these, a stolen session of a reader cannot be used to ask for everything at once.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getIntrospectionQuery } from 'graphql';
import { forbidden, unauthenticated } from '../errors.js';
import { refuse } from './refusal.js';

/** Written beside the pages by their build: the texts themselves, so that nobody has to trust a hash. */
const LIST = 'documents.json';

export interface Documents {
  /** The text behind a document id. @throws Refusal when it is not on the list. */
  text(documentId: string): string;
  /** How many there are. */
  readonly size: number;
}

export const documentId = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** @param folders of built pages; one without a list adds nothing. */
export function readDocuments(folders: readonly (string | undefined)[]): Documents {
  return documentsOf([
    ...folders.flatMap((folder) => (folder === undefined ? [] : readList(join(folder, LIST)))),
    // The schema is public; pages that explain it ask for it in one of these ways.
    getIntrospectionQuery(),
    getIntrospectionQuery({ schemaDescription: true, inputValueDeprecation: true }),
  ]);
}

export function documentsOf(texts: readonly string[]): Documents {
  const known = new Map(texts.map((text) => [documentId(text), text]));
  return {
    size: known.size,
    text(id) {
      const text = known.get(id);
      if (text !== undefined) return text;
      throw refuse.shape(
        'This server does not know a document with this "documentId"; reload the page, or send "query".',
      );
    },
  };
}

function readList(path: string): string[] {
  if (!existsSync(path)) return [];
  const list: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!Array.isArray(list) || !list.every((text) => typeof text === 'string'))
    throw new Error(`${path} must be a list of texts; build the pages again.`);
  return list;
}

interface Asker {
  kind: 'anonymous' | 'session' | 'token';
  roles: ReadonlySet<string>;
}

/**
 * Whether somebody may send a document of their own where the server trusts only those on its list: a token, which the operator made
 * for a program, and an account that may take data out in bulk anyway.
 */
export function mayExplore({ kind, roles }: Asker): boolean {
  return kind === 'token' || (kind === 'session' && roles.has('exporter'));
}

/** @throws DomainError for whoever may not. */
export function checkFree(viewer: Asker): void {
  if (mayExplore(viewer)) return;
  const rule = 'document-free';
  if (viewer.kind === 'anonymous')
    throw unauthenticated(
      'Here only the questions of our own pages are answered without a token; sign in, or send a token.',
      {
        rule,
      },
    );
  throw forbidden(
    'Here your account asks only the questions of our own pages; use a token, or ask an administrator for the role "exporter".',
    { rule },
  );
}
