// Random worlds through random lenses: what the graph answers is what a naive model without SQL says. A case is one world
// seen through one lens, all its records at once.
import fc from 'fast-check';
import pg from 'pg';
import { parsePoint } from '../src/values/edtf.js';
import { addDays, type LocalDate } from '../src/values/local-date.js';
import { house, type House } from './support/house.js';
import {
  look,
  type Change,
  type ClaimFact,
  type RecordFact,
  type Seen,
  type SourceFact,
  type Span,
  type World,
} from './support/naive-lens.js';

const WORLDS = 40;
const LENSES = 50;
const STEPS = 3;

let graph: House;
let editor: pg.Client;
beforeAll(async () => {
  graph = await house({ everything: true });
  editor = new pg.Client({ connectionString: graph.database.editorUrl });
  await editor.connect();
});
afterAll(async () => {
  await editor?.end();
  await graph?.close();
});

// Values that a claim may give to each field, and how the graph shows them. `ref` is the place of a record in the world.
type Kind = 'plain' | 'date' | 'end' | { ref: string };
const TEXTS = ['one', 'two "quoted" \\ words', 'три', '[1, 2]', 'null'];
const DATES = ['2019', '2019-05', '2019-05-12', '[2019-03,2019-07]', '[..2019-04-01]', '[2019-04-01..]'];
const FIELDS: Record<string, Record<string, { kind: Kind; values?: unknown[] }>> = {
  places: { name: { kind: 'plain', values: TEXTS } },
  organizations: { name: { kind: 'plain', values: TEXTS }, place_id: { kind: { ref: 'places' } } },
  persons: {
    ethnicity: { kind: 'plain', values: TEXTS },
    nationalities: { kind: 'plain', values: [['KZ'], ['CN', 'KZ'], ['KZ', 'CN'], []] },
    born: { kind: 'date', values: DATES },
    residence_id: { kind: { ref: 'places' } },
  },
  events: {
    title: { kind: 'plain', values: TEXTS },
    starts: { kind: 'date', values: DATES.slice(0, 5) },
    ends: { kind: 'end', values: ['..', '2021', '2021-06', '[2021-01..]'] },
    place_id: { kind: { ref: 'places' } },
    description: { kind: 'plain', values: TEXTS },
  },
  status_documents: {
    dependants: { kind: 'plain', values: [0, 1, 2, 12] },
    issued: { kind: 'date', values: DATES },
    issuer_id: { kind: { ref: 'organizations' } },
  },
  event_participants: { starts: { kind: 'date', values: DATES } },
};
const SHOWN = `
  ... on Place { name claims { id } }
  ... on Organization { name place { id } claims { id } }
  ... on Person { ethnicity nationalities born { ...Date } residence { id } claims { id } }
  ... on Event { title starts { ...Date } ends { ...Date } place { id } description claims { id } }
  ... on StatusDocument { dependants issued { ...Date } issuer { id } person { id } claims { id } }
  ... on EventParticipant { starts { ...Date } event { id } person { id } claims { id } }`;
const QUERY = `query ($ids: [ID!]!, $asOf: AsOf) { nodes(ids: $ids, asOf: $asOf) { __typename id ${SHOWN} } }
  fragment Date on UncertainDate { edtf earliest latest isOpen }`;

// ---- Worlds: shapes are drawn, then made whole, so that every reduction of a world is a world.
const any = fc.nat({ max: 999 });
const level = fc.constantFrom(1, 1, 1, 1, 0, 2, 3);
const span = fc
  .tuple(fc.integer({ min: 0, max: 9 }), fc.nat({ max: 4 }))
  .map(([earliest, more]): Span => ({ earliest, latest: earliest + more }));
const undated: Span = { earliest: -Infinity, latest: Infinity };
const publication = fc.oneof({ weight: 6, arbitrary: span }, { weight: 1, arbitrary: fc.constant(undated) });
const step = fc.nat({ max: STEPS - 1 });
const rank = fc.constantFrom('NORMAL', 'NORMAL', 'NORMAL', 'PREFERRED', 'DEPRECATED') as fc.Arbitrary<
  ClaimFact['rank']
