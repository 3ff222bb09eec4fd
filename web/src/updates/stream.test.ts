import { afterEach, expect, test, vi } from 'vitest';

import { type Listener, type Update, follow } from './stream';

afterEach(() => vi.useRealTimers());

/** Plays the server: each connection gets the next list of chunks, and then ends; the last one stays open. */
function server(...connections: (string[] | number)[]) {
  const asked: (string | null)[] = [];
  const served = vi.fn((_: unknown, init?: RequestInit) => {
    asked.push(new Headers(init?.headers).get('last-event-id'));
    const next = connections.shift();
    if (typeof next === 'number') return Promise.resolve(new Response(null, { status: next }));
    if (next === undefined) return Promise.reject(new TypeError('no connection'));
    const last = connections.length === 0;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of next) controller.enqueue(new TextEncoder().encode(chunk));
        if (!last) controller.close();
        init?.signal?.addEventListener('abort', () => controller.error(new DOMException('', 'AbortError')));
      },
    });
    return Promise.resolve(new Response(body, { headers: { 'Content-Type': 'text/event-stream' } }));
  });
  return { fetch: served as unknown as typeof fetch, asked };
}

function recorder() {
  const updates: Update[] = [];
  const states: string[] = [];
  const refused = vi.fn();
  const listener: Listener = {
    update: (update) => updates.push(update),
    connection: (state, begins) => states.push(begins ? `${state}, begins` : state),
    position: () => undefined,
    refused,
  };
  return { listener, updates, states, refused };
}

const event = (id: number, data: string) => `id: ${id}\nevent: photo\ndata: ${data}\n\n`;

test('a broken stream resumes after the last update, with none lost and none twice', async () => {
  const { fetch, asked } = server(
    ['retry: 10\nid: 4\n\n', event(5, '{"id":"a"}'), 'id: 6\nevent: pho'],
    [event(6, '{"id":"b"}')],
  );
  const { listener, updates, states } = recorder();
  const stop = new AbortController();
  const done = follow(listener, { fetch, token: () => 't', signal: stop.signal });
  await vi.waitFor(() => expect(updates).toHaveLength(2));
  stop.abort();
  await done;
  expect(asked).toEqual([null, '5']);
  expect(updates.map(({ id }) => id)).toEqual([5, 6]);
  expect(states).toEqual(['open, begins', 'lost', 'open']);
});

test('a stream that breaks before any update resumes at the position that it began with', async () => {
  const { fetch, asked } = server(['retry: 10\nid: 4\n\n'], []);
  const stop = new AbortController();
  const done = follow(recorder().listener, { fetch, token: () => 't', signal: stop.signal });
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  stop.abort();
  await done;
  expect(asked).toEqual([null, '4']);
});

test('credentials that are refused end it', async () => {
  const { fetch } = server(401);
  const { listener, refused } = recorder();
  await follow(listener, { fetch, token: () => 'old', signal: new AbortController().signal });
  expect(refused).toHaveBeenCalledWith('old');
});

test('a position of another log is forgotten', async () => {
  const { fetch, asked } = server(400, []);
  const stop = new AbortController();
  const done = follow(recorder().listener, { fetch, token: () => 't', lastEventId: 99, signal: stop.signal, random: () => 0 });
  await vi.waitFor(() => expect(asked).toEqual(['99', null]));
  stop.abort();
  await done;
});

test('a connection on which nobody speaks counts as lost', async () => {
  const { fetch, asked } = server([], []);
  // The first one stays open as well.
  const silent: typeof fetch = (url, init) => {
    if (asked.length > 0) return fetch(url, init);
    asked.push('silent');
    return new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted'))));
  };
  const stop = new AbortController();
  const done = follow(recorder().listener, { fetch: silent, token: () => 't', signal: stop.signal, silence: 20 });
  await vi.waitFor(() => expect(asked.length).toBeGreaterThan(1));
  stop.abort();
  await done;
});
