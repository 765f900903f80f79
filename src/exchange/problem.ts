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

/** Something that stands twice. */
interface Repeat extends Problem {
  readonly before: Place;
  readonly what: 'keys' | 'claims';
}

/** So many repeats between two files are told one by one; more of them are one mistake, such as a file that was copied. */
const TOLD_ONE_BY_ONE = 3;

/** Problems found so far. */
export class Findings {
  readonly problems: Problem[] = [];
  private readonly repeats: Repeat[] = [];

  add(at: Place, sentence: string): void {
    this.problems.push({ at, sentence });
  }

  /** @param sentence for the case that few things stand twice. */
  addRepeat(what: Repeat['what'], at: Place, before: Place, sentence: string): void {
    this.repeats.push({ what, at, before, sentence });
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
    const problems = [...this.problems, ...folded(this.repeats)];
    if (problems.length > 0) throw new LoadRefused(problems);
  }
}

/** One sentence with a count, where one file repeats much of another. */
function folded(repeats: readonly Repeat[]): Problem[] {
  const groups = new Map<string, Repeat[]>();
  for (const repeat of repeats) {
    const pair = JSON.stringify([repeat.what, repeat.at.file, repeat.before.file]);
    groups.set(pair, [...(groups.get(pair) ?? []), repeat]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group as [Repeat];
    if (group.length <= TOLD_ONE_BY_ONE) return group;
    const where = first.at.file === first.before.file ? 'in the same file' : `in ${first.before.file}`;
    const sentence = `${group.length} ${first.what} stand already ${where}, the first at ${whereIs(first.before)}; keep each once.`;
    return [{ at: first.at, sentence }];
  });
}
