/** How long after a command reads wait for it: by then every read model has long seen it. */
const MEMORY_MS = 30_000;

/** The newest position of the event log that this page knows of: reads say that they want to have seen it. */
export class Positions {
  #newest = 0;
  #heardAt = 0;
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** A command, or an update, told of this position. */
  saw(position: number): void {
    if (!Number.isSafeInteger(position) || position < this.#newest) return;
    this.#newest = position;
    this.#heardAt = this.#now();
  }

  /** What a read should wait for; none when nothing happened lately. */
  get toAwait(): number | undefined {
    return this.#newest > 0 && this.#now() - this.#heardAt < MEMORY_MS ? this.#newest : undefined;
  }

  forget(): void {
    this.#newest = 0;
  }
}
