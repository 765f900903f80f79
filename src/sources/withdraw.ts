// A source is withdrawn as a whole: each of its claims, with the reason; what is derived from them falls by itself.
import { renewNameKeys } from '../records/name-keys.js';
import type { Context } from '../context.js';
import { notFound } from '../errors.js';
import type { WithdrawSourceInput } from '../generated/resolvers-types.js';
import type { Noun } from '../records/noun.js';
import { Problems } from '../records/problems.js';
import { verb } from '../records/verb.js';
import { impactOf, type SourceImpactValue } from './impact.js';

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
    if (input.reason.trim() === '')
      problems.add(['reason'], 'judging_needs_a_reason', 'Say why; whoever reads the records later needs to know.');
    problems.throwIfAny();
    const { source } = impact;
    const withdrawn = await context.db.rows('withdraw the claims of a source', WITHDRAW, [source.id, input.reason]);
    if (withdrawn.length === 0)
      problems.add(['source'], 'source_has_claims', 'No claim of this source is left that could be withdrawn.');
    problems.throwIfAny();
    const accepted = await context.db.rows<{ id: string; noun: string }>('accept claims', ACCEPT, [source.id]);
    for (const noun of Object.values(nouns)) {
      const ids = accepted.filter((record) => record.noun === noun.table).map((record) => record.id);
      if (ids.length > 0) await renewNameKeys(context.db, noun, ids);
    }
    return source.id;
  });
  return impact ?? (await impactOf(id, nouns, context))!;
}
