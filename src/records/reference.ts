// The number that people say to each other: `P-482913` for a person, `C-193355` for a case file.
import { fromRow } from './plan.js';

/** The resolver of `reference`. */
export const referenceOf = (letter: string) =>
  fromRow(['reference'], ({ reference }: { reference: string }): string => `${letter}-${reference}`);
