// Only what the declaration cannot say: the list with its filter, and the period made of two dates.
import type { DetentionFilter, Resolvers } from '../generated/resolvers-types.js';
import { periodValue } from '../records/dates.js';
import {
  atPlace,
  conditions,
  duringPeriod,
  fromSource,
  inCase,
  inCountry,
  is,
  isOneOf,
  validOn,
  whenValid,
} from '../records/filters.js';
import { list } from '../records/list.js';
import { detentions } from './model.js';

const ask = (filter: DetentionFilter | null | undefined) =>
  conditions(filter, {
    person: is(detentions, 'personId'),
    kind: isOneOf(detentions, 'kind'),
    facilityKind: isOneOf(detentions, 'facilityKind'),
    place: atPlace(detentions),
    country: inCountry(detentions),
    authority: is(detentions, 'authorityId'),
    outcome: isOneOf(detentions, 'outcome'),
    during: duringPeriod(detentions, 'starts', 'ends'),
    case: inCase(detentions),
    source: fromSource(detentions),
  });

export const detentionResolvers: Resolvers = {
  Query: {
    detention: (_, { id }, { load }) => load.one.detentions.load(id),
    detentions: (_, args, context) =>
      list(detentions, args, context, [
        ...ask(args.filter),
        ...whenValid(args.asOf, validOn(detentions, 'starts', 'ends')),
      ]),
  },
  Detention: {
    period: (detention) => periodValue(detention, 'starts', 'ends'),
  },
};
