import { Malformed, same, toHex } from './bytes';
import { type Checkpoint, isSignedBy, parseCheckpoint, parseVerifierKey } from './checkpoint';
import { type Proof, parseProof } from './proof';
import { parseEvent } from './record';
import { continues, includes, leafHash } from './tree';

/** What somebody was given, as text. */
export interface Evidence {
  /** The log's public key, which must come from elsewhere than the rest. */
  key: string;
  checkpoint: string;
  proof: string;
  /** For a consistency proof: the checkpoint that was kept earlier. */
  earlier: string;
  /** For an inclusion proof: the event itself, as the API answers it. Without it only its hash is proven. */
  event: string;
}

export type Field = keyof Evidence;

export interface Step {
  /** What is true when it holds. */
  claim: string;
  holds: boolean;
}

export type Verdict =
  /** Something could not even be read. */
  | { kind: 'malformed'; field: Field; detail: string }
  /** `says`: what is proven when all holds; `leaf`: the hash of the event that it is about. */
  | { kind: 'checked'; holds: boolean; steps: Step[]; says: string; leaf?: string };

/** Checks a proof against a signed checkpoint, with nothing but this code and WebCrypto: no server is asked. */
export async function verify(evidence: Evidence): Promise<Verdict> {
  try {
    const key = await read('key', () => parseVerifierKey(evidence.key));
    const checkpoint = await read('checkpoint', () => parseCheckpoint(evidence.checkpoint));
    const proof = await read('proof', () => parseProof(evidence.proof));
    const signed = await isSignedBy(evidence.checkpoint, key);
    const steps = [
      { claim: `The checkpoint is signed with the key of ${key.name}`, holds: signed },
      { claim: 'The checkpoint speaks of the log of that key', holds: checkpoint.origin === key.name },
    ];
    if (proof.kind === 'inclusion') {
      const says = `The event at position ${proof.position} is one of the ${checkpoint.size} events of ${checkpoint.origin}.`;
      const shown = await read('event', () => shows(evidence.event, proof));
      return { ...settle([...steps, ...shown, ...(await inclusion(checkpoint, proof))], says), leaf: toHex(proof.leaf) };
    }
    const earlier = await read('earlier', () => parseCheckpoint(evidence.earlier));
    const earlierSigned = await isSignedBy(evidence.earlier, key);
    return settle(
      [
        ...steps,
        { claim: 'The earlier checkpoint is signed with the same key', holds: earlierSigned },
        { claim: 'Both checkpoints speak of the same log', holds: earlier.origin === checkpoint.origin },
        ...(await consistency(earlier, checkpoint, proof)),
      ],
      `The first ${earlier.size} events are among the ${checkpoint.size} unchanged.`,
    );
  } catch (error) {
    if (error instanceof Unreadable) return { kind: 'malformed', field: error.field, detail: error.message };
    throw error;
  }
}

/** That the proof is about the event that somebody sees, and not about another one of that number. */
async function shows(event: string, { position, leaf }: Extract<Proof, { kind: 'inclusion' }>): Promise<Step[]> {
  if (event.trim() === '') return [];
  const told = parseEvent(event);
  const holds = told.position === position && same(await leafHash(told.record), leaf);
  return [{ claim: 'The event, as it was shown, has the hash of the proof', holds }];
}

async function inclusion(checkpoint: Checkpoint, proof: Extract<Proof, { kind: 'inclusion' }>): Promise<Step[]> {
  const { position, size, leaf, hashes } = proof;
  const leads = await includes({ index: position - 1, size, leaf, hashes, root: checkpoint.root });
  return [
    { claim: `The proof is about the ${checkpoint.size} events of the checkpoint`, holds: size === checkpoint.size },
    { claim: 'The hashes lead from the event to the signed root', holds: leads },
  ];
}

async function consistency(
  earlier: Checkpoint,
  now: Checkpoint,
  proof: Extract<Proof, { kind: 'consistency' }>,
): Promise<Step[]> {
  const { from, to, hashes } = proof;
  const leads = await continues({ from, to, fromRoot: earlier.root, toRoot: now.root, hashes });
  return [
    { claim: `The proof is about these two checkpoints, of ${earlier.size} and ${now.size} events`, holds: from === earlier.size && to === now.size },
    { claim: 'The hashes lead to both roots', holds: leads },
  ];
}

function settle(steps: Step[], says: string) {
  return { kind: 'checked' as const, holds: steps.every(({ holds }) => holds), steps, says };
}

class Unreadable extends Error {
  readonly field: Field;

  constructor(field: Field, detail: string) {
    super(detail);
    this.field = field;
  }
}

async function read<Value>(field: Field, parse: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await parse();
  } catch (error) {
    throw error instanceof Malformed ? new Unreadable(field, error.message) : error;
  }
}
