// A sealed value saved: as any record, but that its clear text goes no further than this file. What is written, remembered
// and told of mistakes is an envelope, a keyed fingerprint and a sentence without the text.
import type { Context } from '../context.js';
import { forbidden } from '../errors.js';
import type { AnyRow } from '../records/loaders.js';
import type { Problems } from '../records/problems.js';
import { levelOfWord } from '../records/sensitivity.js';
import { keyById, keyOfRecord, unusable } from '../sealed/keys.js';
import { sealedValues, type SealedValueRow } from '../sealed/model.js';
import { Damaged, fingerprint, keyIdOf, openText, sealText } from '../sealing/envelope.js';
import { saveRecord, type SaveInput } from './save.js';

export interface SaveSealedValueInput extends SaveInput {
  record?: string | null;
  kind?: string | null;
  label?: string | null;
  value?: string | null;
}

const LEVEL = 3;
/** Below it nobody may read a key, so nothing can be sealed. */
const LEAST_LEVEL = 2;
const MOST_CHARACTERS = 2000;

export async function saveSealedValue(input: SaveSealedValueInput, context: Context): Promise<AnyRow> {
  if (context.viewer.level < LEAST_LEVEL)
    throw forbidden('Only accounts with the level RESTRICTED or SEALED seal values.', {
      rule: 'sealing_needs_a_level',
    });
  const { value, ...rest } = input;
  return saveRecord(sealedValues, rest, context, {
    level: LEVEL,
    remembered: async () => ({ ...rest, value: await remembered(input, context) }),
    check: (problems, before) => check(input, problems, before, context),
    complete: async (columns, before) => {
      const [recordId, kind, label] = ['record_id', 'kind', 'label'].map((column) =>
        columns.has(column) ? columns.get(column) : before?.[column === 'record_id' ? 'recordId' : column],
      ) as [string, string, string | null | undefined];
      const moved = columns.has('kind') || columns.has('label');
      if (typeof value !== 'string' && !moved) return;
      const text = value ?? (await current(before as unknown as SealedValueRow, context));
      const key = await keyOfRecord(recordId, context);
      columns.set('envelope', sealText(text, key, { recordId, kind, label: label ?? null }));
    },
  });
}

/** Nothing that is told here repeats the text. */
function check(
  { value, record, sensitivity }: SaveSealedValueInput,
  problems: Problems,
  before: AnyRow | null,
  { viewer }: Context,
): void {
  if (value === null || (value === undefined && !before))
    problems.add(
      ['value'],
      'required',
      before ? '"value" cannot be cleared; retract the sealed value.' : 'A sealed value needs "value".',
    );
  else if (value !== undefined) {
    if (value.trim() === '') problems.add(['value'], 'value', 'This text is blank; leave the field out.');
    if (/\p{Surrogate}|\0/u.test(value))
      problems.add(['value'], 'value', 'This text holds characters that are none; write it anew.');
    if ([...value].length > MOST_CHARACTERS)
      problems.add(['value'], 'value', `A sealed value has at most ${MOST_CHARACTERS} characters.`);
  }
  if (before && record && record.toLowerCase() !== before.recordId)
    problems.add(
      ['record'],
      'sealed_value_stays_with_its_record',
      'A sealed value stays with its record: seal it anew at the other one, and retract this one.',
    );
  const level = sensitivity ? levelOfWord(sensitivity) : (before?.sensitivity ?? LEVEL);
  if (level < LEAST_LEVEL)
    problems.add(['sensitivity'], 'sealed_value_is_restricted_at_least', 'A sealed value is RESTRICTED or SEALED.');
  else if (level > viewer.level)
    problems.add(
      ['sensitivity'],
      'sealed_value_is_within_your_level',
      'You may not see what is SEALED; give RESTRICTED, or let somebody seal the value who may.',
    );
}

/** The text as it stands, to be sealed anew with another label; nobody is shown it. */
async function current(row: SealedValueRow, context: Context): Promise<string> {
  try {
    const found = await keyById(keyIdOf(row.envelope)!, context);
    if (found && 'key' in found) return openText(row.envelope, found.key, row);
    if (found?.missing === 'KEY_LOST') throw unusable(found.kek);
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
  }
  throw forbidden('This value cannot be read any more, so its kind and label stay as they are; give the value again.', {
    rule: 'sealed_value_is_intact',
  });
}

/** Made with a key of the record itself, so that erasing the record erases this as well. */
async function remembered({ id, record, value }: SaveSealedValueInput, context: Context): Promise<string | null> {
  if (typeof value !== 'string') return null;
  const owner = id ? (await context.load.one.sealed_values.load(id))?.recordId : record;
  const found = owner ? await context.load.record.load(owner) : null;
  // Of a record that is not there nothing is remembered, since nothing will be saved.
  return found ? fingerprint(value, await keyOfRecord(found.id, context)) : null;
}
