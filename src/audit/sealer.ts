// Puts what was entered into a fixed order, grows the Merkle tree and signs it: every few seconds, one sealer at a time,
// never in the way of a writer. It signs only what continues the checkpoint it signed last, in the database and in the
// file beside the key. No clock is asked: the order is that of the numbers among transactions that have all ended.
import pg from 'pg';
import type { Logger } from 'pino';
import { loadSigner, readLastCheckpoint, writeLastCheckpoint } from './key-file.js';
import { MerkleTree } from './merkle.js';
import { isSigned, parseCheckpoint, signCheckpoint, type Checkpoint, type Signer } from './note.js';

const LOCK = 7_120_017;
/** Entries per checkpoint at most, which bounds the memory and the time of one step. */
const STEP = 10_000;

/** The stored history is not the one that was sealed. Nothing is signed until a person has looked. */
class SealingRefused extends Error {
  constructor(what: string) {
    super(`${what} Nothing more is sealed. Compare with a copy: "kualik audit verify"; see docs/guides/audit.md.`);
    this.name = 'SealingRefused';
  }
}

interface CheckpointRow {
  size: string;
  note: string;
}
interface LeafRow {
  position: string;
  seq: string;
  leaf: Buffer | null;
}

/** One connection, one key, and what was seen of the log so far. */
export class Sealer {
  /** As far as this process has computed the tree itself, leaf by leaf. */
  private tree = MerkleTree.empty();
  /** Every number up to here is sealed, or was taken by a transaction that came to nothing. */
  private low = '0';
  private mark: { horizon: string; number: string } | undefined;

  constructor(
    private readonly client: pg.ClientBase,
    private readonly signer: Signer,
    private readonly keyFile: string,
  ) {}

  /**
   * Seals all that is settled.
   * @returns how many entries, or undefined when another server is at it.
   * @throws SealingRefused when the database contradicts what was signed.
   */
  async run(): Promise<number | undefined> {
    const { rows } = await this.client.query('select pg_try_advisory_lock($1) as free', [LOCK]);
    if (!rows[0].free) return undefined;
    try {
      for (let sealed = 0; ;) {
        const step = await this.step();
        sealed += step;
        if (step < STEP) return sealed;
      }
    } finally {
      await this.client.query('select pg_advisory_unlock($1)', [LOCK]);
    }
  }

  private async step(): Promise<number> {
    // Before the snapshot: whoever took a number by now is below the horizon of that snapshot.
    const { rows: numbers } = await this.client.query<{ last: string }>(
      'select case when is_called then last_value else 0 end as last from audit.numbers',
    );
    await this.client.query('begin isolation level repeatable read');
    try {
      const last = await this.checked();
      const { rows: settled } = await this.client.query<{ bound: string; horizon: string }>(
        'select bound, horizon from audit.settled()',
      );
      const { bound, horizon } = settled[0]!;
      const { rows: fresh } = await this.client.query<{ seq: string; leaf: Buffer }>(
        `select e.seq, e.leaf from audit.entries e
         where e.seq > $1 and e.transaction_id < $2 and not exists (select from audit.positions p where p.seq = e.seq)
         order by e.seq limit ${STEP}`,
        [this.low, bound],
      );
      const complete = fresh.length < STEP;
      const made = fresh.length > 0 ? await this.seal(fresh, complete ? bound : (last?.settled ?? '0')) : undefined;
      await this.client.query('commit');
      // After the commit: a file that lags behind is caught up, one that is ahead would look like a rollback.
      if (made) writeLastCheckpoint(this.keyFile, made);
      if (complete) this.remember(bound, { horizon, number: numbers[0]!.last });
      return fresh.length;
    } catch (error) {
      await this.client.query('rollback').catch(() => undefined);
      this.tree = MerkleTree.empty(); // it may be ahead of what was committed
      throw error;
    }
  }

  private async seal(fresh: { seq: string; leaf: Buffer }[], settled: string): Promise<Checkpoint> {
    await this.client.query(
      `insert into audit.positions (position, seq) select $1::bigint + n - 1, seq from unnest($2::bigint[]) with ordinality as fresh (seq, n)`,
      [this.tree.size, fresh.map(({ seq }) => seq)],
    );
    for (const { leaf } of fresh) this.tree.add(leaf);
    const made = signCheckpoint(this.signer, this.tree.size, this.tree.root(), settled);
    await this.client.query('insert into audit.checkpoints (size, note) values ($1, $2)', [made.size, made.note]);
    return made;
  }

  private remember(bound: string, seen: { horizon: string; number: string }): void {
    if (this.mark && BigInt(bound) >= BigInt(this.mark.horizon)) {
      this.low = this.mark.number;
      this.mark = undefined;
    }
    this.mark ??= seen;
  }

