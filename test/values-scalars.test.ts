// The scalars as a client meets them: through variables, through literals and in answers.
import { GraphQLError, GraphQLObjectType, GraphQLSchema, graphql, type GraphQLScalarType } from 'graphql';
import { scalars } from '../src/values/scalars.js';

// One field per scalar that gives back what the resolver received.
const echo = (type: GraphQLScalarType) => ({
  type,
  args: { value: { type } },
  resolve: (_: unknown, args: { value?: unknown }) => args.value,
});
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: Object.fromEntries(Object.entries(scalars).map(([name, type]) => [name, echo(type)])),
  }),
});
const literal = (type: string, value: string) => graphql({ schema, source: `{ value: ${type}(value: ${value}) }` });
const variable = (type: string, value: unknown) =>
  graphql({ schema, source: `query ($v: ${type}) { value: ${type}(value: $v) }`, variableValues: { v: value } });

test.each([
  ['EDTF', '2019-05~', '2019-05~'],
  ['EDTF', '[..2019]', '[..2019]'],
  ['EDTF', '2018/..', '2018/..'],
  ['EDTF', '2018/', '2018/'],
  ['LocalDate', '2024-02-29', '2024-02-29'],
  ['DateTime', '2024-03-10T09:30:00Z', '2024-03-10T09:30:00Z'],
  ['DateTime', '2024-03-10T14:30:00+05:00', '2024-03-10T09:30:00Z'],
  ['DateTime', '2024-03-10T09:30:00.123456Z', '2024-03-10T09:30:00.123456Z'],
  ['DateTime', '2024-03-10T09:30:00.500Z', '2024-03-10T09:30:00.5Z'],
  ['DateTime', '2024-01-01T00:00:00+14:00', '2023-12-31T10:00:00Z'],
  ['Duration', 'P90D', 'P90D'],
  ['Duration', 'P0Y03M', 'P3M'],
  ['Decimal', '1250.50', '1250.50'],
  ['Decimal', '-3', '-3'],
  ['Decimal', '0', '0'],
  ['Decimal', '0.1', '0.1'],
  ['Decimal', '12345678901234567890.123456789', '12345678901234567890.123456789'],
])('%s takes %s and answers %s', async (type, written, answered) => {
  const expected = { data: { value: answered } };
  expect(await literal(type, JSON.stringify(written))).toEqual(expected);
  expect(await variable(type, written)).toEqual(expected);
});

test.each([
  ['EDTF', '2019-13', /no such month/],
  ['EDTF', '2020/2019', /before it starts/],
  ['LocalDate', '2023-02-30', /no such day/],
  ['LocalDate', 'infinity', /not a date/],
  ['LocalDate', '2024', /YYYY-MM-DD/],
  ['DateTime', '2024-03-10T09:30:00', /no time zone/],
  ['DateTime', '2024-03-10', /RFC 3339/],
  ['DateTime', '2024-03-10 09:30:00Z', /RFC 3339/],
  ['DateTime', '2024-03-10t09:30:00z', /RFC 3339/],
  ['DateTime', '2024-03-10T09:30Z', /RFC 3339/],
  ['DateTime', '2024-03-10T09:30:60Z', /RFC 3339/],
  ['DateTime', '2024-03-10T25:30:00Z', /RFC 3339/],
  ['DateTime', '2024-02-30T09:30:00Z', /RFC 3339/],
  ['DateTime', '2024-03-10T09:30:00.1234567Z', /RFC 3339/],
  ['DateTime', '2024-03-10T09:30:00+25:00', /RFC 3339/],
  ['DateTime', '2024-03-10T09:30:00Z[Asia/Almaty]', /RFC 3339/],
  ['DateTime', '0000-03-10T09:30:00Z', /RFC 3339/],
  ['DateTime', '0001-01-01T00:00:00+05:00', /RFC 3339/],
  ['DateTime', '9999-12-31T23:00:00-05:00', /RFC 3339/],
  ['DateTime', '1710063000', /RFC 3339/],
  ['DateTime', 'now', /RFC 3339/],
  ['Duration', 'PT1H', /time of day/],
  ['Decimal', '1e3', /not a decimal/],
  ['Decimal', '1,5', /decimal point/],
  ['Decimal', '1 250,5', /decimal point/],
  ['Decimal', '007', /not a decimal/],
  ['Decimal', '.5', /not a decimal/],
  ['Decimal', '5.', /not a decimal/],
  ['Decimal', '+5', /not a decimal/],
  ['Decimal', '-0.0', /write 0/],
  ['Decimal', 'NaN', /not a decimal/],
  ['Decimal', '1'.repeat(41), /at most 40 digits/],
  ['Decimal', '٣', /not a decimal/],
])('%s refuses %s with a sentence and BAD_USER_INPUT', async (type, written, sentence) => {
  for (const { errors, data } of [await literal(type, JSON.stringify(written)), await variable(type, written)]) {
    expect(data).toBeUndefined();
    expect(errors).toHaveLength(1);
    expect(errors![0]!.message).toMatch(sentence);
    expect(errors![0]!.extensions.code).toBe('BAD_USER_INPUT');
    expect(errors![0]!.locations).toHaveLength(1);
  }
});

test.each(Object.keys(scalars))('%s takes text only', async (type) => {
  for (const value of [2019, 1.5, true, ['2019'], { year: 2019 }]) {
    expect((await variable(type, value)).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  }
  for (const value of ['2019', '1.5', 'true', 'ENUM', '["2019"]', '{ year: 2019 }']) {
    const { errors } = await literal(type, value);
    expect(errors![0]).toMatchObject({
      message: expect.stringMatching(/written as text in quotes/),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  }
});

test('null stays null: an unknown date is not an empty one', async () => {
  expect(await variable('EDTF', null)).toEqual({ data: { value: null } });
  expect((await variable('EDTF', '')).errors![0]!.message).toMatch(/leave the field out/);
});

test('the text Postgres prints for a moment is answered as RFC 3339', () => {
  expect(scalars.DateTime.serialize('2024-03-10 09:30:00.123456+00')).toBe('2024-03-10T09:30:00.123456Z');
  expect(scalars.DateTime.serialize('2024-03-10 15:00:00+05:30')).toBe('2024-03-10T09:30:00Z');
});

test.each(Object.entries(scalars))('%s never lets a JavaScript Date or a number out', (_, type) => {
  expect(() => type.serialize(new Date(0))).toThrow(TypeError);
  expect(() => type.serialize(5)).toThrow(TypeError);
});

test('a refusal is a GraphQLError even outside of an operation', () => {
  expect(() => scalars.LocalDate.parseValue('yesterday')).toThrow(GraphQLError);
});
