import { HarnessError } from "../../model/errors.ts";
import type { Deadline, SessionEnd } from "../../model/session.ts";

interface Waiting {
  check(): void;
  fail(error: unknown): void;
}

/** Waits for conditions on a session's state: checked at every change, ended by deadline or by the session's end. */
export class Watch {
  readonly #waiting = new Set<Waiting>();
  #over: HarnessError | undefined;

  constructor(ended: Promise<SessionEnd>, who: string) {
    void this.#watchEnd(ended, who);
  }

  async #watchEnd(ended: Promise<SessionEnd>, who: string): Promise<void> {
    const { error } = await ended;
    this.#over =
      error instanceof HarnessError ? error : new HarnessError("disconnected", `the session of ${who} was closed`);
    for (const waiting of this.#waiting) waiting.fail(this.#over);
  }

  /** Call after each change of what conditions look at. */
  changed(): void {
    for (const waiting of this.#waiting) waiting.check();
  }

  /** The first value of `check` that is not undefined. Throws `deadline` with the sentence, or `disconnected`. */
  until<T>(deadline: Deadline, check: () => T | undefined): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const tryNow = (): void => {
      try {
        const value = check();
        if (value !== undefined) resolve(value);
      } catch (error) {
        reject(error);
      }
    };
    const waiting: Waiting = { check: tryNow, fail: reject };
    this.#waiting.add(waiting);
    const timer = setTimeout(
      () =>
        reject(new HarnessError("deadline", `expected ${deadline.what} within ${deadline.withinMs} ms, got nothing`)),
      deadline.withinMs,
    );
    tryNow();
    if (this.#over !== undefined) reject(this.#over);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(waiting);
    });
  }
}
