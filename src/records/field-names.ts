// The fields of a noun as people name them who write, in datasets and in mutations alike: `place` where the column is place_id.
import { snake, type Field, type Noun } from './noun.js';

export interface NamedField {
  /** As the graph calls it: `place` where the column is place_id. */
  name: string;
  property: string;
  column: string;
  field: Field;
}

/** A reference drops its Id, unless a plain text beside it has that name: a source has a `publisher` and a `publisherId`. */
function nameOf(noun: Noun, property: string): string {
  const short = property.replace(/Id$/, '');
  return noun.fields[property]!.shape === 'ref' && !(short in noun.fields) ? short : property;
}

/** By name, without what the house computes itself. */
export function writtenFields(noun: Noun): ReadonlyMap<string, NamedField> {
  const said = Object.entries<Field>(noun.fields).filter(([, field]) => !field.derived);
  return new Map(
    said.map(([property, field]) => {
      const name = nameOf(noun, property);
      return [name, { name, property, column: snake(property), field }];
    }),
  );
}

/** The columns of a field: one, or three for a date. */
export const columnsOfField = ({ column, field }: Pick<NamedField, 'column' | 'field'>): string[] =>
  field.shape === 'edtf' || field.shape === 'end' ? [column, `${column}_earliest`, `${column}_latest`] : [column];
