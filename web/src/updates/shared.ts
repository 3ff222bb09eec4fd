import { type Connection, type Listener, type StreamOptions, type Update, follow } from './stream';

/** What the tab that holds the connection tells the others. */
type Told =
  | { kind: 'update'; update: Update }
  | { kind: 'position'; id: number }
  | { kind: 'connection'; state: Connection; begins: boolean }
  /** A tab that has just come asks how the connection is. */
  | { kind: 'asked' };

/**
 * One stream of updates for all tabs of a person: the tab that holds the lock has the connection and tells the others;
 * when it closes, the next one resumes where the last update left it.
 */
export async function followTogether(
  user: string,
  listener: Listener,
  options: Omit<StreamOptions, 'lastEventId'>,
): Promise<void> {
  const name = `ava.updates.${user}`;
  if (!('locks' in navigator) || typeof BroadcastChannel === 'undefined') return follow(listener, options);

  const channel = new BroadcastChannel(name);
  let lastEventId: number | undefined;
  let connection: Connection = 'lost';
  let leads = false;
  const tell = (told: Told) => channel.postMessage(told);

  channel.onmessage = ({ data }: MessageEvent<Told>) => {
    if (data.kind === 'asked') {
      if (leads) tell({ kind: 'connection', state: connection, begins: false });
    } else if (data.kind === 'update') listener.update(data.update);
    else if (data.kind === 'position') lastEventId = data.id;
    else listener.connection(data.state, data.begins);
  };
  tell({ kind: 'asked' });

  const leading: Listener = {
    update(update) {
      tell({ kind: 'update', update });
      listener.update(update);
    },
    position(id) {
      lastEventId = id;
      tell({ kind: 'position', id });
      listener.position(id);
    },
    connection(state, begins) {
      connection = state;
      tell({ kind: 'connection', state, begins });
      listener.connection(state, begins);
    },
    refused: (token) => listener.refused(token),
  };
  try {
    await navigator.locks.request(name, { signal: options.signal }, () => {
      leads = true;
      return follow(leading, { ...options, lastEventId });
    });
  } catch (error) {
    if (!options.signal.aborted) throw error;
  } finally {
    channel.close();
  }
}
