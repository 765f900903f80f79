// Datasets into a real database: what a load writes, what a second one leaves alone, and all or nothing.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { parse, stringify } from 'yaml';
import { createDataSource } from '../src/db/data-source.js';
import { loadDirectory } from '../src/exchange/load.js';
import { newReport, renderReport, totals } from '../src/exchange/report.js';
import { packageRoot } from '../src/paths.js';
import { freshDatabase, type FreshDatabase } from './support/database.js';

const BROTHERS = join(packageRoot, 'test/fixtures/load/two-brothers');
const HEADER = 'dataset: small\nsensitivity: 0\n';
const SOURCES =
  'sources:\n  - { key: N1, kind: NEWS_ARTICLE, published: 2021-03-02 }\n  - { key: N2, kind: INTERVIEW, published: 2021-04 }\n';

let database: FreshDatabase;
let db: DataSource;
const directories: string[] = [];

beforeEach(async () => {
  database = await freshDatabase();
  db = await createDataSource({ url: database.editorUrl }).initialize();
});
afterEach(async () => {
  await db?.destroy();
  await database?.drop();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

function directory(files: Record<string, string>): string {
  const made = mkdtempSync(join(tmpdir(), 'kualik-load-'));
  directories.push(made);
  for (const [file, text] of Object.entries({ 'dataset.yaml': HEADER, ...files }))
    writeFileSync(join(made, file), text);
  return made;
}

const load = (from: string, options: { dryRun?: boolean } = {}) =>
  loadDirectory(db, from, { actor: 'tester', ...options });
const small = (text: string) => load(directory({ 'all.yaml': SOURCES + text }));
const ask = <T = Record<string, unknown>>(sql: string, values: unknown[] = []): Promise<T[]> => db.query(sql, values);
const sum = async (what: string): Promise<number> => Number((await ask<{ n: string }>(what))[0]!.n);
const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'loaded',
    (error: Error) => error.message,
  );

/** Accepted values of everything, by key, without ids and versions. */
async function accepted(): Promise<unknown> {
  const tables = ['persons', 'places', 'events', 'status_documents', 'person_names'];
  const found = tables.map((table) =>
    ask(`select i.key, to_jsonb(t) - '{id,reference,sequence,version,created_at,updated_at,person_id,parent_id}'::text[] as row
         from ${table} t join imports i on i.record_id = t.id order by 1`),
  );
  const ids = await ask<{ id: string; key: string }>(
    `select record_id as id, key from imports where key not like 'claim %'`,
  );
  return ids.reduce((text, { id, key }) => text.replaceAll(id, key), JSON.stringify(await Promise.all(found)));
}

const state = () =>
  ask(`select id, version from claims union all select id, version from events union all select id, version from persons
  union all select id, version from places union all select id, version from sources union all select id, version from status_documents order by 1`);

describe('a first load', () => {
  test('contradictory claims, the inferred set that decides, and what belongs to it', async () => {
    const report = await load(BROTHERS);
    expect(report.records).toMatchObject({
      persons: { created: 3 },
      events: { created: 3 },
      event_participants: { created: 2 },
      status_documents: { created: 2 },
    });
    const [release] = await ask(`
      select e.starts, e.starts_earliest, e.starts_latest, p.name, p.name_key, c.reference, c.basis, c.derived_from <> '{}' as derived, c.created_by
      from events e join imports i on i.record_id = e.id join places p on p.id = e.place_id
      cross join lateral house.deciding_claims(e.id, 0::smallint) d join claims c on c.id = d.claim_id
      where i.key = 'aman-release' and d.field = 'starts'`);
    expect(release).toEqual({
      starts: '[2020-05,2020-06-22]',
      starts_earliest: '2020-05-01',
      starts_latest: '2020-06-22',
      name: 'Qala',
      name_key: 'qala',
      reference: 'P2',
      basis: 'INFERRED',
      derived: true,
      created_by: 'tester',
    });
    const claims =
      await ask(`select c.value, c.stance, c.credibility, c.locator, c.bears, c.informant_id is not null as informed
      from claims c join imports i on i.record_id = c.record_id where i.key = 'bekzat-release' and c.field = 'starts' order by c.sequence`);
    expect(claims).toEqual([
      { value: '2020-05', stance: 'ASSERTS', credibility: 6, locator: '¶2', bears: true, informed: false },
      { value: '2020-06-22', stance: 'ASSERTS', credibility: 2, locator: '12:30', bears: true, informed: true },
      { value: '2020-07', stance: 'DENIES', credibility: 6, locator: null, bears: false, informed: false },
      { value: '[2020-05,2020-06-22]', stance: 'ASSERTS', credibility: 6, locator: null, bears: true, informed: false },
    ]);
  });

  test('an open end is infinite, a number stays a number, a claimed reference is an id, a plain value has no claim', async () => {
    await load(BROTHERS);
    expect(await ask(`select ends, ends_earliest, ends_latest from events where extent = 'SPAN'`)).toEqual([
      { ends: '..', ends_earliest: 'infinity', ends_latest: 'infinity' },
    ]);
    expect(
      await ask(
        `select d.dependants, d.succession, p.valid_until from status_documents d join status_documents p on p.id = d.predecessor_id`,
      ),
    ).toEqual([{ dependants: 3, succession: 'EXTENSION', valid_until: '2021-10-15' }]);
    expect(await ask(`select ethnicity from persons where ethnicity is not null`)).toHaveLength(2);
    expect(await sum(`select count(*) n from claims where field = 'ethnicity'`)).toBe(0);
    expect(await ask(`select name_key from person_names where script = 'Cyrl'`)).toEqual([
      { name_key: 'dina musakhanqyzy' },
    ]);
  });

  test('a dry run reports the same and leaves nothing', async () => {
    const dry = await load(BROTHERS, { dryRun: true });
    expect(await sum('select count(*) n from records')).toBe(0);
    expect(renderReport(dry)).toContain('dry run: nothing was written');
    expect({ ...(await load(BROTHERS)), dryRun: true }).toEqual(dry);
  });

  test('two loads at once: one waits, and then finds nothing to do', async () => {
    const both = await Promise.all([load(BROTHERS), load(BROTHERS)]);
    expect(both.map((report) => totals(report).created > 0).sort()).toEqual([false, true]);
  });

  test('a load that is given up writes nothing', async () => {
    const other = db.createQueryRunner();
    await other.startTransaction();
    await other.query('lock table imports in share row exclusive mode');
    const stop = new AbortController();
    const outcome = refusal(loadDirectory(db, BROTHERS, { actor: 'tester', signal: stop.signal }));
    setTimeout(() => stop.abort(new Error('given up')), 200);
    expect(await outcome).toBe('given up');
    await other.rollbackTransaction();
    await other.release();
    expect(await sum('select count(*) n from records')).toBe(0);
  });

  test('two thousand rows are loaded at once', async () => {
    const people = Array.from(
      { length: 500 },
      (_, n) =>
        `  - { key: p${n}, sources: [N1], sex: [{ value: MALE, from: [N1] }], names: [{ value: Nobody ${n}, kind: MAIN }] }\n`,
    );
    const report = await small(`persons:\n${people.join('')}`);
    expect(totals(report).created).toBe(2002);
  });
});

describe('order', () => {
  test('ten random orders of files and records give the same accepted values', async () => {
    await load(BROTHERS);
    const expected = await accepted();
    let seed = 7;
    const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const shuffled = <T>(items: T[]): T[] => items.map((item) => ({ item, at: random() })).sort((a, b) => a.at - b.at).map(({ item }) => item); // prettier-ignore
    const all = readdirSync(BROTHERS).filter((file) => file !== 'dataset.yaml').map((file) => parse(readFileSync(join(BROTHERS, file), 'utf8'), { schema: 'failsafe' }) as Record<string, unknown[]>); // prettier-ignore
    const records = all.flatMap((nouns) =>
      Object.entries(nouns).flatMap(([noun, list]) => list.map((record) => ({ noun, record }))),
    );
    for (let round = 0; round < 10; round++) {
      const other = await freshDatabase();
      const before = db;
      db = await createDataSource({ url: other.editorUrl }).initialize();
      try {
        const files = shuffled(records).map(({ noun, record }, n) => [
          `${n}.yaml`,
          stringify({ [noun]: [record] }, { schema: 'failsafe' }),
        ]);
        await load(
          directory({
            ...Object.fromEntries(files),
            'dataset.yaml': readFileSync(join(BROTHERS, 'dataset.yaml'), 'utf8'),
          }),
        );
        expect(await accepted()).toEqual(expected);
      } finally {
        await db.destroy();
        db = before;
        await other.drop();
      }
    }
  }, 60_000);
});

describe('a second load', () => {
  /** A copy of the fixture, with one text replaced. */
  function changed(from: string, to: string): string {
    const copy = directory({});
    cpSync(BROTHERS, copy, { recursive: true });
    const file = readdirSync(copy).find((name) => readFileSync(join(copy, name), 'utf8').includes(from))!;
    writeFileSync(join(copy, file), readFileSync(join(copy, file), 'utf8').replace(from, to));
    return copy;
  }

  test('of the same files writes nothing', async () => {
    await load(BROTHERS);
    const before = await state();
    const report = await load(BROTHERS);
    expect(totals(report)).toMatchObject({ created: 0, changed: 0 });
    expect(renderReport(report)).toContain('0 created, 0 changed.');
    expect(await state()).toEqual(before);
  });

  test('does not take back what an editor changed since', async () => {
    await load(BROTHERS);
    await ask(`update cases set title = 'Renamed by hand'`);
    await load(BROTHERS);
    expect(await ask('select title from cases')).toEqual([{ title: 'Renamed by hand' }]);
  });

  test('a changed plain field is one changed record; an absent one becomes unknown, or its default', async () => {
    await load(BROTHERS);
    const report = await load(
      changed('title: Two brothers, published: 2021-03-02, reliability: B', 'title: Brothers, published: 2021-03-02'),
    );
    expect(report.records.sources).toEqual({ created: 0, changed: 1, unchanged: 2 });
    expect(report.claims).toMatchObject({ created: 0, changed: 0 });
    expect(await ask(`select reliability, version from sources where title = 'Brothers'`)).toEqual([
      { reliability: 'F', version: 2 },
    ]);
  });

  test('claims follow the corrected day of their source, also derived ones', async () => {
    await load(BROTHERS);
    await load(changed('published: 2021-04,', 'published: 2021-06,'));
    expect(await ask(`select distinct published_latest from claims where basis = 'INFERRED'`)).toEqual([
      { published_latest: '2021-06-30' },
    ]);
  });

  test('a changed judgement updates the claim', async () => {
    await load(BROTHERS);
    const report = await load(
      changed('        credibility: 2\n', '        credibility: 3\n        note: Heard by one person.\n'),
    );
    expect(report.claims).toMatchObject({ created: 0, changed: 2, replaced: 0 });
    expect(await ask(`select version from claims where credibility = 3 and note is not null`)).toEqual([
      { version: 2 },
      { version: 2 },
    ]);
  });

  test('a changed saying withdraws the old claim and all that was derived from it, and back again', async () => {
    await load(BROTHERS);
    const other = changed('value: 2020-05\n', 'value: 2020-04\n');
    const report = await load(other);
    expect(report.claims).toMatchObject({ created: 4, replaced: 4, changed: 0 });
    expect(report.kept).toEqual([]);
    const claims = `select c.value, c.rank, c.bears from claims c join imports i on i.record_id = c.record_id
      where i.key = 'aman-release' and c.field = 'starts' and (c.source_id is null or c.value = '"2020-04"' or c.value = '"2020-05"') order by c.sequence`;
    expect(await ask(claims)).toEqual([
      { value: '2020-05', rank: 'DEPRECATED', bears: false },
      { value: '[2020-05,2020-06-22]', rank: 'DEPRECATED', bears: false },
      { value: '2020-04', rank: 'NORMAL', bears: true },
      { value: '[2020-05,2020-06-22]', rank: 'PREFERRED', bears: true },
    ]);
    expect(totals(await load(other))).toMatchObject({ created: 0, changed: 0 });
    expect((await load(BROTHERS)).claims).toMatchObject({ created: 0, changed: 4, replaced: 0 });
    expect((await ask<{ rank: string }>(claims)).map(({ rank }) => rank).slice(0, 2)).toEqual(['NORMAL', 'PREFERRED']);
  });

  test('what is gone from the files is kept and named', async () => {
    await load(BROTHERS);
    const before = await state();
    const report = await load(changed(`    ends: [{ value: .., from: [N2] }]\n`, ''));
    expect(report).toMatchObject({ kept: [], keptClaims: ['picket.ends@N2'] });
    expect(renderReport(report)).toContain('  1 claim no longer in the files; kept: picket.ends@N2\n');

    const without = changed(`    identifiers: [{ scheme: example, value: 'D-7' }]\n`, '');
    expect((await load(without)).kept).toEqual(['dina/identifiers/example (identifiers)']);
    expect(await state()).toEqual(before);
    expect(renderReport(await load(without))).toContain('no longer in the files; kept');
  });

  test('however many claims are gone from the files, one line of the report counts them', () => {
    const report = newReport('small', false);
    report.keptClaims.push('a.born@N1', 'a.born@N1', 'b.born@N1', 'c.born@N1', 'd.born@N1');
    const lines = renderReport(report).split('\n');
    expect(lines.filter((line) => line.includes('kept'))).toEqual([
      '  5 claims no longer in the files; kept: a.born@N1, b.born@N1, c.born@N1 and others',
    ]);
  });

  test('a withdrawn claim leaves the field unknown, and the name its key', async () => {
    const claim = (rank: string) =>
      small(`organizations:\n  - { key: o, kind: NGO, name: [{ value: Ұйым, ${rank} from: [N1] }] }\n`);
    await claim('');
    expect(await ask('select name, name_key from organizations')).toEqual([{ name: 'Ұйым', name_key: 'uyym' }]);
    await claim('rank: DEPRECATED, because: Misread., ');
    expect(await ask('select name, name_key from organizations')).toEqual([{ name: null, name_key: null }]);
  });

  test('a record that is raised to a level takes its claims along, and comes down with them', async () => {
    const level = (n: number) =>
      small(`persons:\n  - { key: a, sensitivity: ${n}, sex: [{ value: MALE, from: [N1] }] }\n`);
    for (const n of [0, 2, 1]) {
      await level(n);
      expect(await ask('select c.level, p.sensitivity, p.sex from claims c, persons p')).toEqual([
        { level: n, sensitivity: n, sex: 'MALE' },
      ]);
    }
  });

  test('a source that is sealed takes its values out of sight', async () => {
    const sealed = (n: number) =>
      load(
        directory({
          'all.yaml': `sources:\n  - { key: N1, kind: INTERVIEW, sensitivity: ${n} }\npersons:\n  - { key: a, sex: [{ value: MALE, from: [N1] }] }\n`,
        }),
      );
    await sealed(0);
    await sealed(3);
    expect(await ask('select p.sex, c.level from persons p, claims c')).toEqual([{ sex: null, level: 3 }]);
  });

  test('two periods that move at once are no overlap', async () => {
    const papers = (a: string[], b: string[]) =>
      small(
        `persons: [{ key: a }]\nstatus_documents:\n` +
          [a, b]
            .map(
              ([from, until], n) =>
                `  - { key: d${n}, person: a, country: KZ, kind: REFUGEE_CERTIFICATE, validFrom: [{ value: ${from}, from: [N1] }], validUntil: [{ value: ${until}, from: [N1] }] }\n`,
            )
            .join(''),
      );
    await papers(['2020-01-01', '2020-12-31'], ['2021-01-01', '2021-12-31']);
    const report = await papers(['2021-01-01', '2021-12-31'], ['2022-01-01', '2022-12-31']);
    expect(report.claims.replaced).toBe(4);
    expect(await ask('select valid_from from status_documents order by 1')).toEqual([
      { valid_from: '2021-01-01' },
      { valid_from: '2022-01-01' },
    ]);
  });

  test('a key keeps its noun', async () => {
    await small('persons: [{ key: a }]\n');
    expect(await refusal(small('cases: [{ key: a, title: A }]\n'))).toContain(
      'all.yaml:4: "a" was loaded as one of the persons',
    );
  });
});

describe('what the database refuses is told where it stands, and nothing is written', () => {
  const person = 'persons: [{ key: a }, { key: b }]\nstatus_documents:\n';
  const paper = (key: string, rest: string) =>
    `  - { key: ${key}, person: a, country: KZ, kind: REFUGEE_CERTIFICATE, ${rest} }\n`;
  const period = (from: string, until: string) =>
    `validFrom: [{ value: ${from}, from: [N1] }], validUntil: [{ value: ${until}, from: [N1] }]`;

  test.each([
    [
      'an overlap',
      paper('d1', period('2020', '2022')) +
        paper('d2', period('2020-03-01', '2022-02-01')) +
        paper('d3', period('2021-02-01', '2021-12-01')),
      /all\.yaml:8: d3: The holder already has a certificate/,
    ],
    [
      'a chain that forks',
      paper('d1', '') +
        paper('d2', 'predecessor: [{ value: d1, from: [N1] }]') +
        paper('d3', 'predecessor: [{ value: d1, from: [N1] }]'),
      /all\.yaml:8: d3: This certificate already has a successor/,
    ],
    [
      'a chain in a ring',
      paper('d1', 'predecessor: [{ value: d2, from: [N1] }]') + paper('d2', 'predecessor: [{ value: d1, from: [N1] }]'),
      /all\.yaml:7: d2: A chain of certificates cannot come back/,
    ],
    [
      'another holder',
      paper('d1', '') + `  - { key: d2, person: b, country: KZ, kind: OTHER, predecessor: d1 }\n`,
      /all\.yaml:7: d2: A certificate succeeds a certificate of the same holder/,
    ],
    [
      'plain values out of order',
      paper('d1', 'validFrom: 2021, validUntil: 2020'),
      /all\.yaml:6: d1: A certificate cannot end before it begins/,
    ],
    [
      'two rules broken by two records',
      paper('d1', 'validFrom: 2021, validUntil: 2020') + paper('d2', 'dependants: -1'),
      /d1: A certificate cannot end[^]*all\.yaml:7: d2: The number of dependants cannot be negative\.\n2 problems; nothing was loaded\./,
    ],
    ['a number too large', paper('d1', 'dependants: 40000'), /all\.yaml:6: d1: A number is too large for its field/],
  ])('%s', async (_, documents, sentence) => {
    expect(await refusal(small(person + documents))).toMatch(sentence);
    expect(await sum('select count(*) n from records')).toBe(0);
  });

  test('dates that make a supported link impossible, and a confirmed link that nobody asserts', async () => {
    const events = ['2020-01', '2021-01'].map(
      (day, n) => `  - { key: e${n}, kind: OTHER, starts: [{ value: ${day}, from: [N1] }] }\n`,
    );
    const link = 'event_links:\n  - { key: l, from: e0, to: e1, kind: RESPONSE_TO, assessment: SUPPORTED }\n';
    expect(await refusal(small(`events:\n${events.join('')}${link}`))).toMatch(
      /all\.yaml:8: l: The dates make this link impossible/,
    );
    const unasserted = link.replace('RESPONSE_TO, assessment: SUPPORTED', 'CAUSES, assessment: CONFIRMED');
    expect(await refusal(small(`events:\n${events.join('')}${unasserted}`))).toMatch(
      /all\.yaml:8: l: A link is confirmed only where a claim that counts asserts it/,
    );
    expect(await sum('select count(*) n from records')).toBe(0);
  });
});