>;

const shape = fc.record({
  sources: fc.array(fc.tuple(publication, fc.constantFrom(1, 1, 1, 1, 1, 0, 2)), { minLength: 2, maxLength: 6 }),
  levels: fc.array(level, { minLength: 8, maxLength: 8 }),
  documents: fc.array(fc.tuple(any, level), { maxLength: 3 }),
  participants: fc.array(fc.tuple(any, any, level, step), { maxLength: 3 }),
  claims: fc.array(
    fc.record({
      record: any,
      field: any,
      value: any,
      source: any,
      bases: fc.oneof(
        { weight: 3, arbitrary: fc.constant<number[]>([]) },
        { weight: 1, arbitrary: fc.array(any, { minLength: 1, maxLength: 3 }) },
      ),
      stance: fc.constantFrom(
        'ASSERTS',
        'ASSERTS',
        'ASSERTS',
        'REPORTS_ALLEGATION',
        'DENIES',
        'OFFICIAL_DENIAL',
        'NEUTRAL_MENTION',
      ),
      basis: fc.constantFrom('STATED', 'STATED', 'COMPUTED', 'INFERRED'),
      rank,
      credibility: fc.integer({ min: 1, max: 6 }),
      level: fc.constantFrom(1, 1, 1, 1, 1, 0, 2, 3),
      published: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: publication }),
      step,
    }),
    { minLength: 1, maxLength: 50, size: 'max' },
  ),
  changes: fc.array(fc.tuple(step, any, fc.oneof(rank, publication)), { maxLength: 8, size: 'max' }),
});
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

function worldOf({ sources, levels, documents, participants, claims, changes }: Shape): World {
  const record = (noun: string, level: number, step = 0, parents: number[] = []): RecordFact => ({
    noun,
    level,
    step,
    parents,
  });
  const nouns = ['places', 'places', 'organizations', 'persons', 'persons', 'persons', 'events', 'events'];
  const records = nouns.map((noun, i) => record(noun, levels[i]!));
  // Nothing is less restricted than what it cannot be without (migrations/repeatable/65-rights.sql).
  const below = (noun: string, level: number, step: number, parents: number[]): void => {
    const least = parents.map((parent) => records[parent]!.level);
    records.push(record(noun, Math.max(level, ...least), step, parents));
  };
  for (const [person, level] of documents) below('status_documents', level, 0, [3 + (person % 3)]);
  for (const [event, person, level, step] of participants)
    below('event_participants', level, step, [6 + (event % 2), 3 + (person % 3)]);
  const placed = claims
    .map((claim) => ({ ...claim, record: claim.record % records.length }))
    .map((claim) => ({ ...claim, step: Math.max(claim.step, records[claim.record]!.step) }))
    .sort((a, b) => a.step - b.step);
  return {
    sources: sources.map(([published, level]): SourceFact => ({ ...published, level })),
    records,
    claims: placed.map((claim, i): ClaimFact => {
      const bases = i === 0 ? [] : [...new Set(claim.bases.map((base) => base % i))];
      const derived = bases.length > 0;
      const { noun } = records[claim.record]!;
      const names = ['', '', ...Object.keys(FIELDS[noun]!)];
      const field = names[claim.field % names.length]!;
      return {
        ...claim,
        level: Math.max(claim.level, records[claim.record]!.level),
        field,
        value: valueOf(noun, field, claim.value, records),
        source: derived ? null : claim.source % sources.length,
        bases,
        basis: (derived && claim.basis === 'STATED' ? 'INFERRED' : claim.basis) as ClaimFact['basis'],
        stance: claim.stance as ClaimFact['stance'],
        published: derived ? null : claim.published,
      };
    }),
    changes: changes
      .map(([step, which, to]): Change => {
        if (typeof to !== 'string') return { step, source: which % sources.length, published: to };
        const claim = which % placed.length;
        return { step: Math.max(step, placed[claim]!.step), claim, rank: to };
      })
      .sort((a, b) => a.step - b.step),
  };
}

