import { expect, test } from 'vitest';

import { isConfirmed, wantedWords } from './confirmation';

test('a person types their own address, or plain words where none is known', () => {
  expect(wantedWords('mara@example.com')).toBe('mara@example.com');
  expect(wantedWords(null)).toBe('erase everything');
});

test('only the whole words confirm it', () => {
  const wanted = wantedWords('mara@example.com');
  for (const typed of ['mara@example.com', ' Mara@Example.com ']) expect(isConfirmed(typed, wanted)).toBe(true);
  for (const typed of ['', ' ', 'mara', 'mara@example.co', 'noor@example.com', 'yes']) {
    expect(isConfirmed(typed, wanted), typed).toBe(false);
  }
});
