// The day it is now. In UTC, so that two servers, or one server moved, agree; pure rules take the day as an argument.
import { Temporal } from 'temporal-polyfill';
import { parseLocalDate, type LocalDate } from './local-date.js';

export const todayUtc = (): LocalDate => parseLocalDate(Temporal.Now.plainDateISO('UTC').toString());
