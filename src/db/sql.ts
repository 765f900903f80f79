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
      text.push(...value.strings.slice(1));
      bound.push(...value.values);
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

export const join = (fragments: readonly Sql[], separator: string): Sql =>
  fragments.length === 0
    ? raw('')
    : fragments.slice(1).reduce((all, next) => sql`${all}${raw(separator)}${next}`, fragments[0]!);

/** `where a and b`, or `where true` when there is nothing to ask. */
export const allOf = (conditions: readonly Sql[]): Sql =>
  conditions.length
    ? join(
        conditions.map((c) => sql`(${c})`),
        ' and ',
      )
    : raw('true');

export function compile(fragment: Sql): { text: string; values: unknown[] } {
  const text = fragment.strings.reduce((all, part, i) => `${all}$${i}${part}`);
  return { text, values: [...fragment.values] };
}