function valueOf(noun: string, field: string, choice: number, records: RecordFact[]): unknown {
  if (field === '') return null;
  const { kind, values } = FIELDS[noun]![field]!;
  if (values) return values[choice % values.length];
  const { ref } = kind as { ref: string };
  const targets = records.flatMap((record, i) => (record.noun === ref ? [i] : []));
  return targets[choice % targets.length];
}

const lens: fc.Arbitrary<Seen> = fc
  .record({
    P: fc.option(fc.integer({ min: -1, max: 14 }), { nil: undefined, freq: 2 }),
    possible: fc.boolean(),
    S: fc.option(fc.uniqueArray(fc.nat({ max: 5 }), { minLength: 1, maxLength: 4 }), { nil: undefined, freq: 2 }),
    R: fc.option(step, { nil: undefined, freq: 2 }),
  })
  .map(({ P, possible, S, R }) => ({
    ...(P === undefined ? {} : { P, ...(possible ? { possible } : {}) }),
    ...(S ? { S } : {}),
    ...(R === undefined ? {} : { R }),
  }));

// ---- Into the database, as an editor would write it: one transaction per step.
interface Written {
  sources: string[];
  records: string[];
  claims: string[];
  /** When each step had been recorded. */
  instants: string[];
}
const day = (n: number): string =>
  n === Infinity ? 'infinity' : n === -Infinity ? '-infinity' : addDays('2020-01-01' as LocalDate, n);
/** Text and bounds; an undated source has none. */
const dated = ({ earliest, latest }: Span): (string | null)[] =>
  Number.isFinite(earliest) ? [`[${day(earliest)}..${day(latest)}]`, day(earliest), day(latest)] : [null, null, null];

async function insert(table: string, row: Record<string, unknown>): Promise<string> {
  const columns = Object.keys(row);
  const { rows } = await editor.query<{ id: string }>(
    `insert into ${table} (${columns.join(', ')}) values (${columns.map((_, i) => `$${i + 1}`).join(', ')}) returning id`,
    Object.values(row),
  );
  return rows[0]!.id;
}

const publishedRow = (published: Span | null): Record<string, unknown> => {
  if (published === null) return {};
  // A claim's own day is never unknown; one without bounds is written as such.
  const [earliest, latest] = [day(published.earliest), day(published.latest)];
  return { published: `[${earliest}..${latest}]`, published_earliest: earliest, published_latest: latest };
};

async function write(world: World): Promise<Written> {
  await editor.query('rollback'); // of a world that could not be written
  const written: Written = { sources: [], records: [], claims: [], instants: [] };
  const { sources, records, claims } = written;
  const rowOf = ({ noun, level, parents }: RecordFact): Record<string, unknown> => {
    const [first, second] = parents.map((parent) => records[parent]);
    const columns: Record<string, Record<string, unknown>> = {
      places: { kind: 'LOCALITY' },
      organizations: { kind: 'OTHER' },
      persons: {},
      events: { kind: 'OTHER', extent: 'SPAN' },
      status_documents: { person_id: first, country: 'KZ', kind: 'OTHER' },
      event_participants: { event_id: first, person_id: second, role: 'SUBJECT' },
    };
    return { ...columns[noun], sensitivity: level };
  };
  for (let now = 0; now < STEPS; now += 1) {
    await editor.query('begin');
    if (now === 0)
      for (const source of world.sources) {
        const [published, earliest, latest] = dated(source);
        const row = {
          kind: 'NEWS_ARTICLE',
          published,
          published_earliest: earliest,
          published_latest: latest,
          sensitivity: source.level,
        };
        sources.push(await insert('sources', row));
      }
    for (const [i, record] of world.records.entries())
      if (record.step === now) records[i] = await insert(record.noun, rowOf(record));
    const touched = new Set<number>();
    for (const [i, claim] of world.claims.entries())
      if (claim.step === now) {
        claims[i] = await insert('claims', claimRow(claim, world, written));
        touched.add(claim.record);
      }
    for (const change of world.changes)
      if (change.step === now) {
        if ('claim' in change) {
          await editor.query(`update claims set rank = $2, rank_reason = 'So we think.' where id = $1`, [
            claims[change.claim],
            change.rank,
          ]);
          touched.add(world.claims[change.claim]!.record);
        } else
          await editor.query(
            `update sources set published = $2, published_earliest = $3, published_latest = $4 where id = $1`,
            [sources[change.source], ...dated(change.published)],
          );
      }
    for (const record of touched) await editor.query('select house.accept($1)', [records[record]]);
    await editor.query('commit');
    const { rows } = await editor.query<{ at: string }>(
      `select to_char(clock_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`,
    );
    written.instants.push(rows[0]!.at);
  }
  return written;
}

