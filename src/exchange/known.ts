// What the database knows and a dataset is measured by: its vocabularies, its defaults, and the sentences of its rules.
import type { DataSource } from 'typeorm';
import { holdConnection } from '../db/held-connection.js';
import type { Known } from './dataset-check.js';

export interface DatabaseKnown extends Known {
  /** The comment of each constraint and index, by name: what a person is told when it refuses. */
  sentences: ReadonlyMap<string, string>;
}

const WORDS = `
  select t.typname as domain, pg_get_constraintdef(c.oid) as definition
  from pg_constraint c join pg_type t on t.oid = c.contypid where t.typnamespace = 'public'::regnamespace`;

const DEFAULTS = `
  select c.relname || '.' || a.attname as name
  from pg_attribute a join pg_class c on c.oid = a.attrelid
  where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and (a.atthasdef or a.attidentity <> '')`;

const SENTENCES = `
  select conname as name, obj_description(oid, 'pg_constraint') as sentence from pg_constraint where obj_description(oid, 'pg_constraint') is not null
  union all
  select relname, obj_description(oid, 'pg_class') from pg_class where relkind = 'i' and obj_description(oid, 'pg_class') is not null`;

export async function readKnown(db: DataSource): Promise<DatabaseKnown> {
  const held = await holdConnection(db);
  try {
    const [words, defaults, sentences] = await Promise.all([
      held.rows<{ domain: string; definition: string }>('vocabulary', WORDS, [], ''),
      held.rows<{ name: string }>('defaults', DEFAULTS, [], ''),
      held.rows<{ name: string; sentence: string }>('sentences of constraints', SENTENCES, [], ''),
    ]);
    return {
      vocabulary: new Map(
        words.map(({ domain, definition }) => [
          domain,
          [...definition.matchAll(/'([^']*)'::text/g)].map(([, word]) => word!),
        ]),
      ),
      defaults: new Set(defaults.map(({ name }) => name)),
      sentences: new Map(sentences.map(({ name, sentence }) => [name, sentence])),
    };
  } finally {
    await held.release();
  }
}
