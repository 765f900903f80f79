// The walk-through for caseworkers, run as it stands in the guide: every question in order, over HTTP, on a database that
// holds nothing; each answer must hold what the guide shows. `<name>` in an answer is kept and given as `$name` from then on.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kind, parse } from 'graphql';
import { packageRoot } from '../src/paths.js';
import { post, serveHere, type ServedHere } from './support/writers.js';

interface Step {
  name: string;
  query: string;
  variables: string[];
  expected: unknown;
}

const BLOCKS = /```graphql\n(.*?)```\s*```json\n(.*?)```/gs;
const text = readFileSync(join(packageRoot, 'docs/guides/record-a-case.md'), 'utf8');
const steps: Step[] = [...text.matchAll(BLOCKS)].map(([, query = '', answer = '']) => {
  const definition = parse(query).definitions[0]!;
  if (definition.kind !== Kind.OPERATION_DEFINITION) throw new Error('A step is a question or a change.');
  const variables = definition.variableDefinitions?.map(({ variable }) => variable.name.value) ?? [];
  return { name: definition.name!.value, query, variables, expected: JSON.parse(answer) };
});

const kept = new Map<string, unknown>();
let served: ServedHere;
beforeAll(async () => {
  served = await serveHere('migrated');
});
afterAll(() => served?.close());

/** What the guide shows, with `<name>` replaced by what was kept under it; a new name keeps what stands at its place. */
function shown(expected: unknown, actual: unknown): unknown {
  const name = typeof expected === 'string' ? /^<(\w+)>$/.exec(expected)?.[1] : undefined;
  if (name !== undefined) {
    if (!kept.has(name)) kept.set(name, actual);
    return kept.get(name);
  }
  if (Array.isArray(expected)) return expected.map((part, n) => shown(part, (actual as unknown[] | undefined)?.[n]));
  if (expected === null || typeof expected !== 'object') return expected;
  return Object.fromEntries(
    Object.entries(expected).map(([key, part]) => [
      key,
      shown(part, (actual as Record<string, unknown> | null)?.[key]),
    ]),
  );
}

test('every question of the guide has an answer below it', () => {
  expect(steps.length).toBeGreaterThan(12);
  expect([...text.matchAll(/```graphql/g)]).toHaveLength(steps.length);
  expect(new Set(steps.map(({ name }) => name)).size).toBe(steps.length);
});

test.each(steps.map((step): [string, Step] => [step.name, step]))('%s answers as the guide says', async (_, step) => {
  const missing = step.variables.filter((name) => !kept.has(name));
  expect(missing).toEqual([]);
  const answer = await post(
    served.base,
    step.query,
    Object.fromEntries(step.variables.map((name) => [name, kept.get(name)])),
  );
  if (!('errors' in (step.expected as object))) expect(answer.errors).toEqual([]);
  expect(answer).toMatchObject(shown(step.expected, answer) as object);
  expect([...kept].filter(([, value]) => value === undefined || value === null)).toEqual([]);
});
