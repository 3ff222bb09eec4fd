import { useSyncExternalStore } from 'react';

import { type SessionState, type User, session } from './session';

export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, () => session.state);
}

/** Who is signed in; for pages behind the sign-in. */
export function useUser(): User {
  const state = useSession();
  if (state.status === 'out') throw new Error('nobody is signed in');
  return state.user;
}
