// One record saved: made when no id is given, else changed from the version that was read. A field left out keeps its value,
// null clears it, and what sources tell comes in with its citation and is decided by claims.
import { acceptClaims } from '../claims/write-claim.js';
import type { Context, Writing } from '../context.js';
import { notFound, type InputPath } from '../errors.js';
import type { CitationInput } from '../generated/resolvers-types.js';
import { writtenFields, type NamedField } from '../records/field-names.js';
import type { AnyRow, Loading, Rows } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { once } from '../records/once.js';
import { Problems, refusedBy } from '../records/problems.js';
import { levelOfWord, type SensitivityWord } from '../records/sensitivity.js';
import { teamOf } from '../records/teams.js';
import { checkVersion } from '../records/versions.js';
import { insertRow, updateRow } from '../records/write-row.js';
import { readCitations, writeCitations, type Cited } from './citations.js';
import { columnsGiven, isHeld, readGiven, requireAll } from './given.js';
import { inWords } from './nouns.js';
import { References } from './references.js';

/** What every input of a save has, beside the fields of its noun. */
export interface SaveInput {
  id?: string | null;
  expectedVersion?: number | null;
  /** Not `reason`: a decision has one of its own. */
  changeReason?: string | null;
  idempotencyKey?: string | null;
  sensitivity?: SensitivityWord | null;
  /** The name of a team. */
  team?: string | null;
  /** Said by the house itself, in place of `team`: that of another record. No input of the graph has it. */
  teamId?: number;
  citations?: readonly CitationInput[] | null;
}

/** A checked input: the columns to write and the claims to make. */
interface Draft {
  columns: Map<string, unknown>;
  citations: Cited[];
}

const usual = 1;

/** What a noun adds to the saving that all of them share. */
export interface Special {
  /** The level of a new record for which none is given. */
  level: number;
  /** Stands for the input where it is remembered under an idempotency key; asked only when there is one. */
  remembered(): Promise<SaveInput>;
  /** Adds problems of its own, which are told with the others. */
  check(problems: Problems, before: AnyRow | null): void;
  /** Adds columns, once everything is right. */
  complete(columns: Map<string, unknown>, before: AnyRow | null): Promise<void>;
}

/** Gives the record as it is then. Throws DomainError with every problem of the input. */
export async function saveRecord(noun: Noun, input: SaveInput, context: Context, special?: Special): Promise<AnyRow> {
  const writing = context.writing!;
  const remembered = special && input.idempotencyKey ? await special.remembered() : input;
  const id = await once(context, writing, `save${noun.type}`, remembered, async () => {
    await writing.because(input.changeReason);
    const before = await readBefore(noun, input, context);
    const draft = await check(noun, input, before, context, writing, special);
    try {
      return await write(noun, before, draft, context.db);
    } catch (error) {
      throw refusedBy(error, writing.known.rules, placeOf(noun, input));
    }
  });
  context.renew();
  return (await one(context, noun).load(id))!;
}

const one = ({ load }: Pick<Context, 'load'>, noun: Noun) => (load as Loading['load']).one[noun.table]!;

/** The record as it stands; null when a new one is to be made. */
async function readBefore(noun: Noun, { id, expectedVersion }: SaveInput, context: Context): Promise<AnyRow | null> {
  if (id === null || id === undefined) return null;
  const before = await one(context, noun).load(id);
  if (!before) throw notFound(undefined, { field: 'input.id', rule: 'not_found' });
  if (expectedVersion !== null && expectedVersion !== undefined) checkVersion(before, expectedVersion);
  return before;
}

