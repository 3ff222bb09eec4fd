import type { Message } from '@/api/client';
import { isUncertain, pause } from '@/api/intent';

/** Something that was written and is not known to have arrived. */
export interface Letter {
  /** Its idempotency key: however often it is sent, it arrives once. */
  key: string;
  text: string;
  /** The newest message when it was written: what it becomes is newer. */
  after: string;
  /** Why it was refused; it is on its way while there is none. */
  error?: Error;
}

export interface OutboxParts {
  storage: Storage;
  /** Whose letters they are. */
  user: string;
  send: (letter: Letter) => Promise<Message>;
  arrived: (message: Message) => void;
  wait?: (ms: number) => Promise<unknown>;
  newKey?: () => string;
}

/**
 * What was written, until it has arrived: sent one after the other, again and again while the connection is away, and
 * also after a reload.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #storageKey: string;
  readonly #listeners = new Set<() => void>();
  #letters: readonly Letter[];
  #sending = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#storageKey = `ava.outbox.${parts.user}`;
    this.#letters = this.#kept();
    void this.#sendAll();
  }

  get letters(): readonly Letter[] {
    return this.#letters;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  write(text: string, after: string): void {
    const key = (this.#parts.newKey ?? (() => crypto.randomUUID()))();
    this.#set([...this.#letters, { key, text, after }]);
    void this.#sendAll();
  }

  /** Sends a refused letter again. */
  again(key: string): void {
    const renewed = ({ key: own, text, after }: Letter): Letter => ({ key: own, text, after });
    this.#set(this.#letters.map((letter) => (letter.key === key ? renewed(letter) : letter)));
    void this.#sendAll();
  }

  discard(key: string): void {
    this.#set(this.#letters.filter((letter) => letter.key !== key));
  }

  async #sendAll(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    let failures = 0;
    for (;;) {
      const letter = this.#letters.find(({ error }) => error === undefined);
      if (letter === undefined) break;
      try {
        const message = await this.#parts.send(letter);
        failures = 0;
        // Both at once, so that it is never shown twice.
        this.#parts.arrived(message);
        this.discard(letter.key);
      } catch (error) {
        if (isUncertain(error)) {
          await (this.#parts.wait ?? later)(pause(Math.min(failures, 4), error));
          failures += 1;
        } else {
          const refused = { ...letter, error: error instanceof Error ? error : new Error(String(error)) };
          this.#set(this.#letters.map((one) => (one.key === letter.key ? refused : one)));
        }
      }
    }
    this.#sending = false;
  }

  #set(letters: readonly Letter[]): void {
    this.#letters = letters;
    const kept = letters.map(({ key, text, after }) => ({ key, text, after }));
    if (kept.length === 0) this.#parts.storage.removeItem(this.#storageKey);
    else this.#parts.storage.setItem(this.#storageKey, JSON.stringify(kept));
    for (const listener of this.#listeners) listener();
  }

  #kept(): Letter[] {
    try {
      return JSON.parse(this.#parts.storage.getItem(this.#storageKey) ?? '[]') as Letter[];
    } catch {
      return [];
    }
  }
}

/** The letters that are not among the messages yet: an update may tell of one before its answer is here. */
export function notArrived(letters: readonly Letter[], messages: readonly Message[]): Letter[] {
  const taken = new Set<string>();
  return letters.filter((letter) => {
    const same = messages.find(
      ({ id, role, text }) => role === 'user' && id > letter.after && text === letter.text.trim() && !taken.has(id),
    );
    if (same !== undefined) taken.add(same.id);
    return same === undefined;
  });
}

function later(ms: number): Promise<unknown> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener('online', done);
      resolve(undefined);
    };
    const timer = setTimeout(done, ms);
    window.addEventListener('online', done);
  });
}
