// Copies of sources as evidence (Berkeley Protocol): the bytes are counted when they come in and kept once, under their
// SHA-256, and what is done with them is written down, beginning with how they came. Nothing of it is ever changed.
import { createHash } from 'node:crypto';
import type { Context } from '../context.js';
import { notFound } from '../errors.js';
import type { AddCaptureInput, AddCustodyStepInput } from '../generated/resolvers-types.js';
import { Problems } from '../records/problems.js';
import { levelOfWord, SENSITIVITIES } from '../records/sensitivity.js';
import { teamOf } from '../records/teams.js';
import { verb } from '../records/verb.js';
import { insertRow } from '../records/write-row.js';
import type { CaptureRow, CustodyStepRow } from './model.js';
import { captures, custodySteps } from './model.js';
import { checkRoom } from './capture-room.js';

/** Characters of base64: what one request can carry beside the rest of it. */
const MOST_CHARACTERS = 700_000;
/** Whole groups of four, so that no byte is lost or guessed. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** RFC 6838, with parameters such as a charset. */
const MEDIA_TYPE = /^[a-z0-9][\w!#$&^.+-]*\/[a-z0-9][\w!#$&^.+-]*(?:; *[\w-]+=(?:[\w.+-]+|"[^"]*"))*$/i;

const KEEP = `select house.keep_bytes($1)`;

const isBlank = (text: string): boolean => text.trim() === '';

/** The bytes and their SHA-256; undefined when they cannot be kept. */
function bytesOf(
  { bytes: text, sha256 }: AddCaptureInput,
  problems: Problems,
): { bytes: Buffer; sha256: string } | undefined {
  if (text.length > MOST_CHARACTERS) {
    problems.add(['bytes'], 'capture_fits_one_request', `One request carries ${MOST_CHARACTERS.toLocaleString('en')} characters of base64 (about 525 kB); this has ${text.length.toLocaleString('en')}.`); // prettier-ignore
    return undefined;
  }
  if (text === '') {
    problems.add(['bytes'], 'capture_is_not_empty', 'A capture of no bytes proves nothing.');
    return undefined;
  }
  if (!BASE64.test(text)) {
    problems.add(['bytes'], 'capture_is_base64', 'The bytes are not in base64 (RFC 4648, with padding, without line breaks).'); // prettier-ignore
    return undefined;
  }
  const bytes = Buffer.from(text, 'base64');
  const counted = createHash('sha256').update(bytes).digest('hex');
  if (sha256 && sha256.toLowerCase() !== counted)
    problems.add(['sha256'], 'capture_has_the_sha256_given', `The bytes that came have the SHA-256 ${counted}: they are not those that were counted before. Send them again.`); // prettier-ignore
  return { bytes, sha256: counted };
}

export async function addCapture(input: AddCaptureInput, context: Context): Promise<CaptureRow> {
  const id = await verb(context, 'addCapture', input, async ({ actor }) => {
    const problems = new Problems();
    const source = await context.load.one.sources.load(input.source);
    if (!source) problems.add(['source'], 'not_found', 'No such source, or you may not see it.');
    const kept = bytesOf(input, problems);
    if (!MEDIA_TYPE.test(input.mediaType))
      problems.add(['mediaType'], 'capture_media_type_is_one_of_iana', 'A media type looks like `text/html` or `application/pdf`.'); // prettier-ignore
    if (input.capturedAt > context.now)
      problems.add(['capturedAt'], 'capture_is_not_of_the_future', 'A capture was made before it is recorded.');
    for (const name of ['tool', 'operator', 'changeReason'] as const)
      if (isBlank(input[name])) problems.add([name], 'required', `A capture needs "${name}".`);
    const sensitivity = input.sensitivity ? levelOfWord(input.sensitivity) : (source?.sensitivity ?? 0);
    if (source && sensitivity < source.sensitivity)
      problems.add(['sensitivity'], 'capture_is_as_sensitive_as_its_source', `A capture is at least as sensitive as its source, which is ${SENSITIVITIES[source.sensitivity]!}.`); // prettier-ignore
    const team = await teamOf(
      {
        noun: captures.table,
        level: sensitivity,
        before: null,
        references: { source_id: source?.id },
        team: input.team,
      },
      context,
      problems,
    );
    problems.throwIfAny();
    const { bytes, sha256 } = kept!;
    await checkRoom(context, bytes.length);
    await context.db.rows('keep bytes', KEEP, [bytes]);
    const capture = await insertRow(
      context.db,
      captures,
      new Map<string, unknown>([
        ['source_id', source!.id],
        ['sha256', sha256],
        ['byte_size', bytes.length],
        ['media_type', input.mediaType],
        ['captured_at', input.capturedAt],
        ['url', input.url ?? null],
        ['tool', input.tool],
        ['operator', input.operator],
        ['copy_kind', input.copyKind],
        ['sensitivity', sensitivity],
        ...(team === undefined ? [] : [['team_id', team] as const]),
      ]),
    );
    await writeStep(context, capture, sensitivity, {
      actor,
      action: `Entered: ${bytes.length} bytes, SHA-256 ${sha256}${input.sha256 ? ', as counted before' : ''}.`,
      reason: input.changeReason,
      happenedAt: context.now,
    });
    return capture;
  });
  return (await context.load.one.captures.load(id))!;
}

interface Step {
  actor: string;
  action: string;
  reason: string;
  happenedAt: string;
}

const writeStep = ({ db }: Context, captureId: string, sensitivity: number, step: Step): Promise<string> =>
  insertRow(
    db,
    custodySteps,
    new Map<string, unknown>([
      ['capture_id', captureId],
      ['happened_at', step.happenedAt],
      ['actor', step.actor],
      ['action', step.action],
      ['reason', step.reason],
      ['sensitivity', sensitivity],
    ]),
  );

export async function addCustodyStep(input: AddCustodyStepInput, context: Context): Promise<CustodyStepRow> {
  const id = await verb(context, 'addCustodyStep', input, async ({ actor }) => {
    const capture = await context.load.one.captures.load(input.capture);
    if (!capture) throw notFound('No such capture, or you may not see it.', { path: ['input', 'capture'] });
    const problems = new Problems();
    for (const name of ['action', 'changeReason'] as const)
      if (isBlank(input[name])) problems.add([name], 'required', `A step of custody needs "${name}".`);
    if (input.happenedAt && input.happenedAt > context.now)
      problems.add(['happenedAt'], 'custody_step_is_not_of_the_future', 'A step is written down when it was done.');
    if (input.happenedAt && input.happenedAt < capture.capturedAt)
      problems.add(['happenedAt'], 'custody_begins_with_the_capture', 'Custody begins when the bytes were captured.');
    problems.throwIfAny();
    return writeStep(context, capture.id, capture.sensitivity, {
      actor: input.actor ?? actor,
      action: input.action,
      reason: input.changeReason,
      happenedAt: input.happenedAt ?? context.now,
    });
  });
  return (await context.load.one.custody_steps.load(id))!;
}
