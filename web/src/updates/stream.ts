import { createParser } from 'eventsource-parser';

/** One thing that changed: `id` is its position in the event log. */
export interface Update {
  id: number;
  event: string;
  data: unknown;
}

/** How the stream is: `lost` while a connection is looked for. */
export type Connection = 'open' | 'lost';

export interface Listener {
  update(update: Update): void;
  /** Whether it is connected. `begins` when nothing before now will come: what was read earlier must be read again. */
  connection(state: Connection, begins: boolean): void;
  /** The last position that was heard of. */
  position(id: number): void;
  /** The credentials are no longer accepted; the stream has ended. */
  refused(token: string): void;
}

export interface StreamOptions {
  fetch?: typeof fetch;
  url?: string;
  token: () => string | undefined;
  lastEventId?: number | undefined;
  signal: AbortSignal;
  random?: () => number;
  /** After how long a silence the connection counts as lost, in milliseconds: the server speaks every 15 s. */
  silence?: number;
}

const MOST_MS = 30_000;

/** Follows `/updates` until `signal` aborts: reconnects, and resumes where it was. */
export async function follow(listener: Listener, options: StreamOptions): Promise<void> {
  const { signal, token, random = Math.random } = options;
  const stopped = () => signal.aborted;
  let lastEventId = options.lastEventId;
  let retry = 2000;
  let failures = 0;
  while (!stopped()) {
    const used = token();
    if (used === undefined) return;
    try {
      const outcome = await listen(listener, used, lastEventId, options, {
        opened: () => (failures = 0),
        position: (id) => {
          lastEventId = id;
          listener.position(id);
        },
        retry: (ms) => (retry = ms),
      });
      if (outcome === 'refused') {
        listener.refused(used);
        return;
      }
      // A position that this log does not know: it is another one by now.
      if (outcome === 'unknown-position') lastEventId = undefined;
    } catch {
      // It broke, or was never there: it is looked for again below.
    }
    if (stopped()) return;
    listener.connection('lost', false);
    const wait = Math.min(retry * 2 ** failures, MOST_MS) * (failures === 0 ? 0.1 : 0.5 + random() / 2);
    failures += 1;
    await pause(wait, signal);
  }
}

/** One connection, until it ends. */
async function listen(
  listener: Listener,
  token: string,
  lastEventId: number | undefined,
  options: StreamOptions,
  tell: { opened: () => void; position: (id: number) => void; retry: (ms: number) => void },
): Promise<'ended' | 'refused' | 'unknown-position'> {
  const { silence = 40_000, signal, url = '/updates' } = options;
  const quiet = new AbortController();
  const headers: Record<string, string> = { Accept: 'text/event-stream', Authorization: `Bearer ${token}` };
  if (lastEventId !== undefined) headers['Last-Event-ID'] = String(lastEventId);
  const cut = () => quiet.abort();
  let watchdog = setTimeout(cut, silence);
  // A device that goes offline often keeps the connection open, and hears nothing.
  window.addEventListener('offline', cut);
  try {
    const response = await (options.fetch ?? fetch)(url, {
      headers,
      cache: 'no-store',
      signal: AbortSignal.any([signal, quiet.signal]),
    });
    if (response.status === 401) return 'refused';
    if (response.status === 400) return 'unknown-position';
    if (!response.ok || response.body === null) throw new Error(`the answer was ${response.status}`);
    tell.opened();
    listener.connection('open', lastEventId === undefined);

    const parser = createParser({
      onEvent: ({ id, event, data }) => {
        const position = Number(id);
        if (event !== undefined) listener.update({ id: position, event, data: JSON.parse(data) as unknown });
        if (id !== undefined && Number.isSafeInteger(position)) tell.position(position);
      },
      onRetry: tell.retry,
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return 'ended';
      clearTimeout(watchdog);
      watchdog = setTimeout(cut, silence);
      // The first lines carry no data, only the position: a parser keeps such an id for the next event.
      const bare = /^id: ?(\d+)\n\n/m.exec(value);
      if (bare !== null && !value.includes('\ndata:')) tell.position(Number(bare[1]));
      parser.feed(value);
    }
  } finally {
    clearTimeout(watchdog);
    window.removeEventListener('offline', cut);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener('online', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    // A device that is back online need not wait.
    window.addEventListener('online', done);
    signal.addEventListener('abort', done);
  });
}
