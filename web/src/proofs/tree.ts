import { type Bytes, concat, same } from './bytes';

/** The length of SHA-256, in bytes. */
export const HASH_LENGTH = 32;

async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** The hash of a record (RFC 6962, section 2.1). */
export function leafHash(record: Uint8Array): Promise<Bytes> {
  return sha256(concat(Uint8Array.of(0), record));
}

/** The hash of what stands to the left and to the right of each other. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
  return sha256(concat(Uint8Array.of(1), left, right));
}

/**
 * Whether the leaf number `index`, from 0, is in the tree of `size` leaves with this root
 * (RFC 9162, section 2.1.3.2; its trees are those of RFC 6962).
 */
export async function includes(about: {
  index: number;
  size: number;
  leaf: Uint8Array;
  hashes: readonly Uint8Array[];
  root: Uint8Array;
}): Promise<boolean> {
  const { index, size } = about;
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  const climb = new Climb(index, size - 1);
  let hash = about.leaf;
  for (const sibling of about.hashes) {
    if (climb.isAtTop) return false;
    hash = climb.up() === 'left' ? await nodeHash(sibling, hash) : await nodeHash(hash, sibling);
  }
  return climb.isAtTop && same(hash, about.root);
}

/** Whether the tree of `from` leaves is the beginning of that of `to` leaves (RFC 9162, section 2.1.4.2). */
export async function continues(about: {
  from: number;
  to: number;
  fromRoot: Uint8Array;
  toRoot: Uint8Array;
  hashes: readonly Uint8Array[];
}): Promise<boolean> {
  const { from, to, fromRoot, toRoot } = about;
  if (!isCount(from) || !isCount(to) || from < 1 || from > to) return false;
  if (from === to) return about.hashes.length === 0 && same(fromRoot, toRoot);
  if (about.hashes.length === 0) return false;

  const [first, ...rest] = isPowerOfTwo(from) ? [fromRoot, ...about.hashes] : about.hashes;
  if (first === undefined) return false;
  const climb = new Climb(from - 1, to - 1);
  climb.skipRightEdges();
  let [old, now] = [first, first];
  for (const sibling of rest) {
    if (climb.isAtTop) return false;
    if (climb.up() === 'left') {
      old = await nodeHash(sibling, old);
      now = await nodeHash(sibling, now);
    } else {
      now = await nodeHash(now, sibling);
    }
  }
  return climb.isAtTop && same(old, fromRoot) && same(now, toRoot);
}

/** The way from a leaf to the root: `fn` and `sn` of the RFC. Not with bit operators, which end at 2³¹. */
class Climb {
  #here: number;
  #last: number;

  constructor(index: number, last: number) {
    this.#here = index;
    this.#last = last;
  }

  get isAtTop(): boolean {
    return this.#last === 0;
  }

  /** One level up; on which side the sibling stands that is needed for it. */
  up(): 'left' | 'right' {
    const side = isOdd(this.#here) || this.#here === this.#last ? 'left' : 'right';
    // At the right edge a node without a sibling is its own parent.
    if (side === 'left') while (!isOdd(this.#here) && this.#here !== 0) this.#shift();
    this.#shift();
    return side;
  }

  /** As long as the node is a right child it is part of a whole subtree. */
  skipRightEdges(): void {
    while (isOdd(this.#here)) this.#shift();
  }

  #shift(): void {
    this.#here = Math.floor(this.#here / 2);
    this.#last = Math.floor(this.#last / 2);
  }
}

const isOdd = (number: number) => number % 2 === 1;
const isCount = (number: number) => Number.isSafeInteger(number) && number >= 0;

function isPowerOfTwo(number: number): boolean {
  let left = number;
  while (left > 1 && !isOdd(left)) left /= 2;
  return left === 1;
}
