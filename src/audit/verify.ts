// Computes every leaf and every root again and says what does not hold, naming the first entry that is wrong. Pure: lines in,
// verdict out, so that it runs on a database and, years later and elsewhere, on a file.
import type { CheckpointLine, EndLine, EntryLine, HeadLine, Line } from './lines.js';
import { FORMAT } from './lines.js';
import { MerkleTree, sha256 } from './merkle.js';
import { formatVerifier, isSigned, parseCheckpoint, parseVerifier, type Checkpoint, type Verifier } from './note.js';

const FAULTS_TOLD = 100;
const LEAF = 0;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const SALT = /^[0-9a-f]{32}$/;
const HASH = /^[0-9a-f]{64}$/;

export interface Fault {
  /** The entry that is wrong; where it is gone and nothing names it, the last one before it. */
  seq: number;
  /** It is not this entry that is wrong but what stood behind it. */
  after?: true;
  what: string;
}
export interface Verdict {
  /** The first is the first bad entry in the order of sealing. */
  faults: Fault[];
  sealed: number;
  unsealed: number;
  erased: number;
  checkpoints: number;
  /** The last signed checkpoint that holds. */
  last?: Checkpoint;
  /** Whose signatures were checked, and whether the file alone vouches for the key. */
  key?: string;
  keyIsOnlyClaimed: boolean;
}
export interface Trust {
  /** From elsewhere than the log itself. */
  key?: Verifier;
  /** Checkpoints that left the house, or lie beside the key: the log must contain all of them. */
  checkpoints?: { from: string; checkpoint: Checkpoint }[];
}

/** Whether a transaction id, written as text, is smaller. */
const isBefore = (a: string, b: string): boolean => (a.length === b.length ? a < b : a.length < b.length);

let scratch = Buffer.allocUnsafe(1 << 16);
/** SHA-256 of some bytes and a text, without a copy of either. */
function hashOf(length: number, before: (scratch: Buffer) => unknown, text: string): Buffer {
  const needed = length + 3 * text.length;
  if (scratch.length < needed) scratch = Buffer.allocUnsafe(2 * needed);
  before(scratch);
  return sha256(scratch.subarray(0, length + scratch.write(text, length)));
}

const isWritten = (text: string, line: object): boolean => JSON.stringify(line) === text;
const entryFields = ({ position, seq, next, header, salt, payload, content, leaf }: EntryLine): EntryLine =>
  Array.isArray(header) ? { position, seq, next, header, salt, payload, content, leaf } : { position, seq, next };

export class AuditVerifier {
  private readonly verdict: Verdict = {
    faults: [],
    sealed: 0,
    unsealed: 0,
    erased: 0,
    checkpoints: 0,
    keyIsOnlyClaimed: false,
  };
  private readonly tree = MerkleTree.empty();
  private key: Verifier | undefined;
  private seenHead = false;
  private end: EndLine | undefined;
  /** Positions met, gone ones included. */
  private position = 0;
  /** What can no longer be computed after the first entry that is gone. */
  private rootless = false;
  private settled = '0';
  /** Where the entries after the last checkpoint begin. */
  private batch = { position: 0, seq: 0 };
  private next: number | null = null;
  private recent: [before: number, last: number] = [0, 0];
  /** The line before announced another entry: which of the two is wrong, the next root tells. */
  private misled: Fault | undefined;
  private misleader = 0;
  private unseen: { from: string; checkpoint: Checkpoint }[];
  private readonly erasedUpTo = new Map<string, { first: number; last: number }>();
  private readonly erasures = new Map<string, number>();

  constructor(private readonly trust: Trust = {}) {
    this.key = trust.key;
    this.unseen = [...(trust.checkpoints ?? [])].sort((a, b) => a.checkpoint.size - b.checkpoint.size);
    this.meetCheckpoints();
  }

  add(text: string): void {
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch {
      return this.unreadable();
    }
    // To the byte: what is read is all there is, and there is one way to write it.
    if ('seq' in line && isWritten(text, entryFields(line))) this.entry(line, text);
    else if ('checkpoint' in line && isWritten(text, { checkpoint: line.checkpoint })) this.checkpoint(line);
    else if ('end' in line && isWritten(text, { end: true, sealed: line.sealed, unsealed: line.unsealed }))
      this.end = line;
    else if ('export' in line && isWritten(text, { export: line.export, first: line.first, key: line.key }))
      this.head(line);
    else this.unreadable();
  }

