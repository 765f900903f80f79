// What is under way at a moment: things come and go thousands of times a second, a few are there at once. Not a Set: its table
// fills with holes and is made anew every few changes, and each old table keeps the next one alive, and what is in it,
// until the whole heap is looked through; that cost a major collection every 1,500 requests.

interface Held<T> {
  value: T;
  at: number;
}

export class Bag<T> implements Iterable<T> {
  readonly #held: Held<T>[] = [];

  get size(): number {
    return this.#held.length;
  }

  /** @returns how to take it out again; done twice, it does nothing. */
  add(value: T): () => void {
    const mine: Held<T> = { value, at: this.#held.length };
    this.#held.push(mine);
    return () => this.#remove(mine);
  }

  /** In no order; what is added or taken out meanwhile may be met or not. */
  *[Symbol.iterator](): Iterator<T> {
    for (const { value } of [...this.#held]) yield value;
  }

  #remove(mine: Held<T>): void {
    if (mine.at < 0) return;
    const last = this.#held.pop()!;
    if (last !== mine) {
      this.#held[mine.at] = last;
      last.at = mine.at;
    }
    mine.at = -1;
  }
}
