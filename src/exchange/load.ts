// Loads a directory of files into the database: all of it is checked, then all of it is written, or nothing.
// A second load of the same files writes nothing; what is gone from the files is kept and named.
import type { DataSource } from 'typeorm';
import { holdConnection, type HeldConnection } from '../db/held-connection.js';
import { lostRace, retrying } from '../db/retry.js';
import { isRefusal, sentenceOf } from '../db/refusal.js';
import { readKnown, type Known } from '../records/known.js';
import { isKeyed, renewNameKeys } from '../records/name-keys.js';
import { rowsOf, settle, type Task } from './attempts.js';
import type { Dataset, LoadClaim } from './dataset.js';
import { NOUN_NAMES, nounOf } from './dataset-fields.js';
import { readDataset } from './dataset-check.js';
import { readImported, REPLACED, remember, type Imported, type Remembered } from './imported.js';
import { LoadRefused } from './problem.js';
import { throwIfRefused } from './refusal.js';
import { count, newReport, type LoadReport } from './report.js';
import { insertTask as insertClaim, judgeTask, withdrawTask } from './write-claims.js';
import { insertTask, updateTask, type Ids } from './write-records.js';

export interface LoadOptions {
  /** Try everything, write nothing; the report is the same. */
  dryRun?: boolean;
  /** Who is named as the author of the rows. */
  actor: string;
  /** The team of what is RESTRICTED or SEALED and has none yet; absent: it is for everybody of the level. */
  team?: number;
  /** Fires when the load is to be given up; nothing is written then. */
  signal?: AbortSignal;
}

/**
 * @param db connected as kualik_loader.
 * @throws LoadRefused with every problem as `file:line: sentence`; nothing was written then.
 */
export async function loadDirectory(
  db: DataSource,
  directory: string,
  { dryRun = false, ...options }: LoadOptions,
): Promise<LoadReport> {
  const known = await readKnown(db);
  const dataset = readDataset(directory, known);
  return retrying(4, lostRace, () => apply(db, dataset, known, { dryRun, ...options }));
}

async function apply(
  db: DataSource,
  dataset: Dataset,
  known: Known,
  { dryRun = false, actor, team, signal }: LoadOptions,
): Promise<LoadReport> {
  const connection = await holdConnection(db);
  const giveUp = (): void => connection.abort(signal?.reason);
  let ending: string | undefined = 'rollback';
  try {
    signal?.throwIfAborted();
    signal?.addEventListener('abort', giveUp, { once: true });
    await begin(connection, actor);
    const report = await new Load(connection, dataset, known, newReport(dataset.name, dryRun), team).run();
    if (!dryRun) {
      await connection.send('commit');
      ending = undefined;
    }
    return report;
  } finally {
    signal?.removeEventListener('abort', giveUp);
    await connection.release(ending);
  }
}

/**
 * One load at a time. A lock on the table and not an advisory one, whose functions hardening takes away; and before the
 * first query, so that who waited sees what the other has written.
 */
async function begin(connection: HeldConnection, actor: string): Promise<void> {
  await connection.send('begin isolation level serializable');
  await connection.send(`set local lock_timeout = '10min'`);
  await connection.send(`set local statement_timeout = '10min'`);
  await connection.send('lock table imports in share row exclusive mode');
  await connection.configure({ 'kualik.actor': actor });
}

class Load {
  private imported = new Map<string, Imported>();
  private readonly ids: Ids = new Map();
  private readonly remembered: Omit<Remembered, 'recordId'>[] = [];
  /** Ids of records that have to accept their claims. */
  private readonly touched = new Set<string>();

  constructor(
    private readonly connection: HeldConnection,
    private readonly dataset: Dataset,
    private readonly known: Known,
    private readonly report: LoadReport,
    private readonly team: number | undefined,
  ) {}

  async run(): Promise<LoadReport> {
    this.imported = await readImported(this.connection, this.dataset.name);
    for (const [key, { recordId }] of this.imported) this.ids.set(key, recordId);
    await this.writeRecords();
    await this.writeClaims();
    await this.acceptClaims();
    await this.giveTeam();
    await this.checkDeferred();
    await remember(
      this.connection,
      this.dataset.name,
      this.remembered.map((entry) => ({ ...entry, recordId: this.ids.get(entry.key)! })),
    );
    return this.report;
  }

  private async writeRecords(): Promise<void> {
    const { connection, ids } = this;
    this.refuseOtherNouns();
    const tasks: Task[] = [];
    for (const record of this.dataset.records) {
      const before = this.imported.get(record.key);
      const what = !before ? 'created' : before.digest === record.digest ? 'unchanged' : 'changed';
      count(this.report, record.noun, what);
      if (what === 'unchanged') continue;
      tasks.push(
        before ? updateTask(connection, record, ids, this.known.defaults) : insertTask(connection, record, ids),
      );
      this.remembered.push({ key: record.key, digest: record.digest });
    }
    throwIfRefused(await settle(connection, tasks), this.known.rules);
    for (const { key } of this.remembered) this.touched.add(ids.get(key)!);
  }

  private refuseOtherNouns(): void {
    const problems = this.dataset.records.flatMap(({ key, noun, at }) => {
      const before = this.imported.get(key)?.noun ?? noun;
      return before === noun
        ? []
        : [
            {
              at,
              sentence: `"${key}" was loaded as one of the ${before}; a key keeps its noun, so choose another key.`,
            },
          ];
    });
    if (problems.length > 0) throw new LoadRefused(problems);
  }

