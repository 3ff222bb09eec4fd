import { expect, test } from 'vitest';

import { difference, stateDifference } from './difference';

test('the same changes nothing', () => {
  const state = { status: 'approved', history: [{ photo_id: 'a' }], age: 25, none: null };
  expect(difference(state, structuredClone(state))).toEqual([]);
  expect(difference(undefined, undefined)).toEqual([]);
});

test('each change is told with where, from what and to what', () => {
  const before = { age: 25, name: 'Ava', image: { status: 'none' }, note: null };
  const after = { age: 26, name: 'Ava', image: { status: 'generating', photo_id: 'p-1' } };
  expect(difference(before, after)).toEqual([
    { path: '/age', before: 25, after: 26 },
    { path: '/image/status', before: 'none', after: 'generating' },
    { path: '/image/photo_id', after: 'p-1' },
    { path: '/note', before: null },
  ]);
});

test('the first event makes the state, a whole one', () => {
  expect(difference(undefined, { age: 25 })).toEqual([{ path: '', after: { age: 25 } }]);
  expect(difference({ age: 25 }, undefined)).toEqual([{ path: '', before: { age: 25 } }]);
});

test('lists are compared place by place, and a list is no object', () => {
  expect(difference(['a', 'b'], ['a', 'c', 'd'])).toEqual([
    { path: '/1', before: 'b', after: 'c' },
    { path: '/2', after: 'd' },
  ]);
  expect(difference({ list: [] }, { list: {} })).toEqual([{ path: '/list', before: [], after: {} }]);
  expect(difference({ value: null }, { value: {} })).toEqual([
    { path: '/value', before: null, after: {} },
  ]);
});

test('names may be anything', () => {
  expect(difference({}, { 'a/b~c': 1, constructor: 2 }).map(({ path }) => path)).toEqual(['/a~1b~0c', '/constructor']);
});

test('a state that became another kind keeps what both have in common', () => {
  const wish = { owner: 'u', scene: 'At a lighthouse' };
  expect(stateDifference({ Generating: { wish, attempt: 1, prediction: 'p' } }, { Delivered: { wish, attempt: 1, sha256: 'f' } })).toEqual([
    { path: '/kind', before: 'Generating', after: 'Delivered' },
    { path: '/prediction', before: 'p' },
    { path: '/sha256', after: 'f' },
  ]);
  expect(stateDifference({ Generating: { attempt: 1 } }, { Generating: { attempt: 2 } })).toEqual([
    { path: '/attempt', before: 1, after: 2 },
  ]);
  expect(stateDifference('Absent', { Requested: { attempt: 0 } })).toEqual([
    { path: '/kind', before: 'Absent', after: 'Requested' },
    { path: '/attempt', after: 0 },
  ]);
});

test('a state that begins is told field by field', () => {
  expect(stateDifference(null, { Requested: { attempt: 0 } })).toEqual([
    { path: '/kind', after: 'Requested' },
    { path: '/attempt', after: 0 },
  ]);
  expect(stateDifference(null, { status: 'open', plan: 'monthly' })).toEqual([
    { path: '/status', after: 'open' },
    { path: '/plan', after: 'monthly' },
  ]);
});

test('a state without kinds is compared as it is', () => {
  expect(stateDifference({ status: 'open' }, { status: 'closed' })).toEqual([
    { path: '/status', before: 'open', after: 'closed' },
  ]);
});
