// An uncertain date is three columns: the EDTF text that people read, and the first and last day it may mean.
// The bounds are written by src/values (the only parser) and checked by the constraint that house.adopt adds.
export const edtf = (name: string): string => `${name} text, ${name}_earliest date, ${name}_latest date`;
