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
    { pointer: '/age', kind: 'changed', before: 25, after: 26 },
    { pointer: '/image/status', kind: 'changed', before: 'none', after: 'generating' },
    { pointer: '/image/photo_id', kind: 'added', after: 'p-1' },
    { pointer: '/note', kind: 'removed', before: null },
  ]);
});

test('the first event makes the state, a whole one', () => {
  expect(difference(undefined, { age: 25 })).toEqual([{ pointer: '', kind: 'added', after: { age: 25 } }]);
  expect(difference({ age: 25 }, undefined)).toEqual([{ pointer: '', kind: 'removed', before: { age: 25 } }]);
});

test('lists are compared place by place, and a list is no object', () => {
  expect(difference(['a', 'b'], ['a', 'c', 'd'])).toEqual([
    { pointer: '/1', kind: 'changed', before: 'b', after: 'c' },
    { pointer: '/2', kind: 'added', after: 'd' },
  ]);
  expect(difference({ list: [] }, { list: {} })).toEqual([{ pointer: '/list', kind: 'changed', before: [], after: {} }]);
  expect(difference({ value: null }, { value: {} })).toEqual([
    { pointer: '/value', kind: 'changed', before: null, after: {} },
  ]);
});

test('names may be anything', () => {
  expect(difference({}, { 'a/b~c': 1, constructor: 2 }).map(({ pointer }) => pointer)).toEqual(['/a~1b~0c', '/constructor']);
});

test('a state that became another kind keeps what both have in common', () => {
  const wish = { owner: 'u', scene: 'At a lighthouse' };
  expect(stateDifference({ Generating: { wish, attempt: 1, prediction: 'p' } }, { Delivered: { wish, attempt: 1, sha256: 'f' } })).toEqual([
    { pointer: '/kind', kind: 'changed', before: 'Generating', after: 'Delivered' },
    { pointer: '/prediction', kind: 'removed', before: 'p' },
    { pointer: '/sha256', kind: 'added', after: 'f' },
  ]);
  expect(stateDifference({ Generating: { attempt: 1 } }, { Generating: { attempt: 2 } })).toEqual([
    { pointer: '/attempt', kind: 'changed', before: 1, after: 2 },
  ]);
  expect(stateDifference('Absent', { Requested: { attempt: 0 } })).toEqual([
    { pointer: '/kind', kind: 'changed', before: 'Absent', after: 'Requested' },
    { pointer: '/attempt', kind: 'added', after: 0 },
  ]);
});

test('a state that begins is told field by field', () => {
  expect(stateDifference(null, { Requested: { attempt: 0 } })).toEqual([
    { pointer: '/kind', kind: 'added', after: 'Requested' },
    { pointer: '/attempt', kind: 'added', after: 0 },
  ]);
  expect(stateDifference(null, { status: 'open', plan: 'monthly' })).toEqual([
    { pointer: '/status', kind: 'added', after: 'open' },
    { pointer: '/plan', kind: 'added', after: 'monthly' },
  ]);
});

test('a state without kinds is compared as it is', () => {
  expect(stateDifference({ status: 'open' }, { status: 'closed' })).toEqual([
    { pointer: '/status', kind: 'changed', before: 'open', after: 'closed' },
  ]);
});
