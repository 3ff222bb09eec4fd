import { expect, test } from 'vitest';

import { hourOf, lastDay, scaleEnd } from './hours';

test('a day has 24 hours, and one without pictures is nothing', () => {
  const day = lastDay(
    [
      { hour: '2026-11-25T07:00:00Z', count: 3 },
      { hour: '2026-11-26T06:00:00Z', count: 12 },
    ],
    '2026-11-26T06:41:12.5Z',
  );
  expect(day).toHaveLength(24);
  expect(day.map(({ count }) => count)).toEqual([3, ...Array<number>(22).fill(0), 12]);
  expect(hourOf(day[0]!.at)).toBe('07:00');
  expect(hourOf(day[23]!.at)).toBe('06:00');
});

test('what is older than a day is not shown', () => {
  expect(lastDay([{ hour: '2026-11-25T06:00:00Z', count: 3 }], '2026-11-26T06:41:12Z').every(({ count }) => count === 0)).toBe(true);
});

test.each([
  [0, 1],
  [1, 1],
  [3, 5],
  [10, 10],
  [11, 20],
  [201, 500],
  [999, 1000],
])('a scale for %i ends at %i', (highest, end) => {
  expect(scaleEnd(highest)).toBe(end);
});
