import { HarnessError } from "../model/errors.ts";
import type { Deadline, SessionEnd } from "../model/session.ts";

/** Conditions on a session's state that are looked at again whenever something happened; its end ends all of them. */
export class Conditions {
  readonly #looks = new Set<() => void>();
  #fault: Error | undefined;

  /** Looks at every waiting condition again. */
  readonly changed = (): void => {
    for (const look of this.#looks) look();
  };

  /** From now on waiting ends with this error, unless the condition already holds. The first one stays. */
  fail(error: Error): void {
    this.#fault ??= error;
    this.changed();
  }

  /** Waiting ends with the session of `who`: with its error, or with `disconnected` where it was closed. */
  async failAfter(ended: Promise<SessionEnd>, who: string): Promise<void> {
    const { error } = await ended;
    const known = error instanceof HarnessError ? error : undefined;
    this.fail(known ?? new HarnessError("disconnected", `the session of ${who} was closed`, { cause: error }));
  }

  get fault(): Error | undefined {
    return this.#fault;
  }

  /** The first value other than undefined that `check` gives. Throws what it throws, the fault, or `deadline`. */
  until<T>(deadline: Deadline, check: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.#looks.delete(look);
        settle();
      };
      const look = (): void => {
        try {
          const value = check();
          if (value !== undefined) end(() => resolve(value));
          else if (this.#fault !== undefined) end(() => reject(this.#fault ?? new Error("unknown fault")));
        } catch (error) {
          end(() => reject(error instanceof Error ? error : new Error(String(error))));
        }
      };
      const timer = setTimeout(() => end(() => reject(elapsed(deadline))), deadline.withinMs);
      this.#looks.add(look);
      look();
    });
  }
}

/** The error of a wait of ours that ran out. */
export const elapsed = (deadline: Deadline): HarnessError =>
  new HarnessError("deadline", `Waited ${deadline.withinMs} ms for this, it did not come: ${deadline.what}`);
