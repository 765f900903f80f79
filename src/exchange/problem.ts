// What is wrong with a dataset, said where it stands: `file:line: sentence`. Problems are collected, never thrown one by
// one: whoever wrote two hundred records wants all the mistakes at once.
import { PlainError } from '../db/plain-error.js';
import { InvalidValue } from '../values/invalid-value.js';

/** Where something stands in the files. */
export interface Place {
  /** Relative to the directory of the dataset. */
  readonly file: string;
  /** From 1; 0 for the file as a whole. */
  readonly line: number;
}

export interface Problem {
  readonly at: Place;
  readonly sentence: string;
}

export const whereIs = ({ file, line }: Place): string => (line === 0 ? file : `${file}:${line}`);

const inOrder = (a: Problem, b: Problem): number =>
  a.at.file < b.at.file ? -1 : a.at.file > b.at.file ? 1 : a.at.line - b.at.line;

/** Nothing was loaded. The message holds every problem, one per line. */
export class LoadRefused extends PlainError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = [...problems].sort(inOrder).map(({ at, sentence }) => `${whereIs(at)}: ${sentence}`);
    // `each` writes one mistake many times; it is told once.
    const told = [...new Set(lines)];
    super(
      [
        ...told,
        told.length === 1 ? '1 problem; nothing was loaded.' : `${told.length} problems; nothing was loaded.`,
      ].join('\n'),
    );
    this.name = 'LoadRefused';
    this.problems = problems;
  }
}

/** Problems found so far. */
export class Findings {
  readonly problems: Problem[] = [];

  add(at: Place, sentence: string): void {
    this.problems.push({ at, sentence });
  }

  /** What `read` gives, or undefined when the value is wrong, which is then among the findings. */
  trying<T>(at: Place, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InvalidValue)) throw error;
      this.add(at, error.message);
      return undefined;
    }
  }

  throwIfAny(): void {
    if (this.problems.length > 0) throw new LoadRefused(this.problems);
  }
}