  /** The last checkpoint of the database, once it is clear that it is ours, whole, and not older than the one we know. */
  private async checked(): Promise<Checkpoint | undefined> {
    const { rows } = await this.client.query<CheckpointRow>(
      'select size, note from audit.checkpoints order by size desc limit 2',
    );
    const [last, previous] = rows;
    const known = readLastCheckpoint(this.keyFile);
    if (known && !isSigned(known, this.signer))
      throw new SealingRefused('The checkpoint beside the audit key was signed with another key.');
    const size = Number(last?.size ?? 0);
    const sealed = Math.max(known?.size ?? 0, this.tree.size);
    if (size < sealed)
      throw new SealingRefused(
        `The database knows ${size} sealed entries, but ${sealed} were sealed: it was rolled back or cut off.`,
      );
    const checkpoint = last && parseCheckpoint(last.note);
    if (last && (!checkpoint || checkpoint.size !== size || !isSigned(checkpoint, this.signer)))
      throw new SealingRefused(`The checkpoint of ${size} entries in the database was not signed with this audit key.`);
    await this.checkTail(size, Number(previous?.size ?? 0));
    await this.catchUp(size, known);
    if (checkpoint && !checkpoint.root.equals(this.tree.root()))
      throw new SealingRefused(`The first ${size} entries are not those that were sealed.`);
    if (checkpoint && known?.size !== size) writeLastCheckpoint(this.keyFile, checkpoint);
    return checkpoint;
  }

  /** What the last checkpoint added is still there, and nothing behind it. */
  private async checkTail(size: number, before: number): Promise<void> {
    const { rows } = await this.client.query<{ kept: string }>(
      'select count(e.leaf) as kept from audit.positions p left join audit.entries e on e.seq = p.seq where p.position >= $1',
      [before],
    );
    if (Number(rows[0]!.kept) !== size - before)
      throw new SealingRefused(
        `Of the entries ${before} to ${size} of the tree ${rows[0]!.kept} are there: some were removed, or put in order by somebody else.`,
      );
  }

  /** Computes the tree up to the last checkpoint: all of it the first time, later what another server has sealed. */
  private async catchUp(size: number, known: Checkpoint | undefined): Promise<void> {
    const matches = (): boolean => known?.size !== this.tree.size || known.root.equals(this.tree.root());
    let same = matches();
    while (this.tree.size < size) {
      const { rows } = await this.client.query<LeafRow>(
        `select p.position, p.seq, e.leaf from audit.positions p left join audit.entries e on e.seq = p.seq
         where p.position >= $1 and p.position < $2 order by p.position limit ${STEP}`,
        [this.tree.size, size],
      );
      if (rows.length === 0) throw new SealingRefused(`The entry at position ${this.tree.size} is gone.`);
      for (const { position, seq, leaf } of rows) {
        if (Number(position) !== this.tree.size)
          throw new SealingRefused(`The entry at position ${this.tree.size} is gone.`);
        if (!leaf) throw new SealingRefused(`Entry ${seq} is gone.`);
        this.tree.add(leaf);
        same &&= matches();
      }
    }
    if (!same)
      throw new SealingRefused(
        `The first ${known!.size} entries are not those of the checkpoint beside the audit key.`,
      );
  }
}

export interface SealerOptions {
  /** The address of kualik_sealer. */
  url: string;
  keyFile: string;
  intervalMs?: number;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}
export interface RunningSealer {
  /** Seals what is left, if it can, and ends. */
  stop(): Promise<void>;
  /** Why nothing is sealed, for those who watch over the server; undefined while all is well. */
  fault(): string | undefined;
}

/** Seals in the background. A lost connection is made anew; a refusal is said once and tried again, in case it is healed. */
export function startSealer({ url, keyFile, intervalMs = 2000, logger }: SealerOptions): RunningSealer {
  const signer = loadSigner(keyFile, true);
  let open: { client: pg.Client; sealer: Sealer } | undefined;
  let fault: string | undefined;
  let ended = false;
  let timer: NodeJS.Timeout | undefined;

  const connect = async (): Promise<NonNullable<typeof open>> => {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: 5000,
      application_name: 'kualik sealer',
    });
    client.on('error', () => undefined); // reported by the next question
    try {
      await client.connect();
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    return { client, sealer: new Sealer(client, signer, keyFile) };
  };
  const close = async (): Promise<void> => {
    const { client } = open ?? {};
    open = undefined;
    await client?.end().catch(() => undefined);
  };
  const once = async (): Promise<void> => {
    try {
      open ??= await connect();
      await open.sealer.run();
      if (fault) logger.info({}, 'the audit is sealed again');
      fault = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (message !== fault) {
        if (error instanceof SealingRefused) logger.error({ reason: message }, 'the audit cannot be sealed');
        else logger.warn({ reason: message }, 'the audit was not sealed this time');
      }
      fault = message;
      await close();
    }
  };
  let running: Promise<void> = Promise.resolve();
  const next = (): void => {
    running = once().then(() => {
      if (!ended) timer = setTimeout(next, intervalMs).unref();
    });
  };
  next();
  return {
    fault: () => fault,
    stop: async () => {
      if (ended) return running;
      ended = true;
      clearTimeout(timer);
      running = running.then(async () => {
        if (!fault) await once();
        await close();
      });
      return running;
    },
  };
}