function claimRow(claim: ClaimFact, world: World, { sources, records, claims }: Written): Record<string, unknown> {
  const { noun } = world.records[claim.record]!;
  const kind = claim.field === '' ? 'plain' : FIELDS[noun]![claim.field]!.kind;
  const value = typeof kind === 'object' ? records[claim.value as number] : claim.value;
  const bounds =
    kind === 'plain' || typeof kind === 'object'
      ? {}
      : claim.value === '..'
        ? { earliest: 'infinity', latest: 'infinity' }
        : (({ earliest, latest }) => ({ earliest, latest }))(parsePoint(claim.value as string));
  return {
    record_id: records[claim.record],
    field: claim.field,
    value: value === null ? null : JSON.stringify(value),
    ...bounds,
    source_id: claim.source === null ? null : sources[claim.source],
    derived_from: claim.bases.map((base) => claims[base]),
    stance: claim.stance,
    basis: claim.basis,
    rank: claim.rank,
    rank_reason: 'So we think.',
    credibility: claim.credibility,
    sensitivity: claim.level,
    ...publishedRow(claim.published),
  };
}

// ---- What the graph should say.
const camel = (column: string): string =>
  column.replace(/_id$/, '').replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
const known = (bound: string): string | null => (/infinity/.test(bound) ? null : bound);

function expectedOf(world: World, seen: Seen, { records, claims }: Written): (Record<string, unknown> | null)[] {
  const shown = look(world, seen);
  const ref = (record: number): { id: string } | null => (shown.has(record) ? { id: records[record]! } : null);
  return world.records.map(({ noun, parents }, i) => {
    const found = shown.get(i);
    if (!found) return null;
    const fields = Object.entries(FIELDS[noun]!).map(([column, { kind }]): [string, unknown] => {
      const claim = found.deciding.get(column);
      const value = claim === undefined ? null : world.claims[claim]!.value;
      if (value === null || kind === 'plain') return [camel(column), value];
      if (typeof kind === 'object') return [camel(column), ref(value as number)];
      if (value === '..') return [camel(column), { edtf: null, earliest: null, latest: null, isOpen: true }];
      const { earliest, latest } = parsePoint(value as string);
      return [camel(column), { edtf: value, earliest: known(earliest), latest: known(latest), isOpen: false }];
    });
    const owners: Record<string, Record<string, unknown>> = {
      status_documents: { person: ref(parents[0]!) },
      event_participants: { event: ref(parents[0]!), person: ref(parents[1]!) },
    };
    return {
      ...Object.fromEntries(fields),
      ...owners[noun],
      claims: found.claims.map((claim) => claims[claim]).sort(),
    };
  });
}

