// What is no id: as a record it is none, as a condition it is refused.
import {
  getNamedType,
  isInputObjectType,
  isNonNullType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
} from 'graphql';
import { house, type House } from './support/house.js';

let kualik: House;
beforeAll(async () => {
  kualik = await house({ load: 'graph-events' });
});
afterAll(() => kualik?.close());

/** Arguments that every question of the field needs. */
const NEEDED: Record<string, string> = {
  history: 'record: "00000000-0000-4000-8000-000000000000"',
  certificateHolders: 'on: "2021-12-01"',
  statistics: 'unit: PERSON, by: [YEAR]',
  timeline: 'of: { all: true }',
};

const isId = ({ type }: GraphQLArgument | GraphQLInputField): boolean => getNamedType(type).name === 'ID';
const isListOfRecords = (field: GraphQLField<unknown, unknown>): boolean =>
  /Connection$|^Statistics$/.test(getNamedType(field.type).name);

/** Every place where an id is a condition: the field, and the way to the id, such as `['filter', 'case']`. */
function conditionsById(): { field: string; path: string[]; isList: boolean }[] {
  const fields = Object.values(kualik.schema.getQueryType()!.getFields()).filter(isListOfRecords);
  return fields.flatMap((field) =>
    field.args.flatMap((arg) => {
      const found = (path: string[], { type }: GraphQLArgument | GraphQLInputField) => ({
        field: field.name,
        path,
        isList: String(isNonNullType(type) ? type.ofType : type).startsWith('['),
      });
      if (isId(arg)) return [found([arg.name], arg)];
      const type = getNamedType(arg.type);
      // A scope names one record to read, as a field with an id does.
      if (!isInputObjectType(type) || type.isOneOf) return [];
      return Object.values(type.getFields())
        .filter(isId)
        .map((part) => found([arg.name, part.name], part));
    }),
  );
}

const argument = ([name, ...rest]: string[], value: string): string =>
  rest.length === 0 ? `${name}: ${value}` : `${name}: { ${argument(rest, value)} }`;

test('every condition by id refuses what is no id, says where it stands, and asks the database nothing', async () => {
  const places = conditionsById();
  expect(places.length).toBeGreaterThan(60);
  const wrong: unknown[] = [];
  for (const { field, path, isList } of places) {
    const value = isList ? '["abc"]' : '"abc"';
    const needed = NEEDED[field]?.startsWith(`${path[0]}:`) ? undefined : NEEDED[field];
    const args = [needed, argument(path, value)].filter(Boolean).join(', ');
    const selection = field === 'statistics' ? 'total' : 'nodes { __typename }';
    const { errors, statements } = await kualik.run(`{ ${field}(${args}) { ${selection} } }`);
    const original = errors?.[0]?.originalError as { code?: string; inputPath?: unknown; message?: string } | undefined;
    const isRefused = original?.code === 'BAD_USER_INPUT' && /^"abc" is not an id/.test(original.message ?? '');
    const isPlaced = JSON.stringify(original?.inputPath) === JSON.stringify(path);
    if (!isRefused || !isPlaced || statements.length > 0)
      wrong.push({ field, path, errors: errors?.map((error) => error.message), inputPath: original?.inputPath });
  }
  expect(wrong).toEqual([]);
});

test('every field that reads one record answers what is no id as what is not there', async () => {
  const fields = Object.values(kualik.schema.getQueryType()!.getFields()).filter(
    ({ args }) => args.some(({ name }) => name === 'id') && args.filter(({ name }) => name !== 'asOf').length === 1,
  );
  const selections = fields.map(({ name }) => `${name}(id: "abc") { __typename }`).join(' ');
  const data = await kualik.ask(`{ ${selections} }`);
  expect(data).toEqual(Object.fromEntries(fields.map(({ name }) => [name, null])));
});

test('an id in capital letters is the same id', async () => {
  const [{ id }] = (
    await kualik.ask(`{ persons(filter: { hasStatus: [REFUGEE_CONVENTION] }, first: 1) { nodes { id } } }`)
  ).persons.nodes;
  const ASK = `query ($id: ID!) {
    person(id: $id) { id }
    chain: certificateChain(person: $id) { links { document { id } } }
    coverage(person: $id) { documents { id } }
    timeline(of: { person: $id }) { nodes { id } }
    companions(person: $id) { person { id } }
    documents: statusDocuments(filter: { person: $id }) { nodes { id } } }`;
  const answer = await kualik.ask(ASK, { id });
  expect(answer.documents.nodes).not.toEqual([]);
  expect(await kualik.ask(ASK, { id: id.toUpperCase() })).toEqual(answer);
});