  private async writeClaims(): Promise<void> {
    const { connection, ids, report } = this;
    const db = rowsOf(connection);
    const fresh = this.dataset.claims.filter(({ key }) => !this.imported.has(key));
    const tasks = this.retireClaims(fresh);
    for (const claim of this.dataset.claims) {
      const before = this.imported.get(claim.key);
      if (before?.digest === claim.digest) {
        report.claims.unchanged++;
        continue;
      }
      report.claims[before ? 'changed' : 'created']++;
      tasks.push(before ? judgeTask(db, claim, ids) : insertClaim(db, claim, ids));
      this.remembered.push({ key: claim.key, digest: claim.digest });
      this.touched.add(ids.get(claim.record.key)!);
    }
    throwIfRefused(await settle(connection, tasks), this.known.rules);
  }

  /** Old claims that the files no longer hold: withdrawn where a new one stands in their place, else kept. */
  private retireClaims(fresh: readonly LoadClaim[]): Task[] {
    const place = (about: string | undefined, field: string | null, source: string | null | undefined): string =>
      [about, field, source ?? ''].join(' ');
    const instead = new Map<string, LoadClaim[]>();
    for (const claim of fresh) {
      const where = place(
        this.ids.get(claim.record.key),
        claim.field,
        claim.source === null ? null : this.ids.get(claim.source),
      );
      instead.set(where, [...(instead.get(where) ?? []), claim]);
    }
    const inFiles = new Set([...this.dataset.records, ...this.dataset.claims].map(({ key }) => key));
    const about = new Map([...this.imported.values()].map(({ key, recordId }) => [recordId, key]));
    const tasks: Task[] = [];
    for (const { key, recordId, digest, ...old } of this.imported.values()) {
      if (inFiles.has(key) || digest === REPLACED) continue;
      const by = old.about === null ? undefined : instead.get(place(old.about, old.field, old.sourceId))?.shift();
      if (by) {
        tasks.push(withdrawTask(rowsOf(this.connection), recordId, by, this.dataset.name));
        this.remembered.push({ key, digest: REPLACED });
        this.report.claims.replaced++;
      } else if (old.about === null) this.report.kept.push(`${key} (${old.noun.replaceAll('_', ' ')})`);
      // The claims of a record that is gone are gone with it.
      else if (inFiles.has(about.get(old.about) ?? ''))
        this.report.keptClaims.push(key.replace(/^claim /, '').replace(/ #\S*$/, ''));
    }
    return tasks;
  }

  private async acceptClaims(): Promise<void> {
    const { connection, dataset, ids, touched } = this;
    const records = dataset.records.filter(({ key }) => touched.has(ids.get(key)!));
    const tasks = records.map(({ key, at, depth }): Task => ({
      at,
      about: key,
      depth,
      isReady: () => true,
      async run() {
        await connection.rows('accept claims', 'select house.accept($1)', [ids.get(key)], '');
      },
    }));
    throwIfRefused(await settle(connection, tasks), this.known.rules);
    if (touched.size === 0) return;
    for (const noun of NOUN_NAMES.filter((name) => isKeyed(nounOf(name)))) {
      const named = dataset.records.filter((record) => record.noun === noun);
      await renewNameKeys(
        rowsOf(connection),
        nounOf(noun),
        named.map(({ key }) => ids.get(key)!),
      );
    }
  }

  /**
   * Last, since what a record is about can raise it, and has a say in its team: what has one then keeps it. Also what was
   * loaded before without a team.
   */
  private async giveTeam(): Promise<void> {
    const { connection, dataset, ids, team } = this;
    if (team === undefined) return;
    const all = [...dataset.records, ...dataset.claims];
    const rows = await connection.rows<{ id: string; noun: string }>(
      'records without a team',
      'select id, noun from records where id = any ($1) and sensitivity >= 2 and team_id = 0',
      [all.map(({ key }) => ids.get(key))],
      '',
    );
    const nouns = new Map(rows.map(({ id, noun }) => [id, noun]));
    const tasks = all
      .filter(({ key }) => nouns.has(ids.get(key)!))
      .map(({ key, at, depth }): Task => ({
        at,
        about: key,
        depth,
        isReady: () => true,
        async run() {
          const id = ids.get(key)!;
          // What is above it may have carried the team down meanwhile.
          const sql = `update ${nouns.get(id)!} set team_id = $2 where id = $1 and team_id = 0`;
          await connection.rows('give it its team', sql, [id, team], '');
        },
      }));
    throwIfRefused(await settle(connection, tasks), this.known.rules);
  }

  /** Rules that wait for the end of the transaction; they speak of links, so those that break the rule are named. */
  private async checkDeferred(): Promise<void> {
    const { connection } = this;
    try {
      await connection.send('savepoint checked');
      await connection.send('set constraints all immediate');
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await connection.send('rollback to savepoint checked');
      const sentence = sentenceOf(error, this.known.rules);
      const broken =
        error.constraint === 'confirmed_link_is_asserted'
          ? `assessment = 'CONFIRMED' and not house.link_is_asserted(id)`
          : `assessment in ('SUPPORTED', 'CONFIRMED') and house.temporal_check(from_id, to_id, kind) = 'IMPOSSIBLE'`;
      const found = await connection.rows<{ id: string }>(
        'links that break a rule',
        `select id from event_links where ${broken}`,
        [],
        '',
      );
      const breaking = new Set(found.map(({ id }) => id));
      const links = this.dataset.records.filter(({ key }) => breaking.has(this.ids.get(key)!));
      const told = links.map(({ key, at }) => ({ at, sentence: `${key}: ${sentence}` }));
      throw new LoadRefused(told.length > 0 ? told : [{ at: { file: '.', line: 0 }, sentence }]);
    }
  }
}
