// A transfer ends one detention and starts another: two records, one event, the same sources.
import type { Context } from '../context.js';
import { detentions, type DetentionRow } from '../detentions/model.js';
import { notFound } from '../errors.js';
import type { TransferDetentionInput } from '../generated/resolvers-types.js';
import { SENSITIVITIES } from '../records/sensitivity.js';
import { verb } from '../records/verb.js';
import { parsePoint } from '../values/edtf.js';
import { compare } from '../values/local-date.js';
import { drawn, givenOf, Parts } from './parts.js';

const NEW_VALUES = ['facility', 'place', 'authority'];

export async function transferDetention(input: TransferDetentionInput, context: Context): Promise<DetentionRow> {
  const id = await verb(context, 'transferDetention', input, async () => {
    const before = await context.load.one.detentions.load(input.detention);
    if (!before) throw notFound('No such detention, or you may not see it.', { path: ['input', 'detention'] });
    const parts = new Parts(context);
    const arrived = input.arrived ?? input.left;
    if (compare(parsePoint(arrived).latest, parsePoint(input.left).earliest) < 0)
      parts.add(['arrived'], 'transfer_arrives_after_it_leaves', 'The person cannot arrive before being taken away.');
    if (input.citations.length === 0)
      parts.add(['citations'], 'transfer_has_a_source', 'Say who says so: cite at least one source.');
    input.citations.forEach(({ field }, index) => {
      if (field)
        parts.add(['citations', index, 'field'], 'transfer_is_cited_as_a_whole', 'A source vouches for the transfer as a whole; leave "field" out.'); // prettier-ignore
    });
    await parts.save(
      detentions,
      { id: before.id, expectedVersion: before.version, ends: input.left, outcome: 'TRANSFERRED' },
      {
        at: ['left'],
        placeOf: (field) => (field === 'ends' ? ['left'] : ['detention']),
        citations: drawn(input.citations, new Map([['ends', 'ends'], ['outcome', 'outcome']])),
      },
    ); // prettier-ignore
    const { kind, facilityKind, facility, place, authority } = input;
    const after = await parts.save(
      detentions,
      {
        person: before.personId,
        kind: kind ?? before.kind,
        facilityKind,
        facility,
        place,
        authority,
        starts: arrived,
        transferredFrom: before.id,
        sensitivity: SENSITIVITIES[before.sensitivity],
        // What is open may still have the team of a time when it was not; the new one starts without.
        teamId: context.viewer.teams.includes(before.teamId) ? before.teamId : 0,
      },
      {
        at: ['detention'],
        placeOf: (field) => (field === 'starts' ? ['arrived'] : field === 'transferredFrom' ? ['detention'] : [field]),
        citations: drawn(
          input.citations,
          new Map([['starts', 'starts'], ...givenOf(input, NEW_VALUES).map((name): [string, string] => [name, name])]),
        ),
      },
    );
    parts.throwIfAny();
    return after!.id;
  });
  return (await context.load.one.detentions.load(id))!;
}
