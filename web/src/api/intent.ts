import { RequestFailed } from './problem';

/**
 * What a person wants, from the first try until it is known what became of it. All tries of one intent carry one
 * `Idempotency-Key`, so that it takes effect once, however often the connection breaks.
 */
export class Intents {
  readonly #open = new Map<string, string>();
  readonly #newKey: () => string;

  constructor(newKey: () => string = () => crypto.randomUUID()) {
    this.#newKey = newKey;
  }

  /** The key under which to ask for this. */
  keyFor(wish: unknown): string {
    const name = JSON.stringify([wish]);
    const key = this.#open.get(name) ?? this.#newKey();
    this.#open.set(name, key);
    return key;
  }

  /** It is known what became of it: asking for the same again is a new intent. An uncertain failure keeps it open. */
  settle(wish: unknown, failure?: unknown): void {
    if (failure !== undefined && isUncertain(failure)) return;
    this.#open.delete(JSON.stringify([wish]));
  }
}

/** Whether the request may have taken effect, or may do so when it is sent again. */
export function isUncertain(failure: unknown): boolean {
  return failure instanceof RequestFailed && failure.isUncertain;
}

/** How long to wait before try number `failures`, in milliseconds; what the server says counts. */
export function pause(failures: number, failure: unknown, random: () => number = Math.random): number {
  const told = failure instanceof RequestFailed ? failure.retryAfter : undefined;
  if (told !== undefined) return Math.min(told, 30) * 1000;
  return Math.min(500 * 2 ** failures, 8000) * (0.5 + random() / 2);
}
