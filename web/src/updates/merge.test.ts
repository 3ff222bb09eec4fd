import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { expect, test } from 'vitest';

import type { Message, Photo } from '@/api/client';

import { Merger } from './merge';

const photo = (id: string, status: Photo['status'] = 'requested'): Photo => ({
  id,
  purpose: 'scene',
  scene: 'a café',
  status,
  attempts: 0,
  requested_at: '2026-01-01T00:00:00Z',
});

function gallery(filter: object, ids: string[], more: string[] = []) {
  const client = new QueryClient();
  const pages = [ids, more].filter((page) => page.length > 0).map((page) => ({ items: page.map((id) => photo(id)), next_cursor: null }));
  client.setQueryData(['photos', filter], { pages, pageParams: pages.map(() => null) });
  const shown = () =>
    client
      .getQueryData<{ pages: { items: Photo[] }[] }>(['photos', filter])
      ?.pages.map(({ items }) => items.map(({ id, status }) => `${id} ${status}`));
  return { client, shown, merger: new Merger(client) };
}

test('a picture is renewed where it stands', () => {
  const { client, shown, merger } = gallery({}, ['3', '2'], ['1']);
  merger.take({ id: 10, event: 'photo', data: photo('1', 'delivered') });
  expect(shown()).toEqual([['3 requested', '2 requested'], ['1 delivered']]);
  expect(client.getQueryData<Photo>(['photo', '1'])?.status).toBe('delivered');
});

test('a new picture comes first, an older one where it belongs', () => {
  const { shown, merger } = gallery({}, ['5', '3']);
  merger.take({ id: 10, event: 'photo', data: photo('6') });
  merger.take({ id: 11, event: 'photo', data: photo('4') });
  expect(shown()).toEqual([['6 requested', '5 requested', '4 requested', '3 requested']]);
});

test('an update that comes late sets nothing back, and one that comes twice is no news', () => {
  const { shown, merger } = gallery({}, ['1']);
  expect(merger.take({ id: 11, event: 'photo', data: photo('1', 'delivered') })).toBe(true);
  expect(merger.take({ id: 10, event: 'photo', data: photo('1', 'generating') })).toBe(false);
  expect(merger.take({ id: 11, event: 'photo', data: photo('1', 'delivered') })).toBe(false);
  expect(shown()).toEqual([['1 delivered']]);
});

test('a picture leaves a list that it no longer fits', () => {
  const { shown, merger } = gallery({ status: 'requested' }, ['2', '1']);
  merger.take({ id: 10, event: 'photo', data: photo('2', 'generating') });
  expect(shown()).toEqual([['1 requested']]);
});

test('a deleted picture is gone from everywhere', () => {
  const { client, shown, merger } = gallery({}, ['2', '1']);
  client.setQueryData(['photo', '2'], photo('2'));
  merger.take({ id: 10, event: 'photo', data: { id: '2', deleted: true } });
  expect(shown()).toEqual([['1 requested']]);
  expect(client.getQueryData(['photo', '2'])).toBeUndefined();
});

test('a read that was under way when an update came is made again', async () => {
  const client = new QueryClient();
  const merger = new Merger(client);
  const answers = ['old', 'new'];
  let release: () => void = () => undefined;
  const observer = new QueryObserver(client, {
    queryKey: ['avatar'],
    queryFn: async () => {
      const answer = answers.shift();
      if (answer === 'old') await new Promise<void>((resolve) => (release = resolve));
      return answer;
    },
  });
  const unsubscribe = observer.subscribe(() => undefined);
  await Promise.resolve();
  merger.take({ id: 10, event: 'avatar', data: 'told' });
  release();
  await expect.poll(() => client.getQueryData(['avatar'])).toBe('new');
  expect(answers).toEqual([]);
  unsubscribe();
});

const said = (id: string, more: Partial<Message> = {}): Message => ({
  id,
  role: 'user',
  text: id,
  mode: 'friendly',
  created_at: '2026-01-01T00:00:00Z',
  ...more,
});

function conversation(...messages: Message[]) {
  const client = new QueryClient();
  client.setQueryData(['messages', 'friendly'], { pages: [{ items: messages, next_cursor: null }], pageParams: [null] });
  const shown = () =>
    client.getQueryData<{ pages: { items: Message[] }[] }>(['messages', 'friendly'])?.pages.flatMap(({ items }) => items);
  const reply = () => client.getQueryData<{ text: string } | null>(['reply', 'friendly']);
  return { merger: new Merger(client), shown, reply };
}

const delta = (text: string) => ({
  id: Number.NaN,
  event: 'message-delta',
  data: { id: '2', in_reply_to: '1', mode: 'friendly', text },
});

test('a reply grows word by word, until the message is there', () => {
  const { merger, shown, reply } = conversation(said('1'));
  merger.take(delta('Good'));
  merger.take(delta('Good evening'));
  expect(reply()?.text).toBe('Good evening');
  merger.take({ id: 9, event: 'message', data: said('2', { role: 'avatar', in_reply_to: '1' }) });
  expect(reply()).toBeNull();
  expect(shown()?.map(({ id }) => id)).toEqual(['2', '1']);
  // Words that come late are not written again.
  merger.take(delta('Good evening, you'));
  expect(reply()).toBeNull();
});

test('what the service says instead ends a reply as well', () => {
  const { merger, reply } = conversation(said('1'));
  merger.take(delta('Good'));
  merger.take({ id: 9, event: 'message', data: said('3', { role: 'system', kind: 'reply_failed', in_reply_to: '1' }) });
  expect(reply()).toBeNull();
});

test('a promised picture turns into the picture where it was promised, and goes when it is deleted', () => {
  const { merger, shown } = conversation(said('1', { photo: photo('p') }));
  merger.take({ id: 9, event: 'photo', data: photo('p', 'delivered') });
  expect(shown()?.[0]?.photo?.status).toBe('delivered');
  merger.take({ id: 10, event: 'photo', data: { id: 'p', deleted: true } });
  expect(shown()?.[0]).not.toHaveProperty('photo');
});
