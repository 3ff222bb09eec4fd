import { beforeEach, expect, test } from 'vitest';

import { parseCheckpoint } from '@/proofs/checkpoint';
import { EVIDENCE } from '@/proofs/evidence';

import { forget, keep, kept, since } from './kept';

beforeEach(() => localStorage.clear());

test('what was verified is there at the next visit, word by word, until it is forgotten', () => {
  expect(kept()).toEqual({ key: '', checkpoint: undefined });
  keep(` ${EVIDENCE.key}\n`, EVIDENCE.six);
  expect(kept()).toEqual({ key: EVIDENCE.key, checkpoint: EVIDENCE.six });
  forget();
  expect(kept()).toEqual({ key: '', checkpoint: undefined });
});

test('a log can only have grown, or be the same', () => {
  const [six, eight] = [parseCheckpoint(EVIDENCE.six), parseCheckpoint(EVIDENCE.eight)];
  expect(since(undefined, six)).toBe('nothing-kept');
  expect(since(six, eight)).toBe('grown');
  expect(since(six, six)).toBe('same');
  expect(since(eight, six)).toBe('shrunk');
  expect(since(six, { ...six, root: eight.root })).toBe('forked');
  expect(since({ ...six, origin: 'another' }, eight)).toBe('other-log');
});
