import type { Checkpoint } from '@/proofs/checkpoint';
import { same } from '@/proofs/bytes';

/** What this browser keeps of a log, so that the server cannot exchange it between two visits. */
const KEY = 'ava.audit.key';
const CHECKPOINT = 'ava.audit.checkpoint';

export interface Kept {
  /** The public key that the auditor trusts. */
  key: string;
  /** A checkpoint that was verified with it, word by word. */
  checkpoint: string | undefined;
}

export function kept(storage: Storage = localStorage): Kept {
  return { key: storage.getItem(KEY) ?? '', checkpoint: storage.getItem(CHECKPOINT) ?? undefined };
}

/** Keeps a checkpoint that the key has signed. */
export function keep(key: string, checkpoint: string, storage: Storage = localStorage): void {
  storage.setItem(KEY, key.trim());
  storage.setItem(CHECKPOINT, checkpoint);
}

export function forget(storage: Storage = localStorage): void {
  storage.removeItem(KEY);
  storage.removeItem(CHECKPOINT);
}

/**
 * How a checkpoint stands to the one that was kept. `grown` is to be proven; of `shrunk` and `forked` the two checkpoints
 * are the proof already that somebody rewrote the log.
 */
export type Since = 'nothing-kept' | 'other-log' | 'same' | 'grown' | 'shrunk' | 'forked';

export function since(earlier: Checkpoint | undefined, now: Checkpoint): Since {
  if (earlier === undefined) return 'nothing-kept';
  if (earlier.origin !== now.origin) return 'other-log';
  if (now.size > earlier.size) return 'grown';
  if (now.size < earlier.size) return 'shrunk';
  return same(earlier.root, now.root) ? 'same' : 'forked';
}
