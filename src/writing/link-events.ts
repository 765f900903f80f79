// Links between records: an allegation until somebody shows more. Time and the claims on a link bound how it may be assessed.
import type { Context } from '../context.js';
import { notFound } from '../errors.js';
import { eventLinks, type EventLinkRow } from '../events/model.js';
import type { AssessLinkInput, LinkEventsInput } from '../generated/resolvers-types.js';
import { Problems, refusedBy } from '../records/problems.js';
import { SENSITIVITIES } from '../records/sensitivity.js';
import { verb } from '../records/verb.js';
import { updateRow } from '../records/write-row.js';
import { drawn, Parts } from './parts.js';

const UNCONFIRMED =
  'A link is confirmed only where a claim that counts asserts it; a report that others allege it is not enough.';

export async function linkEvents(input: LinkEventsInput, context: Context): Promise<EventLinkRow> {
  const id = await verb(context, 'linkEvents', input, async () => {
    const parts = new Parts(context);
    const assessment = input.assessment ?? 'ALLEGED';
    if (input.citations.length === 0)
      parts.add(['citations'], 'link_has_a_source', 'A link is what somebody says: cite at least one source.');
    input.citations.forEach(({ field }, index) => {
      if (field) parts.add(['citations', index, 'field'], 'claims_field', 'A source speaks of a link as a whole; leave "field" out.'); // prettier-ignore
    });
    if (assessment !== 'ALLEGED' && !input.changeReason?.trim())
      parts.add(['changeReason'], 'judging_needs_a_reason', 'Say why you assess the link so.');
    if (assessment === 'CONFIRMED' && !input.citations.some(({ stance }) => (stance ?? 'ASSERTS') === 'ASSERTS'))
      parts.add(['assessment'], 'confirmed_link_is_asserted', UNCONFIRMED);
    const ends = await Promise.all([input.from, input.to].map((end) => context.load.record.load(end)));
    const level = Math.max(...ends.map((end) => end?.sensitivity ?? 0));
    const { from, to, kind, team, sensitivity = SENSITIVITIES[level] } = input;
    const link = await parts.save(
      eventLinks,
      { from, to, kind, assessment, assessmentReason: assessment === 'ALLEGED' ? null : input.changeReason, sensitivity, team },
      {
        at: ['assessment'],
        placeOf: (name) => [name === 'assessmentReason' ? 'changeReason' : name],
        // What is wrong with a field of a citation was said already.
        citations: drawn(input.citations.map(({ field: _, ...citation }) => citation), new Map()),
      },
    ); // prettier-ignore
    parts.throwIfAny();
    return link!.id;
  });
  return (await context.load.one.event_links.load(id))!;
}

export async function assessLink(input: AssessLinkInput, context: Context): Promise<EventLinkRow> {
  const id = await verb(context, 'assessLink', input, async ({ known }) => {
    const link = await context.load.one.event_links.load(input.link);
    if (!link) throw notFound('No such link, or you may not see it.', { path: ['input', 'link'] });
    const problems = new Problems();
    if (input.changeReason.trim() === '')
      problems.add(['changeReason'], 'judging_needs_a_reason', 'Say why you assess the link so.');
    if (input.assessment === 'CONFIRMED') {
      const [found] = await context.db.rows<{ asserted: boolean }>('asserted', 'select house.link_is_asserted($1) as asserted', [link.id]); // prettier-ignore
      if (!found!.asserted) problems.add(['assessment'], 'confirmed_link_is_asserted', UNCONFIRMED);
    }
    problems.throwIfAny();
    try {
      const values = new Map([
        ['assessment', input.assessment],
        ['assessment_reason', input.changeReason],
      ]);
      await updateRow(context.db, eventLinks, link.id, values);
    } catch (error) {
      throw refusedBy(error, known.rules, () => ['input', 'assessment']);
    }
    return link.id;
  });
  return (await context.load.one.event_links.load(id))!;
}
