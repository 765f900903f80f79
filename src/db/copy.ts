// COPY as streams, in both directions: PostgreSQL's own way to move whole tables, which the pg package speaks but does not
// offer. Nothing is kept in memory but a block at a time.
import { Readable, Writable } from 'node:stream';
import type { Socket } from 'node:net';
import type pg from 'pg';

const BLOCK = 64 * 1024;

/** What the pg package hands to a query; its types leave this out. */
interface Wire {
  stream: Socket;
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

const rowsIn = (text: string): number => Number(/^COPY (\d+)$/.exec(text)?.[1] ?? 0);

/** The bytes that `copy ... to stdout` sends. */
export class CopyOut extends Readable implements pg.Submittable {
  /** Known at the end. */
  rows = 0;
  private wire: Wire | undefined;
  private kept: Buffer[] = [];
  private size = 0;

  constructor(private readonly text: string) {
    super({ highWaterMark: 4 * BLOCK });
  }

  submit = (connection: unknown): void => {
    this.wire = connection as Wire;
    this.wire.query(this.text);
  };

  override _read(): void {
    this.wire?.stream.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.wire?.stream.resume(); // whoever uses the connection next, or ends it, must be able to read
    done(error);
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    // The parser uses its buffer again.
    this.kept.push(Buffer.from(chunk));
    this.size += chunk.length;
    if (this.size >= BLOCK && !this.flush()) this.wire!.stream.pause();
  }

  private flush(): boolean {
    const block = Buffer.concat(this.kept, this.size);
    [this.kept, this.size] = [[], 0];
    return this.destroyed || this.push(block);
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.rows = rowsIn(text);
  }

  handleReadyForQuery(): void {
    if (this.size > 0) this.flush();
    if (!this.destroyed) this.push(null);
  }

  handleError(error: Error): void {
    this.destroy(error);
  }
}

/** Takes the bytes that `copy ... from stdin` reads; finished when the server has them all. */
export class CopyIn extends Writable implements pg.Submittable {
  rows = 0;
  private wire: Wire | undefined;
  private whenBegun: (() => void) | undefined;
  private whenDone: (() => void) | undefined;
  private open = false;

  constructor(private readonly text: string) {
    super({ highWaterMark: 4 * BLOCK });
  }

  submit = (connection: unknown): void => {
    this.wire = connection as Wire;
    this.wire.query(this.text);
  };

  handleCopyInResponse(): void {
    this.open = true;
    this.whenBegun?.();
  }

  private whenOpen(work: () => void): void {
    if (this.open) work();
    else this.whenBegun = work;
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.whenOpen(() => {
      this.wire!.sendCopyFromChunk(chunk);
      if (this.wire!.stream.writableNeedDrain) this.wire!.stream.once('drain', done);
      else done();
    });
  }

  override _final(done: () => void): void {
    this.whenDone = done;
    this.whenOpen(() => this.wire!.endCopyFrom());
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.rows = rowsIn(text);
  }

  handleReadyForQuery(): void {
    this.whenDone?.();
  }

  handleError(error: Error): void {
    this.destroy(error);
  }
}
