// @vitest-environment node
import { expect, test } from 'vitest';

import { toHex } from './bytes';
import { type Evidence, verify } from './verify';
import { EVIDENCE as trees } from './evidence';

const inclusion: Evidence = {
  key: trees.key,
  checkpoint: trees.eight,
  proof: JSON.stringify(trees.inclusion),
  earlier: '',
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

test.each([
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
