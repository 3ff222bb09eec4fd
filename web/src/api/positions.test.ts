import { expect, test } from 'vitest';

import { Positions } from './positions';

test('reads wait for the newest position for half a minute', () => {
  let now = 0;
  const positions = new Positions(() => now);
  expect(positions.toAwait).toBeUndefined();
  positions.saw(7);
  positions.saw(5);
  positions.saw(Number.NaN);
  expect(positions.toAwait).toBe(7);
  now = 30_000;
  expect(positions.toAwait).toBeUndefined();
  positions.saw(8);
  expect(positions.toAwait).toBe(8);
  positions.forget();
  expect(positions.toAwait).toBeUndefined();
});
