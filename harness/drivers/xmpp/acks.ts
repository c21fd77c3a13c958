/** A stanza whose acknowledgement is awaited. */
interface Waiting {
  readonly sequence: number;
  readonly since: number;
  resolve(at: number): void;
  reject(error: unknown): void;
}

/** Stanzas that wait for the server's word (XEP-0198), in the order in which they were sent; one timer for all of them. */
export class AckQueue {
  readonly #withinMs: number;
  readonly #tooLate: () => Error;
  #waiting: Waiting[] = [];
  /** Those before this index are settled. */
  #head = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(withinMs: number, tooLate: () => Error) {
    this.#withinMs = withinMs;
    this.#tooLate = tooLate;
  }

  /** Resolves with the monotonic time of the acknowledgement that covers the stanza. */
  add(sequence: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ sequence, since: performance.now(), resolve, reject });
      this.#timer ??= setTimeout(() => this.#expire(), this.#withinMs);
    });
  }

  /** Counters wrap at 2^32, so the difference decides (XEP-0198, 5). */
  acknowledge(handled: number): void {
    const at = performance.now();
    this.#settle(
      ({ sequence }) => (handled - sequence) >>> 0 <= 0x7f_ff_ff_ff,
      (each) => each.resolve(at),
    );
  }

  fail(error: unknown): void {
    this.#settle(
      () => true,
      (each) => each.reject(error),
    );
  }

  #expire(): void {
    this.#timer = undefined;
    const limit = performance.now() - this.#withinMs;
    // A timer may fire a moment early.
    this.#settle(
      ({ since }) => since <= limit + 1,
      (each) => each.reject(this.#tooLate()),
    );
    const next = this.#waiting[this.#head];
    if (next !== undefined) this.#timer = setTimeout(() => this.#expire(), next.since - limit);
  }

  #settle(covered: (each: Waiting) => boolean, settle: (each: Waiting) => void): void {
    for (
      let first = this.#waiting[this.#head];
      first !== undefined && covered(first);
      first = this.#waiting[this.#head]
    ) {
      this.#head += 1;
      settle(first);
    }
    if (this.#head < this.#waiting.length) return;
    this.#waiting = [];
    this.#head = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
