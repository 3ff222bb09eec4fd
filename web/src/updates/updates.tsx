import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, createContext, useContext, useEffect, useMemo, useState } from 'react';

import { session } from '@/session/session';
import { useUser } from '@/session/use-session';

import { Merger } from './merge';
import { followTogether } from './shared';
import type { Connection, Update } from './stream';

/** How long a connection may be away before anybody is told. */
const DISCRETION_MS = 2000;

type Hear = (update: Update) => void;

interface Updates {
  /** Whether the connection has been away for a while. */
  reconnecting: boolean;
  /** Hears every update that is news, until the answer is called. */
  hear(hear: Hear): () => void;
}

const Context = createContext<Updates | undefined>(undefined);

/** Keeps what the pages show true while somebody is signed in. */
export function UpdatesProvider({ children }: { children: ReactNode }) {
  const user = useUser();
  const client = useQueryClient();
  const [listeners] = useState(() => new Set<Hear>());
  const [reconnecting, setReconnecting] = useState(false);

  useEffect(() => {
    const stop = new AbortController();
    const merger = new Merger(client);
    let discretion: ReturnType<typeof setTimeout> | undefined;
    const connection = (state: Connection, begins: boolean) => {
      clearTimeout(discretion);
      discretion = undefined;
      if (state === 'open') setReconnecting(false);
      else discretion = setTimeout(() => setReconnecting(true), DISCRETION_MS);
      if (begins) merger.beginAnew();
    };
    void followTogether(
      user.id,
      {
        update: (update) => {
          if (merger.take(update)) for (const hear of listeners) hear(update);
        },
        connection,
        position: () => undefined,
        refused: (token) => session.expire(`Bearer ${token}`),
      },
      { token: () => session.token, signal: stop.signal },
    );
    return () => {
      stop.abort();
      clearTimeout(discretion);
    };
  }, [user.id, client, listeners]);

  const value = useMemo(
    () => ({
      reconnecting,
      hear: (hear: Hear) => {
        listeners.add(hear);
        return () => listeners.delete(hear);
      },
    }),
    [reconnecting, listeners],
  );
  return <Context value={value}>{children}</Context>;
}

export function useUpdates(): Updates {
  const updates = useContext(Context);
  if (updates === undefined) throw new Error('there are no updates outside of UpdatesProvider');
  return updates;
}
