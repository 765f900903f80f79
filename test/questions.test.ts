// The ready-made questions of the explorer must have answers: a tab that fails is the first thing a newcomer sees.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, validate } from 'graphql';
import { limitsRule } from '../src/http/limits.js';
import { packageRoot } from '../src/paths.js';
import { house, type House } from './support/house.js';

const directory = join(packageRoot, 'web', 'explorer', 'questions');
const questions = readdirSync(directory).sort();

let founding: House;
beforeAll(async () => {
  founding = await house({ template: 'founding' });
});
afterAll(() => founding?.close());

/** Whether there is a record anywhere in an answer. */
const answers = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.length > 0
    : typeof value === 'object' && value !== null && Object.values(value).some(answers);

test.each(questions)('%s has a title, keeps to the limits and is answered', async (file) => {
  const query = readFileSync(join(directory, file), 'utf8');
  expect(query).toMatch(/^# \S.*\n/);
  expect(validate(founding.schema, parse(query), [limitsRule])).toEqual([]);
  const { data, errors } = await founding.run(query);
  expect(errors).toBeUndefined();
  expect(Object.values(data).every(answers)).toBe(true);
});
