import { type Bytes, Malformed, fromHex } from './bytes';
import { HASH_LENGTH } from './tree';

/** `GET /audit/proofs/inclusion`: that the event at `position` is among the first `size` ones. */
export interface InclusionProof {
  /** From 1: position 1 is leaf 0. */
  position: number;
  size: number;
  leaf: Bytes;
  hashes: Bytes[];
}

/** `GET /audit/proofs/consistency`: that the first `from` events are still what they were among the first `to` ones. */
export interface ConsistencyProof {
  from: number;
  to: number;
  hashes: Bytes[];
}

export type Proof = ({ kind: 'inclusion' } & InclusionProof) | ({ kind: 'consistency' } & ConsistencyProof);

/** Reads either kind, as the API answers it. */
export function parseProof(text: string): Proof {
  const json = object(text);
  const hashes = hashList(json.hashes);
  if ('position' in json) {
    return {
      kind: 'inclusion',
      position: count(json, 'position'),
      size: count(json, 'size'),
      leaf: hash(json.leaf_hash, 'leaf_hash'),
      hashes,
    };
  }
  if ('from' in json) return { kind: 'consistency', from: count(json, 'from'), to: count(json, 'to'), hashes };
  throw new Malformed('A proof has a “position”, or “from” and “to”');
}

function object(text: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Malformed('This is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Malformed('This is not a JSON object');
  return json as Record<string, unknown>;
}

function count(json: Record<string, unknown>, field: string): number {
  const number = json[field];
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1) {
    throw new Malformed(`“${field}” is not a whole number from 1`);
  }
  return number;
}

function hashList(json: unknown): Bytes[] {
  if (!Array.isArray(json)) throw new Malformed('“hashes” is not a list');
  return json.map((one) => hash(one, 'hashes'));
}

function hash(json: unknown, field: string): Bytes {
  const bytes = typeof json === 'string' ? fromHex(json) : undefined;
  if (bytes?.length !== HASH_LENGTH) throw new Malformed(`“${field}” holds what is not a SHA-256 in hexadecimal`);
  return bytes;
}
