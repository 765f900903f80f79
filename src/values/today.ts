// The day and the instant it is now. In UTC, so that two servers, or one server moved, agree; pure rules take the day as an argument.
import { Temporal } from 'temporal-polyfill';
import { parseLocalDate, type LocalDate } from './local-date.js';

export const todayUtc = (): LocalDate => parseLocalDate(Temporal.Now.plainDateISO('UTC').toString());

/** The instant it is now, RFC 3339 in UTC. */
export const nowUtc = (): string => Temporal.Now.instant().toString({ smallestUnit: 'microsecond' });
