import { expect, test } from 'vitest';

import { count, elapsed, money, size } from './format';

test('money has the digits that its currency has', () => {
  expect(money(1499, 'usd', 'en-US')).toBe('$14.99');
  expect(money(1499, 'jpy', 'en-US')).toBe('¥1,499');
  expect(money(1499, 'eur', 'de-DE')).toBe('14,99\u00a0€');
});

test('times that pass, sizes and numbers of things read well', () => {
  expect([elapsed(-5), elapsed(7_900), elapsed(750_000)]).toEqual(['0:00', '0:07', '12:30']);
  expect([size(128_043, 'en'), size(2_450_000, 'en')]).toEqual(['128 kB', '2.5 MB']);
  expect([count(1, 'picture'), count(3, 'picture'), count(0, 'picture')]).toEqual(['1 picture', '3 pictures', '0 pictures']);
});