async function check(
  noun: Noun,
  input: SaveInput,
  before: AnyRow | null,
  context: Context,
  { known }: Writing,
  special: Special | undefined,
): Promise<Draft> {
  const problems = new Problems();
  const fields = writtenFields(noun);
  const given = readGiven(input as Record<string, unknown>, fields, known, problems);
  const references = new References();
  for (const [name, value] of given) {
    const { field } = fields.get(name)!;
    if (field.shape === 'ref' && value !== 'cleared') references.require([name], field.of!, String(value.value));
  }
  const citations = readCitations(
    input.citations ?? [],
    fields,
    given,
    input as Record<string, unknown>,
    references,
    problems,
  );
  if (!before) {
    requireAll(noun, inWords(noun), fields, input as Record<string, unknown>, known, problems);
    if (input.expectedVersion !== null && input.expectedVersion !== undefined)
      problems.add(
        ['expectedVersion'],
        'version_of_nothing',
        'A new record has no version yet; leave it out, or give an id.',
      );
  } else if (input.expectedVersion === null || input.expectedVersion === undefined)
    problems.add(
      ['expectedVersion'],
      'required',
      'Say which version you have read, so that no change of others is lost.',
    );
  await references.check(context, problems);
  const level = input.sensitivity ? levelOfWord(input.sensitivity) : (before?.sensitivity ?? special?.level ?? usual);
  const cited = new Set(citations.map(({ said }) => said.field));
  const decided = before ? await decidedFields(context.db, before.id, level) : new Set<string>();
  const columns = new Map<string, unknown>();
  for (const [name, value] of given) {
    const named = fields.get(name)!;
    if (cited.has(named.column) || (before && isHeld(named, value, before))) continue;
    if (named.field.claimed && decided.has(named.column)) problems.add([name], 'claims_decide', claimsDecide(name));
    for (const [column, content] of columnsGiven(named, value)) columns.set(column, content);
  }
  // The database refuses it too, but cannot say why; what is special says it in its own words.
  if (!special && level > context.viewer.level)
    problems.add(
      ['sensitivity'],
      'level',
      input.sensitivity
        ? 'Your account does not see this level, so it cannot write there.'
        : `A new record of this kind has a level that your account does not see; say in "sensitivity" which level it shall have.`,
    );
  if (input.sensitivity === null) problems.add(['sensitivity'], 'required', '"sensitivity" cannot be cleared.');
  if (level !== before?.sensitivity) columns.set('sensitivity', level);
  const belonging = {
    noun: noun.table,
    level,
    before,
    references: referencesOf(fields, columns, before),
    team: input.team,
  };
  const team = input.teamId ?? (await teamOf(belonging, context, problems));
  if (team !== undefined) columns.set('team_id', team);
  special?.check(problems, before);
  problems.throwIfAny();
  await special?.complete(columns, before);
  return { columns, citations };
}

/** What the record will point at: column to id. */
const referencesOf = (
  fields: ReadonlyMap<string, NamedField>,
  columns: ReadonlyMap<string, unknown>,
  before: AnyRow | null,
): Record<string, unknown> =>
  Object.fromEntries(
    [...fields.values()]
      .filter(({ field }) => field.shape === 'ref')
      .map(({ column, property }) => [column, columns.has(column) ? columns.get(column) : before?.[property]]),
  );

export const claimsDecide = (field: string): string =>
  `Claims of sources decide "${field}": cite a source for the new value, or prefer another claim.`;

/** Columns whose value a claim decides now. */
export async function decidedFields(db: Rows, id: string, level: number): Promise<Set<string>> {
  const rows = await db.rows<{ field: string }>(
    'fields that claims decide',
    `select distinct field from claims where record_id = $1 and field <> '' and bears and level <= $2`,
    [id, level],
  );
  return new Set(rows.map(({ field }) => field));
}

async function write(noun: Noun, before: AnyRow | null, { columns, citations }: Draft, db: Rows): Promise<string> {
  const id = before?.id ?? (await insertRow(db, noun, columns));
  if (before) await updateRow(db, noun, id, columns);
  const level = (columns.get('sensitivity') as number | undefined) ?? before?.sensitivity ?? usual;
  await writeCitations({ db }, id, level, citations);
  // A record with another level or team shows other claims.
  if (citations.length > 0 || (before && (columns.has('sensitivity') || columns.has('team_id'))))
    await acceptClaims(db, noun, id);
  return id;
}

/** The field that a rule of the database speaks of, where it is one of those that were given. */
const placeOf =
  (noun: Noun, input: SaveInput) =>
  (columns: readonly string[]): InputPath => {
    const given = [...writtenFields(noun).values()].filter(
      ({ name, column }: NamedField) =>
        (input as Record<string, unknown>)[name] !== undefined && columns.includes(column),
    );
    return given.length === 1 ? ['input', given[0]!.name] : ['input'];
  };
