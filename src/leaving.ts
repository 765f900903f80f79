// Whether whoever asks has left: as much of an AbortSignal as the way of a question needs. A real one costs a small question a
// twentieth of its time: its prototype is set after it is made, so V8 describes each of them anew, and every look at it is slow.

/** An AbortSignal is one too. */
export interface Leaving {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export class Caller implements Leaving {
  aborted = false;
  reason: unknown = undefined;
  #listeners: (() => void)[] = [];

  /** Tells those who listen; a second time it does nothing. */
  abort(reason: unknown = new DOMException('Whoever asked has left.', 'AbortError')): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const tell of listeners) tell();
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_: 'abort', listener: () => void): void {
    if (!this.aborted) this.#listeners.push(listener);
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }
}
