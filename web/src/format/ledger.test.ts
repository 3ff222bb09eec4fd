import { expect, test } from 'vitest';

import { deadline, digits, instant, shortId, span } from './ledger';

test('times are those of the log', () => {
  expect(instant('2026-11-26T07:20:11.987+01:00')).toBe('2026-11-26 06:20:11');
});

test.each([
  [-1, '0 s'],
  [999, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [119_000, '1 min'],
  [3_600_000, '1 h'],
  [12_000_000, '3 h 20 min'],
  [86_400_000 * 2 + 3_600_000 * 4, '2 d 4 h'],
  [86_400_000 + 59_000, '1 d'],
])('%i ms are %s', (ms, text) => {
  expect(span(ms)).toBe(text);
});

test('a clock says how much time is left, and how late it is', () => {
  const now = Date.parse('2026-11-26T06:00:00Z');
  expect(deadline('2026-11-27T06:00:00Z', now)).toEqual({ late: false, near: false, text: '1 d left' });
  expect(deadline('2026-11-26T09:20:00Z', now)).toEqual({ late: false, near: true, text: '3 h 20 min left' });
  expect(deadline('2026-11-26T05:30:00Z', now)).toEqual({ late: true, near: false, text: '30 min late' });
});

test('ids and positions stay readable', () => {
  expect(shortId('0199f0c0-0000-7000-8000-000000000002')).toBe('0199f0c0…00000002');
  expect(shortId('evt_1')).toBe('evt_1');
  expect(digits(1_204_331)).toBe('1,204,331');
});
