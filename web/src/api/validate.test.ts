import { expect, test } from 'vitest';

import { limits } from './limits';
import { complaint, complaints } from './validate';

test('nobody is younger than 20, and ages are whole', () => {
  for (const bad of ['19', '19.5', '121', '', 'young']) {
    expect(complaint(limits.NewAvatar.age, bad)).toBe('It must be a whole number from 20 to 120.');
  }
  expect(complaint(limits.NewAvatar.age, '20')).toBeUndefined();
});

test('texts are counted in characters, without the space around them', () => {
  expect(complaint({ minLength: 1, maxLength: 3 }, '  ')).toBe('It must not be empty; write 1 to 3 characters.');
  expect(complaint({ minLength: 1, maxLength: 3 }, ' 🙂🙂🙂 ')).toBeUndefined();
  expect(complaint({ minLength: 1, maxLength: 3 }, 'four')).toBe('It must have at most 3 characters; these are 4.');
});

test('every field that is wrong is named', () => {
  const wrong = complaints(limits.NewAvatar, { name: 'Ava', age: '5', gender: '', nationality: 'French', appearance: 'hair' });
  expect(Object.keys(wrong).sort()).toEqual(['age', 'gender']);
});
