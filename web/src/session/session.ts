/** A person who is signed in. */
export interface User {
  id: string;
  email: string | null;
  roles: ('auditor' | 'operator')[];
}

interface Stored {
  token: string;
  /** In milliseconds since 1970. */
  expiresAt: number;
  user: User;
}

export type SessionState =
  | { status: 'in'; user: User }
  /** `expired`: the person did not sign out, so they are sent back to where they were. */
  | { status: 'out'; expired: boolean };

const KEY = 'ava.session';

/** Who is signed in in this browser: one session for all its tabs. */
export class Session {
  #stored: Stored | undefined;
  #state: SessionState;
  readonly #storage: Storage;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(storage: Storage, now: () => number = Date.now) {
    this.#storage = storage;
    this.#now = now;
    this.#state = this.#read(false);
  }

  /** Follows what other tabs do. */
  followOtherTabs(window: Window): void {
    window.addEventListener('storage', (event) => {
      if (event.key === KEY || event.key === null) this.#settle(this.#read(false));
    });
  }

  get token(): string | undefined {
    if (this.#stored !== undefined && this.#stored.expiresAt <= this.#now()) this.#end(true);
    return this.#stored?.token;
  }

  get state(): SessionState {
    return this.#state;
  }

  signIn(token: string, expiresInSeconds: number, user: User): void {
    const stored: Stored = { token, expiresAt: this.#now() + expiresInSeconds * 1000, user };
    this.#storage.setItem(KEY, JSON.stringify(stored));
    this.#settle(this.#read(false));
  }

  signOut(): void {
    this.#end(false);
  }

  /** The server no longer accepts the credentials of a request; newer ones than those stay. */
  expire(authorization: string | null): void {
    if (this.#stored !== undefined && authorization === `Bearer ${this.#stored.token}`) this.#end(true);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #end(expired: boolean): void {
    this.#storage.removeItem(KEY);
    this.#settle(this.#read(expired));
  }

  #read(expired: boolean): SessionState {
    clearTimeout(this.#timer);
    const stored = parse(this.#storage.getItem(KEY));
    const left = (stored?.expiresAt ?? 0) - this.#now();
    if (stored === undefined || left <= 0) {
      this.#stored = undefined;
      return { status: 'out', expired: expired || stored !== undefined };
    }
    this.#stored = stored;
    // Browsers count at most 2³¹ - 1 ms.
    this.#timer = setTimeout(() => this.#end(true), Math.min(left, 2 ** 31 - 1));
    return { status: 'in', user: stored.user };
  }

  #settle(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

function parse(text: string | null): Stored | undefined {
  try {
    const stored = JSON.parse(text ?? 'null') as Stored | null;
    return typeof stored?.token === 'string' && typeof stored.user.id === 'string' ? stored : undefined;
  } catch {
    return undefined;
  }
}

export const session = new Session(localStorage);
session.followOtherTabs(window);
