// A world of invented records of every noun, at random levels and in random teams, and the short filter that says who may see
// which of them. The filter knows nothing of SQL: it is what the rights of the database are measured by.
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { nouns } from '../../src/model.js';
import { snake, type Field, type Noun } from '../../src/records/noun.js';
import { readValue, type Vocabulary } from '../../src/records/read-value.js';
import type { Chance } from './random.js';

export interface Row {
  noun: string;
  id: string;
  /** By column. */
  values: Record<string, unknown>;
  /** As written; what it depends on may make it higher. */
  level: number;
  team: number;
  /** What it cannot be without. */
  parents: string[];
}

/** In an order in which everything pointed at comes first. */
const ORDER = [
  'places', 'organizations', 'persons', 'person_names', 'relations', 'sources', 'source_interests', 'cases', 'legal_cases', 'charges',
  'events', 'event_participants', 'detentions', 'refugee_statuses', 'status_documents', 'status_decisions', 'refugee_figures',
  'trade_measures', 'trade_goods', 'trade_observations', 'identifiers', 'event_links', 'case_members', 'claims',
]; // prettier-ignore

const HOW_MANY: Record<string, number> = {
  persons: 30,
  person_names: 60,
  sources: 25,
  events: 40,
  event_participants: 60,
  claims: 160,
};

/** Columns besides the owner through which a record is about another one; whoever may not see that may not see this. */
const ABOUT: Record<string, string[]> = {
  event_participants: ['person_id', 'organization_id'],
  event_links: ['from_id', 'to_id'],
  charges: ['person_id'],
  relations: ['other_person_id', 'organization_id'],
  case_members: ['record_id'],
  claims: ['source_id'],
  source_interests: ['party_id'],
};

export interface Viewer {
  level: number;
  teams: readonly number[];
}

/**
 * The rule, in short. A row is as high as what it is about, and of the team of what it is about, where that is above level 1;
 * seen is what is at or below the viewer's level and, above level 1, in one of the viewer's teams or in nobody's.
 */
export function visibleTo(world: readonly Row[], { level, teams }: Viewer): Row[] {
  const guarded = new Map<string, { level: number; team: number }>();
  return world.filter((row) => {
    const above = row.parents.map((parent) => guarded.get(parent)!);
    const own = {
      level: Math.max(row.level, ...above.map((parent) => parent.level)),
      team: above.find((parent) => parent.level >= 2 && parent.team !== 0)?.team ?? row.team,
    };
    guarded.set(row.id, own);
    return own.level <= level && (own.level <= 1 || own.team === 0 || teams.includes(own.team));
  });
}

/** What points at a record that is not there points at nothing. */
export function withoutDangling(rows: readonly Row[]): Row[] {
  const there = new Set(rows.map(({ id }) => id));
  const isId = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f-]{36}$/.test(value);
  return rows.map((row) => ({
    ...row,
    values: Object.fromEntries(
      Object.entries(row.values).map(([column, value]) => [
        column,
        column.endsWith('_id') && isId(value) && !there.has(value) ? null : value,
      ]),
    ),
  }));
}

const WORDS = [
  'Aray',
  'Bota',
  'Dana',
  'Erlan',
  'Gulnar',
  'Kairat',
  'Madina',
  'Nurlan',
  'Saule',
  'Temir',
  'Ulan',
  'Zarina',
];
const POINTS = [
  '2019',
  '2020-03',
  '2020-03-05',
  '2021?',
  '2021-06~',
  '[2021-01-10..2021-02-20]',
  '2022-10-14',
  '2023-01',
  '202X',
];
const COUNTRIES = ['KZ', 'CN', 'TR', 'UZ'];

/**
 * Writes a random world as the superuser and gives what the database accepted; what breaks a rule is left out.
 * @param teams ids of teams.
 */
