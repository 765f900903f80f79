// Equal by proof: random questions over the whole schema, of every clearance and under several lenses, are answered by one
// statement exactly as by the resolvers, wholly or in part, or not at all. KUALIK_LONG=1 asks 500 of each viewer.
import { getOperationAST, parse } from 'graphql';
import type { Level } from '../src/accounts/viewer.js';
import { nouns } from '../src/model.js';
import { planQuestion } from '../src/planner/plan.js';
import { buildSchema } from '../src/schema.js';
import type { LocalDate } from '../src/values/local-date.js';
import { askPlanner } from './support/planner.js';
import { promise } from './support/promise.js';
import { chance } from './support/random.js';
import { randomOperation } from './support/random-operations.js';
import { openPlace, saidOf, valuesFor, type Place } from './support/random-place.js';
import type { Row } from './support/random-world.js';

const QUESTIONS = process.env.KUALIK_LONG === '1' ? 500 : 50;
const SEED = Number(process.env.KUALIK_SEED ?? 20261122);
const schema = buildSchema();

let place: Place;
let world: Row[];
const reads: string[][] = [];

beforeAll(async () => {
  place = await openPlace(['almaty', 'bern'], {
    onRead: ({ details }) => Promise.resolve(void reads.push(details.ids as string[])),
  });
  world = await place.fill(chance(SEED));
}, 120_000);
afterAll(() => place?.close());

const VIEWERS: [Level, string[]][] = [
  [0, []],
  [1, []],
  [2, ['almaty']],
  [3, ['almaty', 'bern']],
];

test.each(VIEWERS)(
  'level %i, teams %j: one statement answers what the resolvers answer',
  async (level, teams) => {
    const viewer = await place.viewer(level, teams);
    const random = chance(SEED + level);
    const values = valuesFor(world);
    let [planned, mixed] = [0, 0];
    for (let n = 0; n < QUESTIONS; n++) {
      // Every third asks for several fields of the root, so that statement and resolvers answer together.
      const options =
        n % 3 === 0
          ? { without: NEVER, unselected: new Set<string>(), pairs: 1 }
          : { without: NOT_PLANNED, unselected: LEFT_OUT, pairs: 0.2 };
      const query = randomOperation(schema, random, { values, depth: 4, ...options });
      reads.length = 0;
      const one = await askPlanner(schema, query, {}, () => place.open(viewer));
      if (!one) continue;
      planned++;
      if (isMixed(query)) mixed++;
      const shown = reads.flat();
      reads.length = 0;
      const other = await place.ask(schema, viewer, query);
      expect({ query, data: one.data, errors: inOrder(saidOf(one.errors)) }).toEqual({
        query,
        data: other.data,
        errors: inOrder(other.errors),
      });
      expect(Object.keys((one.data as object | null) ?? {})).toEqual(Object.keys((other.data as object | null) ?? {}));
      // What is shown of level 2 and 3 is entered in the audit whichever way it was read.
      expect(reads.flat()).toEqual(expect.arrayContaining(shown));
    }
    promise(
      3,
      `level ${level}: ${planned} of ${QUESTIONS} random questions had a plan, ${mixed} in part, no difference`,
    );
    expect(planned).toBeGreaterThan(QUESTIONS / 3);
    expect(mixed).toBeGreaterThan(0);
  },
  process.env.KUALIK_LONG === '1' ? 1_200_000 : 180_000,
);

/** Resolvers fail in the order in which their statements come back. */
const inOrder = (errors: readonly object[]): string[] => errors.map((error) => JSON.stringify(error)).sort();

function isMixed(query: string): boolean {
  const document = parse(query);
  const question = { schema, document, operation: getOperationAST(document)!, variables: {} };
  const rest = planQuestion(question, {
    nouns,
    today: '2022-06-01' as LocalDate,
    cursorKey: () => Buffer.alloc(32, 7),
    look: () => undefined,
    keepsShown: false,
  })?.rest;
  return rest !== undefined;
}

/** Their answers depend on the moment. */
const NEVER = new Set(['viewer', 'changes', 'history']);

/** Fields of the root that have no plan; a question with one of them alone would ask nothing here. */
const NOT_PLANNED = new Set(
  Object.values(schema.getQueryType()!.getFields())
    .filter(({ extensions }) => !extensions.plan)
    .map(({ name }) => name),
);

/** Most fields without plan are left out, so that most questions have one; some stay, to see that they are left alone. */
const LEFT_OUT = new Set(
  Object.values(schema.getTypeMap()).flatMap((type) =>
    'getFields' in type && !type.name.startsWith('__')
      ? Object.values(type.getFields())
          .filter(({ extensions }) => extensions.resolved && !extensions.plan)
          .map(({ name }) => `${type.name}.${name}`)
          .filter((_, i) => i % 7 !== 6)
      : [],
  ),
);
