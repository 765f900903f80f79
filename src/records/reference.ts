// The number that people say to each other: `P-482913` for a person, `C-193355` for a case file.
import { raw } from '../db/sql.js';
import { planned } from './plan.js';

/** The resolver of `reference`. */
export const referenceOf = (letter: string) =>
  planned(({ reference }: { reference: string }): string => `${letter}-${reference}`, {
    is: 'leaf',
    madeOf: 'own',
    sql: (row) => raw(`to_json('${letter}-' || ${row}.reference)`),
  });
