// Records that an input names by their ids. What is absent and what is hidden are told alike.
import type { Context } from '../context.js';
import type { InputPath } from '../errors.js';
import type { Loading } from '../records/loaders.js';
import type { Problems } from '../records/problems.js';

export class References {
  private readonly wanted: { path: InputPath; noun: string; id: string }[] = [];

  /** @param noun the table, or `records` for any of them. */
  require(path: InputPath, noun: string, id: string): void {
    this.wanted.push({ path, noun, id });
  }

  /** Asks for all of them at once. */
  async check({ load }: Pick<Context, 'load'>, problems: Problems): Promise<void> {
    const { record, one } = load as Loading['load'];
    const found = await Promise.all(
      this.wanted.map(({ noun, id }) => (noun === 'records' ? record.load(id) : one[noun]!.load(id))),
    );
    this.wanted.forEach(({ path, noun }, index) => {
      if (found[index]) return;
      const what = noun === 'records' ? 'record' : `record among the ${noun.replaceAll('_', ' ')}`;
      problems.add(path, 'not_found', `No such ${what}, or you may not see it.`);
    });
  }
}