  finish(): Verdict {
    const { verdict, trust } = this;
    if (this.next !== null) this.fault(this.next, 'It was sealed, and is gone.');
    if (!this.seenHead) this.lost('This is not an export of the audit: it has no first line.');
    if (!this.end) this.lost(`The export is cut off: it has no last line.`);
    else if (this.end.sealed !== verdict.sealed || this.end.unsealed !== verdict.unsealed)
      this.lost(
        `The export should hold ${this.end.sealed} sealed and ${this.end.unsealed} unsealed entries, but holds ${verdict.sealed} and ${verdict.unsealed}.`,
      );
    const signed = verdict.last?.size ?? 0;
    if (verdict.faults.length === 0 && this.position > signed)
      this.fault(this.batch.seq, 'It has a position in the tree, but no checkpoint was signed for it.');
    for (const { from, checkpoint } of this.unseen)
      this.lost(
        `The log was cut off: the checkpoint ${from} counts ${checkpoint.size} entries, but only ${this.position} are sealed here.`,
      );
    for (const [record, { first, last }] of this.erasedUpTo)
      if ((this.erasures.get(record) ?? 0) < last)
        this.fault(first, 'Its content is gone, and no erasure was entered for its record.');
    verdict.keyIsOnlyClaimed = !trust.key && this.key !== undefined;
    verdict.key = this.key && formatVerifier(this.key);
    return verdict;
  }

  private fault(seq: number, what: string): Fault {
    const fault: Fault = { seq, what };
    if (this.verdict.faults.length < FAULTS_TOLD) this.verdict.faults.push(fault);
    return fault;
  }

  /** Something is missing whose number nothing tells. */
  private lost(what: string): void {
    if (this.verdict.faults.length < FAULTS_TOLD) this.verdict.faults.push({ seq: this.recent[1], after: true, what });
    this.rootless = true;
  }

  /** A line that nobody wrote so; what should have stood there is known by its number. */
  private unreadable(): void {
    if (this.next === null) return this.lost('The line of the file after it is not as it was written.');
    this.fault(this.next, 'Its line in the file is not as it was written.');
    this.rootless = true;
    this.position++;
    this.recent = [this.recent[1], this.next];
    this.next = null;
  }

  private head({ export: format, first, key }: HeadLine): void {
    if (format !== FORMAT) return this.lost(`This is an export of another kind: ${String(format)}.`);
    this.seenHead = true;
    this.next = first;
    if (!this.key && key !== undefined) this.key = parseVerifier(key);
  }

  private entry(line: EntryLine, text: string): void {
    const { verdict } = this;
    const sealed = line.position !== null;
    if (sealed) this.place(line);
    else verdict.unsealed++;
    const leaf = line.header && this.leafOf(line, text);
    if (!line.header) this.fault(line.seq, 'It was sealed, and is gone.');
    if (sealed) {
      verdict.sealed++;
      if (leaf) this.tree.add(leaf);
      else this.rootless = true;
      this.meetCheckpoints();
    }
  }

  /** Its place among the others. */
  private place({ position, seq, next }: EntryLine): void {
    const [before, last] = this.recent;
    if (position !== this.position) {
      if (this.next === null || (this.next === seq && position! > this.position))
        this.lost(`Position ${this.position} of the tree is missing.`);
      else if (this.next === seq) this.fault(seq, `It was sealed at position ${this.position}.`);
      else this.fault(this.next, 'It was sealed, and is gone.');
      this.rootless = true;
    } else if (this.next !== null && this.next !== seq) {
      this.misled = this.fault(this.next, `It was sealed at position ${position}, where there is entry ${seq} now.`);
      this.misleader = last;
    } else if (seq <= last && this.position > this.batch.position) {
      // One that is too high makes its follower look too low.
      this.fault(seq > before ? last : seq, 'It stands in another order than it was sealed in.');
    }
    if (this.position === this.batch.position) this.batch.seq = seq;
    this.position = position! + 1;
    this.recent = [last, seq];
    this.next = next;
  }