async function seenBy(
  seen: Seen,
  { sources, records, instants }: Written,
): Promise<(Record<string, unknown> | null)[]> {
  const asOf = {
    ...(seen.P === undefined ? {} : { publishedBy: day(seen.P), certainty: seen.possible ? 'POSSIBLE' : 'CERTAIN' }),
    ...(seen.S ? { accordingTo: seen.S.map((source) => sources[source % sources.length]) } : {}),
    ...(seen.R === undefined ? {} : { recordedBy: instants[seen.R] }),
  };
  const ids = records.filter(Boolean);
  const { nodes } = await graph.ask(QUERY, { ids, asOf });
  return nodes.map((node: any) => {
    if (node === null) return null;
    const { __typename: _type, id: _id, claims, ...rest } = node;
    return { ...rest, claims: claims.map((claim: any) => claim.id).sort() };
  });
}

/** The world in words, for whoever reads a failure. */
const story = ({ sources, records, claims, changes }: World): string =>
  Object.entries({ source: sources, record: records, claim: claims, change: changes })
    .flatMap(([title, facts]) => facts.map((fact, i) => `  ${title} ${i}: ${JSON.stringify(fact)}`))
    .join('\n');

const sorted = (record: object | null | undefined): string =>
  JSON.stringify(record && Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))));

/** Undefined when the graph answers as the model does, else the difference in words. */
async function difference(world: World, written: Written, seen: Seen): Promise<string | undefined> {
  const [expected, found] = [expectedOf(world, seen, written), await seenBy(seen, written)];
  const wrong = expected.findIndex((record, i) => sorted(record) !== sorted(found[i]));
  if (wrong < 0) return undefined;
  const names = new Map([
    ...written.records.map((id, i): [string, string] => [id, `record ${i}`]),
    ...written.claims.map((id, i): [string, string] => [id, `claim ${i}`]),
  ]);
  const tell = (record: object | null | undefined): string =>
    sorted(record).replace(/"([0-9a-f-]{36})"/g, (all, id: string) => names.get(id) ?? all);
  return `Through ${JSON.stringify(seen)}, record ${wrong} (${world.records[wrong]!.noun})
  should be ${tell(expected[wrong])}\n  but is    ${tell(found[wrong])}\n${story(world)}`;
}

const kindOf = (seen: Seen): string => Object.keys(seen).filter((key) => key !== 'possible').join('+') || 'none'; // prettier-ignore

test(`${WORLDS} worlds through ${LENSES} lenses each: ${WORLDS * LENSES} cases, and every one as the model says`, async () => {
  let cases = 0;
  const kinds = new Set<string>();
  // Once a lens has told a difference, smaller worlds are looked at through it alone.
  let telling: Seen | undefined;
  const lenses = fc.array(lens, { minLength: LENSES, maxLength: LENSES });
  const property = fc.asyncProperty(shape, lenses, async (drawn, asked) => {
    const world = worldOf(drawn);
    const written = await write(world);
    for (const one of telling ? [telling] : asked) {
      const seen = one.S ? { ...one, S: [...new Set(one.S.map((source) => source % world.sources.length))] } : one;
      cases += 1;
      kinds.add(kindOf(seen));
      const told = await difference(world, written, seen);
      if (told === undefined) continue;
      telling = one;
      throw new Error(told);
    }
  });
  // Reducing a failure to a small world takes long; what it has come to by then is told.
  const outcome = await fc.check(property, { numRuns: WORLDS, interruptAfterTimeLimit: 240_000 });
  if (outcome.failed)
    throw new Error(
      `${(outcome.errorInstance as Error | null)?.message}\nAfter ${outcome.numShrinks} reductions; seed ${outcome.seed}, path ${outcome.counterexamplePath}.`,
    );
  expect(cases).toBe(WORLDS * LENSES);
  // No kind of lens is left out by chance.
  expect([...kinds].sort()).toEqual(['P', 'P+R', 'P+S', 'P+S+R', 'R', 'S', 'S+R', 'none']);
}, 300_000);
