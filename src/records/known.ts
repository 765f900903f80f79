// What the database knows and every writing is measured by: its vocabularies, its defaults, and the sentences of its rules.
import type { DataSource } from 'typeorm';
import { holdConnection } from '../db/held-connection.js';
import type { Vocabulary } from './read-value.js';

/** A named rule of the database. */
export interface Rule {
  /** Its comment: what a person is told when it refuses. */
  sentence: string;
  /** The columns that it speaks of. */
  columns: readonly string[];
}

export interface Known {
  vocabulary: Vocabulary;
  /** `table.column` of columns that have a value when nobody gives one. */
  defaults: ReadonlySet<string>;
  /** Constraints and unique indexes by name. */
  rules: ReadonlyMap<string, Rule>;
}

const WORDS = `
  select t.typname as domain, pg_get_constraintdef(c.oid) as definition
  from pg_constraint c join pg_type t on t.oid = c.contypid where t.typnamespace = 'public'::regnamespace`;

const DEFAULTS = `
  select c.relname || '.' || a.attname as name
  from pg_attribute a join pg_class c on c.oid = a.attrelid
  where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and (a.atthasdef or a.attidentity <> '')`;

const RULES = `
  select conname as name, obj_description(oid, 'pg_constraint') as sentence,
    array(select a.attname::text from pg_attribute a where a.attrelid = conrelid and a.attnum = any (conkey)) as columns
  from pg_constraint where obj_description(oid, 'pg_constraint') is not null
  union all
  select relname, obj_description(c.oid, 'pg_class'),
    array(select a.attname::text from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any (i.indkey))
  from pg_class c join pg_index i on i.indexrelid = c.oid where obj_description(c.oid, 'pg_class') is not null`;

export async function readKnown(db: DataSource): Promise<Known> {
  const held = await holdConnection(db);
  try {
    const [words, defaults, rules] = await Promise.all([
      held.rows<{ domain: string; definition: string }>('vocabulary', WORDS, [], ''),
      held.rows<{ name: string }>('defaults', DEFAULTS, [], ''),
      held.rows<Rule & { name: string }>('rules of the database', RULES, [], ''),
    ]);
    return {
      vocabulary: new Map(
        words.map(({ domain, definition }) => [
          domain,
          [...definition.matchAll(/'([^']*)'::text/g)].map(([, word]) => word!),
        ]),
      ),
      defaults: new Set(defaults.map(({ name }) => name)),
      rules: new Map(rules.map(({ name, ...rule }) => [name, rule])),
    };
  } finally {
    await held.release();
  }
}
