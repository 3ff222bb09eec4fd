import { expect, test } from 'vitest';

import { Intents, pause } from './intent';
import { RequestFailed } from './problem';

const counted = () => {
  let made = 0;
  return new Intents(() => `key-${++made}`);
};

test('the same wish keeps its key until its outcome is known', () => {
  const intents = counted();
  const first = intents.keyFor({ scene: 'a café' });
  expect(intents.keyFor({ scene: 'a café' })).toBe(first);

  intents.settle({ scene: 'a café' }, RequestFailed.unreachable(undefined));
  expect(intents.keyFor({ scene: 'a café' })).toBe(first);

  intents.settle({ scene: 'a café' });
  expect(intents.keyFor({ scene: 'a café' })).not.toBe(first);
});

test('a refusal settles a wish, another wish has another key, and so has none', () => {
  const intents = counted();
  const first = intents.keyFor('a');
  expect(intents.keyFor('b')).not.toBe(first);
  expect(intents.keyFor(undefined)).toBe(intents.keyFor(undefined));
  intents.settle('a', RequestFailed.of(new Response(null, { status: 422 }), undefined));
  expect(intents.keyFor('a')).not.toBe(first);
});

test('the server says when to come again; else each pause is longer, and never longer than eight seconds', () => {
  const told = RequestFailed.of(new Response(null, { status: 503, headers: { 'Retry-After': '2' } }), undefined);
  expect(pause(0, told)).toBe(2000);
  const full = () => 1;
  expect([0, 1, 2, 9].map((failures) => pause(failures, undefined, full))).toEqual([500, 1000, 2000, 8000]);
});
