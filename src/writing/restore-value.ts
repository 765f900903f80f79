// An earlier value comes back, by new history: the claim that decided it is preferred, or an editor's value is written again.
import { acceptClaims, preferClaim } from '../claims/write-claim.js';
import type { Context } from '../context.js';
import { invalid, invalidAll, notFound } from '../errors.js';
import type { RestoreValueInput } from '../generated/resolvers-types.js';
import { columnsOfField, writtenFields, type NamedField } from '../records/field-names.js';
import type { AnyRow, Rows } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { once } from '../records/once.js';
import { refusedBy } from '../records/problems.js';
import { updateRow } from '../records/write-row.js';
import { didYouMean } from '../values/did-you-mean.js';
import { requireReason, undoneSince } from './retract.js';
import { claimsDecide, decidedFields } from './save.js';

export async function restoreValue(
  input: RestoreValueInput,
  nouns: Record<string, Noun>,
  context: Context,
): Promise<AnyRow> {
  const done = await once(context, context.writing!, 'restoreValue', input, async () => {
    const record = await context.load.record.load(input.id);
    const known = record && (await context.load.spine.load(record.id));
    if (!record || !known) throw notFound(undefined, { field: 'input.id', rule: 'not_found' });
    requireReason(input.changeReason, 'Bringing back a value');
    const noun = nouns[known.noun]!;
    const fields = writtenFields(noun);
    const field = fields.get(input.field);
    if (!field || noun.table === 'claims')
      throw invalid('input.field', `There is no such field.${didYouMean(input.field, fields.keys())}`, {
        rule: 'field',
      });
    await context.writing!.because(input.changeReason);
    try {
      await bringBack(noun, record, field, input, context.db);
    } catch (error) {
      throw refusedBy(error, context.writing!.known.rules, () => ['input', 'field']);
    }
    return record.id;
  });
  context.renew();
  const record = await context.load.record.load(done);
  if (!record) throw undoneSince('retracted');
  return record;
}

async function bringBack(
  noun: Noun,
  { id, sensitivity }: AnyRow,
  field: NamedField,
  { version, changeReason, field: name }: RestoreValueInput,
  db: Rows,
): Promise<void> {
  const columns = columnsOfField(field);
  const [earlier] = await db.rows<Record<string, unknown>>(
    'an earlier version',
    `select ${columns.join(', ')} from history.${noun.table} where id = $1 and version = $2 order by recorded_from desc limit 1`,
    [id, version],
  );
  if (!earlier)
    throw invalid('input.version', `The history of this record holds no version ${version}.`, { rule: 'version' });
  const claim = field.field.claimed ? await claimBehind(noun, field, id, version, db) : undefined;
  if (claim !== undefined) {
    await preferClaim(db, claim, changeReason);
    return acceptClaims(db, noun, id);
  }
  if (field.field.claimed && (await decidedFields(db, id, sensitivity)).has(field.column)) {
    const path = ['input', 'field'];
    throw invalidAll([{ message: claimsDecide(name), path, rule: 'claims_decide' }]);
  }
  await updateRow(db, noun, id, new Map(columns.map((column) => [column, earlier[column]])));
}

/** The first claim that bore this very value while that version stood, if it has not been retracted since. */
async function claimBehind(
  { table }: Noun,
  { column }: NamedField,
  id: string,
  version: number,
  db: Rows,
): Promise<string | undefined> {
  const [found] = await db.rows<{ id: string }>(
    'the claim behind an earlier value',
    `select c.id from history.${table} v join history.claims c on c.record_id = v.id
     where v.id = $1 and v.version = $2 and c.field = $3 and c.bears and c.level <= v.sensitivity
       and c.recorded_from < v.recorded_to and c.recorded_to > v.recorded_from
       and (jsonb_populate_record(null::${table}, jsonb_build_object($3::text, c.value))).${column} = v.${column}
       and exists (select from claims now where now.id = c.id)
     order by c.preference limit 1`,
    [id, version, column],
  );
  return found?.id;
}