export async function writeRandomWorld(
  client: pg.Client,
  random: Chance,
  { vocabulary, teams }: { vocabulary: Vocabulary; teams: readonly number[] },
): Promise<Row[]> {
  const world: Row[] = [];
  const byNoun = new Map<string, Row[]>();
  for (const table of ORDER) {
    const noun = Object.values<Noun>(nouns).find((one) => one.table === table)!;
    for (let n = 0; n < (HOW_MANY[table] ?? 20); n++) {
      const row = table === 'claims' ? randomClaim() : randomRow(noun);
      if (!row || !(await accepted(client, row))) continue;
      world.push(row);
      byNoun.set(table, [...(byNoun.get(table) ?? []), row]);
    }
  }
  return world;

  function base(noun: Noun, values: Record<string, unknown>, parents: unknown[]): Row {
    // Most of the world is plain, so that what is hidden has something to hide among.
    const level = random.pick([0, 0, 1, 1, 2, 2, 3]);
    const team = random.odds(0.4) ? 0 : random.pick(teams);
    const ids = parents.filter((parent): parent is string => typeof parent === 'string');
    return { noun: noun.table, id: randomUUID(), values, level, team, parents: [...new Set(ids)] };
  }

  function randomRow(noun: Noun): Row {
    const values: Record<string, unknown> = {};
    for (const [property, field] of Object.entries(noun.fields)) {
      if (field.derived || (!field.required && random.odds(0.4))) continue;
      Object.assign(values, columnsOf(property, field));
    }
    const about = [...(noun.owner ? [snake(noun.owner)] : []), ...(ABOUT[noun.table] ?? [])];
    return base(
      noun,
      values,
      about.map((column) => values[column]),
    );
  }

  function columnsOf(property: string, field: Field): Record<string, unknown> {
    const column = snake(property);
    const given = valueFor(field);
    if (given === null) return {};
    if (field.shape === 'ref') return { [column]: given };
    const { value, bounds } = readValue(field, given as string | string[], vocabulary);
    return bounds
      ? { [column]: value, [`${column}_earliest`]: bounds.earliest, [`${column}_latest`]: bounds.latest }
      : { [column]: value };
  }

  function valueFor(field: Field): string | string[] | null {
    switch (field.shape) {
      case 'word':
        return random.pick(vocabulary.get(field.of!)!);
      case 'edtf':
        return random.pick(POINTS);
      case 'end':
        return random.odds(0.2) ? '..' : random.pick(POINTS);
      case 'country':
        return random.pick(COUNTRIES);
      case 'duration':
        return random.pick(['P1Y', 'P6M', 'P10D']);
      case 'integer':
        return String(1 + random.below(2030));
      case 'bigint':
      case 'decimal':
        return String(1 + random.below(500));
      case 'list':
        return [random.pick(COUNTRIES)];
      case 'text':
        return `${random.pick(WORDS)} ${random.pick(WORDS)}`;
      case 'ref': {
        const known = field.of === 'records' ? world : (byNoun.get(field.of!) ?? []);
        return known.length === 0 ? null : random.pick(known).id;
      }
      case 'day':
      case 'flag':
      case 'ids':
      case 'instant':
      case 'json':
        return null;
    }
  }

  function randomClaim(): Row | undefined {
    const about = random.pick(
      world.filter(({ noun }) => !['sources', 'cases', 'case_members', 'claims'].includes(noun)),
    );
    const noun = Object.values<Noun>(nouns).find((one) => one.table === about.noun)!;
    const decided = Object.entries(noun.fields).filter(([, field]) => field.claimed && field.shape !== 'ref');
    const [property, field] = decided.length === 0 || random.odds(0.3) ? [undefined, undefined] : random.pick(decided);
    const source = random.pick(byNoun.get('sources')!);
    const said = field && valueFor(field);
    const read = field && said !== null && said !== undefined ? readValue(field, said, vocabulary) : undefined;
    return base(
      nouns.claims,
      {
        record_id: about.id,
        field: read && property ? snake(property) : '',
        value: read ? JSON.stringify(read.value) : null,
        ...(read?.bounds ?? {}),
        source_id: source.id,
        stance: read ? 'ASSERTS' : random.pick(['ASSERTS', 'NEUTRAL_MENTION', 'DENIES']),
        basis: 'STATED',
        derived_from: [],
        credibility: 1 + random.below(6),
        rank: 'NORMAL',
      },
      [about.id, source.id],
    );
  }
}

async function accepted(client: pg.Client, row: Row): Promise<boolean> {
  await client.query('savepoint one');
  try {
    await insertRow(client, row);
    // As every writing does at its end; what the claims say together must not break a rule either.
    if (row.noun === 'claims') await client.query('select house.accept($1)', [row.values.record_id]);
    await client.query('set constraints all immediate');
    await client.query('release savepoint one');
    return true;
  } catch (error) {
    if (!/^(23|22|P0)/.test((error as { code?: string }).code ?? '')) throw error;
    await client.query('rollback to savepoint one');
    return false;
  }
}

async function insertRow(client: pg.Client, { noun, id, values, level, team }: Row): Promise<void> {
  const all = { id, ...values, sensitivity: level, team_id: team };
  const columns = Object.keys(all);
  await client.query(
    `insert into ${noun} (${columns.join(', ')}) overriding system value values (${columns.map((_, n) => `$${n + 1}`).join(', ')})`,
    Object.values(all),
  );
}

/** The same rows in another database, in the same order. */
export async function writeRows(client: pg.Client, rows: readonly Row[]): Promise<void> {
  for (const row of rows) await insertRow(client, row);
}

/** Lets the claims decide. */
export async function acceptAll(client: pg.Client, rows: readonly Row[]): Promise<void> {
  for (const { id, noun } of rows) if (noun !== 'claims') await client.query('select house.accept($1)', [id]);
}
