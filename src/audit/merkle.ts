// A Merkle tree as RFC 6962 draws it, grown leaf by leaf. Of a tree of n leaves only the roots of its whole subtrees are
// kept (the frontier: one per 1 bit of n), which is enough to go on and to know the root.
import * as crypto from 'node:crypto';

const HASH_BYTES = 32;
const NODE = Buffer.from([1]);
const pair = Buffer.allocUnsafe(1 + 2 * HASH_BYTES);
NODE.copy(pair);

/** One call into the library rather than three, where Node has it (20.12). */
export const sha256: (data: Buffer | string) => Buffer = crypto.hash
  ? (data) => crypto.hash('sha256', data, 'buffer')
  : (data) => crypto.createHash('sha256').update(data).digest();

function join(left: Buffer, right: Buffer): Buffer {
  left.copy(pair, 1);
  right.copy(pair, 1 + HASH_BYTES);
  return sha256(pair);
}

export class MerkleTree {
  /** @param subtrees the largest first. */
  private constructor(
    private count: number,
    private readonly subtrees: Buffer[],
  ) {}

  static empty(): MerkleTree {
    return new MerkleTree(0, []);
  }

  /** @returns undefined when there are not as many subtrees as a tree of this size has. */
  static from(size: number, frontier: Buffer): MerkleTree | undefined {
    let bits = 0;
    for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
    if (frontier.length !== bits * HASH_BYTES) return undefined;
    const subtrees = Array.from({ length: bits }, (_, n) => frontier.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES));
    return new MerkleTree(size, subtrees);
  }

  get size(): number {
    return this.count;
  }

  /** @param leaf its hash, 32 bytes. */
  add(leaf: Buffer): void {
    let whole = leaf;
    for (let rest = this.count; rest % 2 === 1; rest = Math.floor(rest / 2)) whole = join(this.subtrees.pop()!, whole);
    this.subtrees.push(whole);
    this.count++;
  }

  root(): Buffer {
    if (this.count === 0) return sha256('');
    return this.subtrees.reduceRight((right, left) => join(left, right));
  }

  frontier(): Buffer {
    return Buffer.concat(this.subtrees);
  }
}
