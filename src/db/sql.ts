// Fragments of SQL whose values are always bind parameters: the only way a value gets near a statement.

export interface Sql {
  readonly strings: readonly string[];
  readonly values: readonly unknown[];
}

/** sql`person_id = ${id}`: each `${}` becomes a bind parameter, or is spliced in when it is itself a fragment. */
export function sql(strings: TemplateStringsArray, ...values: unknown[]): Sql {
  const text: string[] = [strings[0]!];
  const bound: unknown[] = [];
  values.forEach((value, i) => {
    const after = strings[i + 1]!;
    if (isSql(value)) {
      text[text.length - 1] += value.strings[0]!;
      for (let part = 1; part < value.strings.length; part++) text.push(value.strings[part]!);
      for (const inner of value.values) bound.push(inner);
      text[text.length - 1] += after;
    } else {
      bound.push(value);
      text.push(after);
    }
  });
  return { strings: text, values: bound };
}

const isSql = (value: unknown): value is Sql =>
  typeof value === 'object' && value !== null && 'strings' in value && 'values' in value;

/** Text of our own source code, such as a column of a noun's declaration. Never anything a user sent. */
export const raw = (text: string): Sql => ({ strings: [text], values: [] });

/** Written into one array: to copy the whole at each step would take a minute for some ten thousand fragments. */
export function join(fragments: readonly Sql[], separator: string): Sql {
  const strings = [''];
  const values: unknown[] = [];
  fragments.forEach((fragment, i) => {
    strings[strings.length - 1] += (i === 0 ? '' : separator) + fragment.strings[0]!;
    for (let part = 1; part < fragment.strings.length; part++) strings.push(fragment.strings[part]!);
    for (const value of fragment.values) values.push(value);
  });
  return { strings, values };
}

/** `where a and b`, or `where true` when there is nothing to ask. */
export const allOf = (conditions: readonly Sql[]): Sql =>
  conditions.length
    ? join(
        conditions.map((c) => sql`(${c})`),
        ' and ',
      )
    : raw('true');

/** More than any question of ours needs; the protocol counts parameters in 16 bits and would begin anew. */
const MOST_PARAMETERS = 10_000;

export function compile(fragment: Sql): { text: string; values: unknown[] } {
  if (fragment.values.length > MOST_PARAMETERS) throw new RangeError('A statement has too many parameters.');
  const text = fragment.strings.map((part, i) => (i === 0 ? part : `$${i}${part}`)).join('');
  return { text, values: [...fragment.values] };
}
