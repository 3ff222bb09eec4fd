// @vitest-environment node
import { expect, test } from 'vitest';

import { toHex } from './bytes';
import { parseEvent } from './record';
import { leafHash } from './tree';
import { type Evidence, verify } from './verify';
import { EVIDENCE as trees } from './evidence';

const inclusion: Evidence = {
  key: trees.key,
  checkpoint: trees.eight,
  proof: JSON.stringify(trees.inclusion),
  earlier: '',
  event: '',
};
const consistency: Evidence = { ...inclusion, proof: JSON.stringify(trees.consistency), earlier: trees.six };

test('an event is in the log: every step holds, and it is said which event in which log', async () => {
  const verdict = await verify(inclusion);
  expect(verdict).toMatchObject({ kind: 'checked', holds: true });
  expect(verdict.kind === 'checked' && verdict.says).toContain('position 6');
});

test('the log only grew', async () => {
  expect(await verify(consistency)).toMatchObject({
    kind: 'checked',
    holds: true,
    says: 'The first 6 events are among the 8 unchanged.',
  });
});

test.each([
  ['another event', inclusion, { proof: JSON.stringify({ ...trees.inclusion, position: 5 }) }, ['The hashes lead']],
  ['another size, which the hashes alone would not tell', inclusion, { proof: JSON.stringify({ ...trees.inclusion, size: 7 }) }, ['The proof is about']],
  ['an older checkpoint', inclusion, { checkpoint: trees.six }, ['The proof is about', 'The hashes lead']],
  ['a checkpoint changed by hand', inclusion, { checkpoint: trees.eight.replace('\n8\n', '\n9\n') }, ['The checkpoint is signed', 'The proof is about']],
  ['the two checkpoints swapped', consistency, { checkpoint: trees.six, earlier: trees.eight }, ['The proof is about', 'The hashes lead']],
])('%s: it is said which step does not hold', async (_, evidence, change, failing) => {
  const verdict = await verify({ ...evidence, ...change });
  if (verdict.kind !== 'checked') throw new Error(verdict.detail);
  expect(verdict.holds).toBe(false);
  const failed = verdict.steps.filter(({ holds }) => !holds).map(({ claim }) => claim);
  expect(failed).toHaveLength(failing.length);
  failing.forEach((start, index) => expect(failed[index]).toContain(start));
});

test('the proof is about the event that was shown, or about another one', async () => {
  // A log of one event: its hash is the root.
  const event = { position: 1, event_id: '0199f0c0-0000-7000-8000-00000000002a', aggregate_type: 'Avatar', aggregate_id: 'a',
    sequence: 1, event_type: 'AvatarCreated', event_version: '1', payload: { age: 26 }, metadata: {}, recorded_at: '2026-11-22T15:00:00Z' };
  const hash = toHex(await leafHash(parseEvent(JSON.stringify(event)).record));
  const proof = JSON.stringify({ position: 1, size: 1, leaf_hash: hash, hashes: [] });
  const failing = async (shown: object) => {
    const verdict = await verify({ ...inclusion, proof, event: JSON.stringify(shown) });
    if (verdict.kind !== 'checked') throw new Error(verdict.detail);
    return verdict.steps.filter(({ holds }) => !holds).map(({ claim }) => claim);
  };
  const claim = 'The event, as it was shown, has the hash of the proof';
  expect(await failing(event)).not.toContain(claim);
  expect(await failing({ ...event, payload: { age: 27 } })).toContain(claim);
  expect(await failing({ ...event, position: 2 })).toContain(claim);
});

test.each([
  [{ event: 'no event' }, 'event', 'not JSON'],
  [{ key: 'no key' }, 'key', 'three parts'],
  [{ checkpoint: '' }, 'checkpoint', 'blank line'],
  [{ proof: '{' }, 'proof', 'not JSON'],
  [{ proof: '[]' }, 'proof', 'not a JSON object'],
  [{ proof: '{"hashes": []}' }, 'proof', 'has a “position”'],
  [{ proof: JSON.stringify({ ...trees.inclusion, position: 0 }) }, 'proof', 'whole number from 1'],
  [{ proof: JSON.stringify({ ...trees.inclusion, leaf_hash: toHex(new Uint8Array(31)) }) }, 'proof', 'leaf_hash'],
  [{ proof: JSON.stringify({ ...trees.inclusion, hashes: ['zz'] }) }, 'proof', 'not hexadecimal'],
  [{ proof: JSON.stringify({ ...trees.inclusion, hashes: 'none' }) }, 'proof', 'not a list'],
  [{ proof: JSON.stringify(trees.consistency) }, 'earlier', 'blank line'],
])('what cannot be read is told beside its field: %j', async (change, field, detail) => {
  const verdict = await verify({ ...inclusion, ...change });
  expect(verdict).toMatchObject({ kind: 'malformed', field });
  expect(verdict.kind === 'malformed' && verdict.detail).toContain(detail);
});
