// Only what the declaration cannot say: the list with its filter, and the period made of two dates.
import type { DetentionFilter, QueryDetentionsArgs, Resolvers } from '../generated/resolvers-types.js';
import { periodFrom } from '../records/dates.js';
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
  withinPlace,
} from '../records/filters.js';
import { byDay, listed, recordById } from '../records/list.js';
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
    detention: recordById('detentions'),
    detentions: listed(
      detentions,
      ({ filter, asOf }: QueryDetentionsArgs) => [
        ...ask(filter),
        ...whenValid(asOf, validOn(detentions, 'starts', 'ends')),
      ],
      () => byDay(detentions),
      ({ filter }) => withinPlace(filter),
    ),
  },
  Detention: {
    period: periodFrom('starts', 'ends'),
  },
};
