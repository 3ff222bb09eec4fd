import { expect, test } from 'vitest';

import { difference } from './difference';

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
