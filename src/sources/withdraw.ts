// A source is withdrawn as a whole: each of its claims, with the reason; what is derived from them falls by itself. What would
// refuse it can be asked before: it is tried, and undone.
import { renewNameKeys } from '../records/name-keys.js';
import type { Context } from '../context.js';
import { isRefusal } from '../db/refusal.js';
import { DomainError, notFound } from '../errors.js';
import type { WithdrawSourceInput } from '../generated/resolvers-types.js';
import type { Rows } from '../records/loaders.js';
import type { Noun } from '../records/noun.js';
import { Problems } from '../records/problems.js';
import { verb } from '../records/verb.js';
import { impactOf, type ImpactRefusalValue, type SourceImpactValue } from './impact.js';

const WITHDRAW = `
  update claims set rank = 'DEPRECATED', rank_reason = $2 where source_id = $1 and rank <> 'DEPRECATED' returning id`;

/** Every record that one of its claims speaks of, directly or through others. */
const ACCEPT = `
  select r.id, r.noun, house.accept(r.id) from records r
  where r.id in (select c.record_id from claims c where c.roots @> array[$1::uuid])`;

/** Gives what was foretold the moment before. Sent again with its key, it foretells that nothing is left to change. */
export async function withdrawSource(
  input: WithdrawSourceInput,
  nouns: Record<string, Noun>,
  context: Context,
): Promise<SourceImpactValue> {
  let impact: SourceImpactValue | null = null;
  const id = await verb(context, 'withdrawSource', input, async () => {
    impact = await impactOf(input.source, nouns, context);
    if (!impact) throw notFound('No such source, or you may not see it.', { path: ['input', 'source'] });
    const problems = new Problems();
    if (input.changeReason.trim() === '')
      problems.add(
        ['changeReason'],
        'judging_needs_a_reason',
        'Say why; whoever reads the records later needs to know.',
      );
    problems.throwIfAny();
    await withdrawClaims(impact.source.id, input.changeReason, nouns, context.db);
    return impact.source.id;
  });
  return impact ?? (await impactOf(id, nouns, context))!;
}

async function withdrawClaims(source: string, reason: string, nouns: Record<string, Noun>, db: Rows): Promise<void> {
  const withdrawn = await db.rows('withdraw the claims of a source', WITHDRAW, [source, reason]);
  const problems = new Problems();
  if (withdrawn.length === 0)
    problems.add(['source'], 'source_has_claims', 'No claim of this source is left that could be withdrawn.');
  problems.throwIfAny();
  const accepted = await db.rows<{ id: string; noun: string }>('accept claims', ACCEPT, [source]);
  for (const noun of Object.values(nouns)) {
    const ids = accepted.filter((record) => record.noun === noun.table).map((record) => record.id);
    if (ids.length > 0) await renewNameKeys(db, noun, ids);
  }
}

/** What is no fault of the moment: it would be refused again. */
const LASTING = ['BAD_USER_INPUT', 'CONFLICT', 'FORBIDDEN', 'UNAUTHENTICATED'];

/** What would refuse the withdrawal if it were sent now, by this viewer; null when nothing would. */
export async function refusalOf(
  source: { id: string },
  nouns: Record<string, Noun>,
  context: Context,
): Promise<ImpactRefusalValue | null> {
  try {
    await context.attempt((db) => withdrawClaims(source.id, 'Tried.', nouns, db));
    return null;
  } catch (error) {
    if (error instanceof DomainError && LASTING.includes(error.code) && !error.retryable)
      return { rule: error.rule ?? null, message: error.message };
    if (!isRefusal(error)) throw error;
    // A rule that nobody worded: PostgreSQL's own text never leaves.
    return {
      rule: error.constraint ?? null,
      message: 'A record that rests on this source would break a rule of records.',
    };
  }
}