  /** @returns the leaf that goes into the tree: the computed one, or where that is wrong the stored one. */
  private leafOf({ seq, header, salt, payload, content, leaf: stored }: EntryLine, text: string): Buffer | undefined {
    const [format, own, recordId, , , , transactionId, , kind, , , , operation] = header!;
    const leaf = Buffer.from(stored ?? '', 'hex');
    const isWhole =
      typeof payload === 'string'
        ? content === null && SALT.test(salt ?? '')
        : payload === null && salt === null && HASH.test(content ?? '');
    let whole: Buffer;
    if (typeof payload === 'string')
      whole = hashOf(SALT_BYTES, (scratch) => scratch.write(salt ?? '', 0, 'hex'), payload);
    else {
      whole = Buffer.from(content ?? '', 'hex');
      this.verdict.erased++;
      this.rememberErased(recordId ?? '', seq);
    }
    // Not one that only says that keys were destroyed: it took nothing out.
    if (kind === 'erasure' && operation === 'erase' && typeof recordId === 'string')
      this.erasures.set(recordId, Math.max(seq, this.erasures.get(recordId) ?? 0));
    // As it stands in the line, which was found to be written to the byte: inside a text every quote has a backslash.
    const written = text.slice(text.indexOf('"header":') + '"header":'.length, text.indexOf('],"salt":') + 1);
    const computed = hashOf(1 + HASH_BYTES, (scratch) => scratch.writeUInt8(LEAF, 0) + whole.copy(scratch, 1), written);
    if (format !== 'kualik audit 1' || own !== seq || !isWhole || computed.toString('hex') !== stored) {
      this.fault(seq, 'What is stored is not what was entered.');
      return leaf.length === computed.length ? leaf : undefined;
    }
    // Whatever was entered before a seal stands before it.
    if (isBefore(transactionId, this.settled))
      this.fault(seq, 'It says that it was entered before a checkpoint in which it is not.');
    return computed;
  }

  private rememberErased(record: string, seq: number): void {
    const { first = seq, last = seq } = this.erasedUpTo.get(record) ?? {};
    this.erasedUpTo.set(record, { first: Math.min(first, seq), last: Math.max(last, seq) });
  }

  private checkpoint({ checkpoint: note }: CheckpointLine): void {
    const { verdict } = this;
    const said = parseCheckpoint(note);
    const size = said?.size ?? 0;
    const holds = said !== undefined && size === this.position && !this.rootless && said.root.equals(this.tree.root());
    if (holds && this.misled) {
      this.misled.seq = this.misleader;
      this.misled.what = 'Its line in the file names another entry than the one that followed.';
    }
    this.misled = undefined;
    if (!said || !this.key || !isSigned(said, this.key)) {
      this.fault(this.batch.seq, `The checkpoint that covers it was not signed with the key of this log.`);
    } else if (size > this.position) {
      if (this.next !== null) this.fault(this.next, 'It was sealed, and is gone.');
      else this.lost(`A checkpoint was signed for ${size} entries, but there are only ${this.position}.`);
      this.next = null;
      this.rootless = true;
    } else if (size < this.position) {
      this.fault(this.batch.seq, `The checkpoint of ${size} entries does not stand where it was signed.`);
    } else if (verdict.faults.length === 0) {
      // An entry that is wrong in itself was named already.
      if (holds) verdict.last = said;
      else
        this.fault(
          this.batch.seq,
          `The entries ${this.batch.seq} to ${this.recent[1]} are not those that were sealed: they do not give the root of the checkpoint of ${size} entries.`,
        );
    }
    verdict.checkpoints++;
    this.settled = said?.settled ?? this.settled;
    this.batch = { position: this.position, seq: this.next ?? this.recent[1] };
  }

  /** Checkpoints from elsewhere, where the tree has their size. */
  private meetCheckpoints(): void {
    while (this.unseen[0] && this.unseen[0].checkpoint.size <= this.tree.size) {
      const { from, checkpoint } = this.unseen.shift()!;
      if (this.key && !isSigned(checkpoint, this.key))
        this.fault(this.recent[1], `The checkpoint ${from} was not signed with the key of this log.`);
      else if (!this.rootless && this.verdict.faults.length === 0 && !checkpoint.root.equals(this.tree.root()))
        this.fault(
          this.recent[1],
          `The log was rewritten: its first ${checkpoint.size} entries are not those of the checkpoint ${from}.`,
        );
    }
  }
}

/** @param batches of lines. */
export async function verifyLines(batches: AsyncIterable<string[]>, trust: Trust): Promise<Verdict> {
  const verifier = new AuditVerifier(trust);
  for await (const batch of batches) for (const line of batch) verifier.add(line);
  return verifier.finish();
}
