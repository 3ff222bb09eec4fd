import { beforeEach, expect, test, vi } from 'vitest';

import type { Message } from '@/api/client';
import { RequestFailed } from '@/api/problem';

import { type Letter, Outbox, notArrived } from './outbox';

beforeEach(() => sessionStorage.clear());

const said = (id: string, text: string): Message => ({
  id,
  role: 'user',
  text,
  mode: 'friendly',
  created_at: '2026-01-01T00:00:00Z',
});

function outbox(send: (letter: Letter) => Promise<Message>) {
  let made = 0;
  const arrived: string[] = [];
  const parts = {
    storage: sessionStorage,
    user: 'u-1',
    send,
    arrived: (message: Message) => arrived.push(message.text),
    wait: () => Promise.resolve(),
    newKey: () => `key-${++made}`,
  };
  return { outbox: new Outbox(parts), parts, arrived };
}

test('letters arrive one after the other, in the order in which they were written', async () => {
  const { outbox: box, arrived } = outbox(({ text }) => Promise.resolve(said(text, text)));
  box.write('one', '');
  box.write('two', '');
  await vi.waitFor(() => expect(box.letters).toEqual([]));
  expect(arrived).toEqual(['one', 'two']);
});

test('while nobody answers it is sent again with the same key, and arrives once', async () => {
  const keys: string[] = [];
  const { outbox: box, arrived } = outbox(({ key, text }) => {
    keys.push(key);
    return keys.length < 4 ? Promise.reject(RequestFailed.unreachable(undefined)) : Promise.resolve(said('1', text));
  });
  box.write('hello', '');
  await vi.waitFor(() => expect(arrived).toEqual(['hello']));
  expect(keys).toEqual(['key-1', 'key-1', 'key-1', 'key-1']);
});

test('a refused letter stays, lets the next ones pass, and can be sent again or thrown away', async () => {
  let open = false;
  const refusal = RequestFailed.of(new Response(null, { status: 402 }), undefined);
  const { outbox: box, arrived } = outbox(({ text }) =>
    open || text === 'two' ? Promise.resolve(said(text, text)) : Promise.reject(refusal),
  );
  box.write('one', '');
  box.write('two', '');
  await vi.waitFor(() => expect(arrived).toEqual(['two']));
  expect(box.letters).toMatchObject([{ text: 'one', error: refusal }]);
  open = true;
  box.again('key-1');
  await vi.waitFor(() => expect(arrived).toEqual(['two', 'one']));
  expect(box.letters).toEqual([]);
});

test('what was on its way before a reload is sent after it, under its old key', async () => {
  outbox(() => new Promise(() => undefined)).outbox.write('hello', 'm-0');
  const keys: string[] = [];
  const { outbox: box } = outbox(({ key, text }) => {
    keys.push(key);
    return Promise.resolve(said('1', text));
  });
  await vi.waitFor(() => expect(box.letters).toEqual([]));
  expect(keys).toEqual(['key-1']);
  expect(sessionStorage.length).toBe(0);
});

test('a letter that an update told of already is not shown beside its message', () => {
  const letter = (text: string) => ({ key: text, text, after: '5' });
  expect(notArrived([letter('hi')], [said('4', 'hi')])).toHaveLength(1);
  expect(notArrived([letter('hi ')], [said('6', 'hi')])).toHaveLength(0);
  expect(notArrived([letter('hi'), letter('hi')], [said('6', 'hi')])).toHaveLength(1);
});
