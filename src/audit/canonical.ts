// JSON in one way only (RFC 8785): names in the order of their UTF-16 units, no spaces. What is hashed is the text that was
// stored, so this matters to people who compare, never to those who verify.

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json | undefined };

export function canonical(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const fields = Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name]!)}`);
  return `{${fields.join(',')}}`;
}
