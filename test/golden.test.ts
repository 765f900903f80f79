// Query, answer and SQL side by side: a changed answer or one statement too many is a visible difference.
// `UPDATE_GOLDEN=1 npm test -- test/golden` writes the files anew; read the difference before you commit it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, visit } from 'graphql';
import { foundingCaseDirectory, packageRoot } from '../src/paths.js';
import { house, type House } from './support/house.js';

const directory = join(packageRoot, 'test', 'golden');
/** The explorer's questions are golden too: what a newcomer sees first must not change unseen. */
const questions = join(packageRoot, 'web', 'explorer', 'questions');
const queries = [questions, directory].flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.graphql'))
    .map((file): [string, string] => [file.replace('.graphql', ''), join(folder, file)]),
);

let founding: House;
beforeAll(async () => {
  founding = await house({ load: foundingCaseDirectory, today: '2026-11-01', countedIds: true });
});
afterAll(() => founding?.close());

/** Levels of selection sets in a query: each may cost one statement per relation, and no more. */
function depthOf(query: string): number {
  let depth = 0;
  let deepest = 0;
  visit(parse(query), {
    SelectionSet: {
      enter: () => void (deepest = Math.max(deepest, ++depth)),
      leave: () => void depth--,
    },
  });
  return deepest;
}

/** The file holds what is given; written anew on request. */
function expectFile(file: string, content: string): void {
  const path = join(directory, file);
  if (process.env.UPDATE_GOLDEN === '1' || !existsSync(path)) {
    if (process.env.CI) throw new Error(`${file} is missing; run UPDATE_GOLDEN=1 npm test -- test/golden`);
    writeFileSync(path, content);
  }
  expect(content).toBe(readFileSync(path, 'utf8'));
}

describe.each(queries)('%s', (name, path) => {
  const query = readFileSync(path, 'utf8');

  test('answers as written, with the statements as written', async () => {
    const { data, errors, statements } = await founding.run(query);
    expect(errors).toBeUndefined();
    expectFile(`${name}.json`, `${JSON.stringify(data, null, 2)}\n`);
    expectFile(`${name}.sql`, statements.map(({ name: purpose, text }) => `-- ${purpose}\n${text};\n`).join('\n'));
  });

  test('asks each relation at most once per level', async () => {
    const { errors, statements } = await founding.run(query);
    expect(errors).toBeUndefined();
    const times = new Map<string, number>();
    for (const { name } of statements) times.set(name, (times.get(name) ?? 0) + 1);
    const depth = depthOf(query);
    expect([...times].filter(([, count]) => count > depth)).toEqual([]);
  });
});
