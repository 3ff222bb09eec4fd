import { expect, test } from 'vitest';

import { wayBack } from './way-back';

test('one comes back to where one was', () => {
  expect(wayBack('/gallery?status=failed')).toBe('/gallery?status=failed');
});

test('but never to another site, and not to the sign-in again', () => {
  for (const bad of ['https://evil.example/', '//evil.example', '/\\evil.example', 'gallery', '/sign-in', '', null]) {
    expect(wayBack(bad)).toBe('/');
  }
});
