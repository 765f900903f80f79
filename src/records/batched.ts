// Answers for many parents in one statement, where a plain link is not enough. Lives as long as one operation.
import DataLoader from 'dataloader';
import type { Rows } from './loaders.js';

const loadersOf = new WeakMap<Rows, Map<string, DataLoader<string, unknown>>>();

/** `name` stands for the question with all its arguments: equal names must ask the same. Absent answers are undefined. */
export function batched<V>(
  db: Rows,
  name: string,
  ask: (ids: readonly string[]) => Promise<Map<string, V>>,
): DataLoader<string, V | undefined> {
  const loaders = loadersOf.get(db) ?? new Map<string, DataLoader<string, unknown>>();
  loadersOf.set(db, loaders);
  const known = loaders.get(name);
  if (known) return known as DataLoader<string, V | undefined>;
  const made = new DataLoader<string, V | undefined>(async (ids) => {
    const answers = await ask(ids);
    return ids.map((id) => answers.get(id));
  });
  loaders.set(name, made as DataLoader<string, unknown>);
  return made;
}
