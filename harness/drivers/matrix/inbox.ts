import { HarnessError } from "../../model/errors.ts";
import type { Deadline } from "../../model/session.ts";

/** Bound on what a candidate can make us keep. */
const limit = 100_000;

interface Waiter {
  /** True when there is nothing more to wait for. */
  look(): boolean;
  fail(error: Error): void;
}

/** Waits for conditions that may become true whenever something arrives; fails all of them when the session ends. */
export class Condition {
  readonly #waiters = new Set<Waiter>();
  #ended: Error | undefined;

  /** Something changed. */
  changed(): void {
    for (const waiter of this.#waiters) if (waiter.look()) this.#waiters.delete(waiter);
  }

  end(error: Error): void {
    this.#ended ??= error;
    for (const waiter of this.#waiters) waiter.fail(this.#ended);
    this.#waiters.clear();
  }

  /** The first value other than undefined. What is already there counts even after the end. */
  until<T>(deadline: Deadline, check: () => T | undefined): Promise<T> {
    const now = check();
    if (now !== undefined) return Promise.resolve(now);
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        reject(error);
      };
      const timer = setTimeout(
        () => fail(new HarnessError("deadline", `waited ${deadline.withinMs} ms for ${deadline.what}`)),
        deadline.withinMs,
      );
      const look = (): boolean => {
        const value = check();
        if (value === undefined) return false;
        clearTimeout(timer);
        resolve(value);
        return true;
      };
      const waiter: Waiter = { look, fail };
      this.#waiters.add(waiter);
    });
  }
}

/** Everything that arrived, in order, bounded. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #condition: Condition;

  constructor(condition: Condition) {
    this.#condition = condition;
  }

  add(item: T): void {
    if (this.#items.length < limit) this.#items.push(item);
    this.#condition.changed();
  }

  all(): readonly T[] {
    return this.#items;
  }

  /** The first item, there or still to come. Looks at each item once. */
  first(predicate: (item: T) => boolean, deadline: Deadline): Promise<T> {
    let next = 0;
    return this.#condition.until(deadline, () => {
      for (; next < this.#items.length; next += 1) {
        const item = this.#items[next];
        if (item !== undefined && predicate(item)) return item;
      }
      return undefined;
    });
  }
}
