// Days and years from and until: one pair of names in the whole graph, and a range that ends before it begins is refused.
import { getNamedType, isInputObjectType, isObjectType, type GraphQLArgument, type GraphQLInputField } from 'graphql';
import { house, type House } from './support/house.js';

let kualik: House;
beforeAll(async () => {
  kualik = await house({ load: 'graph-events' });
});
afterAll(() => kualik?.close());

const NOBODY = '00000000-0000-4000-8000-000000000000';
/** Arguments that every question of the field needs. */
const NEEDED: Record<string, string> = {
  certificateHolders: 'on: "2021-12-01"',
  statistics: 'unit: PERSON, by: [YEAR]',
  timeline: 'of: { all: true }',
  coverage: `person: "${NOBODY}"`,
  companions: `person: "${NOBODY}"`,
};

type Input = GraphQLArgument | GraphQLInputField;
const isRange = (parts: readonly Input[]): boolean =>
  ['from', 'until'].every((side) => parts.some(({ name, type }) => name === side && getNamedType(type).name !== 'ID'));

interface Place {
  field: string;
  /** The way to the range, such as `['filter', 'during']`; empty when its sides are arguments. */
  path: string[];
  isYears: boolean;
}

function ranges(): Place[] {
  const inside = (field: string, parts: readonly Input[], path: string[]): Place[] => [
    ...(isRange(parts)
      ? [{ field, path, isYears: parts.some(({ name, type }) => name === 'from' && getNamedType(type).name === 'Int') }]
      : []),
    ...parts.flatMap(({ name, type }) => {
      const named = getNamedType(type);
      return isInputObjectType(named) ? inside(field, Object.values(named.getFields()), [...path, name]) : [];
    }),
  ];
  return Object.values(kualik.schema.getQueryType()!.getFields()).flatMap(({ name, args }) => inside(name, args, []));
}

const selectionOf = (field: string): string => {
  const type = String(kualik.schema.getQueryType()!.getFields()[field]!.type);
  return /Connection!$/.test(type) ? 'nodes { __typename }' : '__typename';
};

test('every range of the graph is one of `from` and `until`', () => {
  const sides = Object.values(kualik.schema.getTypeMap())
    .flatMap((type): Input[] => {
      if (isInputObjectType(type)) return Object.values(type.getFields());
      return isObjectType(type) ? Object.values(type.getFields()).flatMap(({ args }) => args) : [];
    })
    .filter(
      ({ name, type }) => /^(to|till|since|upTo)$/.test(name) && /^(LocalDate|Int)$/.test(getNamedType(type).name),
    );
  expect(sides).toEqual([]);
});

test('every range that ends before it begins is refused with its place, and one of a single day is not', async () => {
  const all = ranges();
  expect(all.length).toBeGreaterThan(20);
  const wrong: unknown[] = [];
  for (const { field, path, isYears } of all) {
    const ask = async (from: string, until: string) => {
      const sides = isYears
        ? `from: ${from.slice(0, 4)}, until: ${until.slice(0, 4)}`
        : `from: "${from}", until: "${until}"`;
      const range = path.reduceRight((inner, name) => `${name}: { ${inner} }`, sides);
      const args = [NEEDED[field], range].filter(Boolean).join(', ');
      return (await kualik.run(`{ ${field}(${args}) { ${selectionOf(field)} } }`)).errors?.[0];
    };
    const refused = await ask('2021-01-01', '2020-01-01');
    const original = refused?.originalError as { code?: string; inputPath?: string[]; message?: string } | undefined;
    const at = JSON.stringify(original?.inputPath);
    const isPlaced = at === JSON.stringify(path) || at === JSON.stringify([...path, 'until']);
    const isTold = /^`until` \(2020.*\) lies before `from` \(2021.*\); both are inclusive/.test(
      original?.message ?? '',
    );
    const accepted = await ask('2020-01-01', '2020-01-01');
    if (original?.code !== 'BAD_USER_INPUT' || !isPlaced || !isTold || accepted)
      wrong.push({ field, path, at, message: refused?.message, accepted: accepted?.message });
  }
  expect(wrong).toEqual([]);
});
