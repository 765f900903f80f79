// What must be written before what: how deep each thing stands on others, or the ring in which none can be first.

/** Depth 0 needs nothing. Things in a ring are told once, in the order in which they need each other, and have no depth. */
export function depths<T>(
  things: Iterable<T>,
  needs: (thing: T) => readonly T[],
): { depth: Map<T, number>; rings: T[][] } {
  const depth = new Map<T, number>();
  const rings: T[][] = [];
  const done = new Set<T>();
  const open = new Map<T, number>();
  // An own stack: a chain may be as long as the dataset, and calls are not.
  for (const start of things) {
    const path: { thing: T; rest: Iterator<T> }[] = [];
    const enter = (thing: T): void => {
      open.set(thing, path.length);
      path.push({ thing, rest: needs(thing)[Symbol.iterator]() });
    };
    if (!done.has(start)) enter(start);
    while (path.length > 0) {
      const { thing, rest } = path.at(-1)!;
      const next = rest.next();
      if (next.done) {
        path.pop();
        open.delete(thing);
        done.add(thing);
        depth.set(
          thing,
          needs(thing).reduce((deepest, base) => Math.max(deepest, (depth.get(base) ?? 0) + 1), 0),
        );
      } else if (open.has(next.value)) {
        rings.push(path.slice(open.get(next.value)!).map((step) => step.thing));
      } else if (!done.has(next.value)) {
        enter(next.value);
      }
    }
  }
  for (const ring of rings) for (const thing of ring) depth.delete(thing);
  return { depth, rings };
}
