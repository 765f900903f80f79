// What SQL cannot make (sealed cursors, rules that are written in TypeScript) is left open in its answer: a marked text with the
// data to make it from, which is filled before the answer leaves. The mark is a secret of the process, so no stored text can look like one.
import { randomBytes } from 'node:crypto';
import { raw, sql, type Sql } from '../db/sql.js';
import type { Request } from './template.js';
import { Unplannable } from './unplannable.js';

const MARK = `~${randomBytes(16).toString('base64url')}`;

/** JSON text made from the data of a slot. */
export type Fill = (data: never, request: Request) => string;

/** Column of an object that says whose row it is; taken out again. */
const SHOWN = `"${MARK}=":`;

export class Slots {
  readonly #fills: Fill[] = [];

  /** JSON that is put in the place of a slot; `data` is an SQL expression of JSON. */
  open(data: Sql, fill: Fill): Sql {
    this.#fills.push(fill);
    return sql`json_build_array(${raw(`'${MARK}${this.#fills.length - 1}:'::text`)}, ${data}, ${raw(`'${MARK};'::text`)})`;
  }

  /** The answer with every slot filled. Throws Unplannable where a value that must be told is missing. */
  fill(text: string, request: Request): string {
    if (!text.includes(MARK)) return text;
    return text.replace(SLOT, (_, index: string | undefined, data: string) => {
      if (index === undefined) throw new Unplannable('A value that must be there is not.');
      return this.#fills[Number(index)]!(JSON.parse(data) as never, request);
    });
  }
}

/** `["~mark3:", data, "~mark;"]`, or the mark of what is missing. */
const SLOT = new RegExp(`\\["${MARK}(\\d+):", (.*?), "${MARK};"\\]|"${MARK}!:"`, 'gs');

/** In the place of null where null may not be: the resolvers then decide what the answer is without it. */
export const orMissing = (value: Sql): Sql => sql`coalesce(${value}, ${raw(`to_json('${MARK}!:'::text)`)})`;

/**
 * First column of an object made from a row above level 1, where readings of those are kept. The spine has the level that
 * counts: that of a claim is more than its own, and a record that a lens shows as it was may have been restricted since.
 */
export const shownColumn = (row: string): Sql =>
  raw(`(select case when told.level >= 2 then told.level || ':' || ${row}.id end
    from (select greatest(${row}.sensitivity, (select spine.sensitivity from records spine where spine.id = ${row}.id)) as level) told
    ) as "${MARK}="`);

/** The same for rows of which a field beside it is made; `ids` is a select of them. */
export const shownBeside = (ids: Sql): Sql =>
  sql`(select string_agg(spine.sensitivity || ':' || spine.id, ' ') from records spine
    where spine.sensitivity >= 2 and spine.id in (${ids})) as ${raw(`"${MARK}="`)}`;

const SHOWN_ROW = new RegExp(`${SHOWN}(?:null|"([0-9a-f: -]*)"),`, 'g');

/** The text without those columns, and the rows that they named. */
export function takeShown(text: string): { text: string; rows: { id: string; sensitivity: number }[] } {
  if (!text.includes(SHOWN)) return { text, rows: [] };
  const rows: { id: string; sensitivity: number }[] = [];
  const rest = text.replace(SHOWN_ROW, (_, told: string | undefined) => {
    for (const one of told?.split(' ') ?? []) rows.push({ id: one.slice(2), sensitivity: Number(one[0]) });
    return '';
  });
  return { text: rest, rows };
}
