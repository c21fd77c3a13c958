import type { Deadline, ReceivedMessage } from "../model/session.ts";
import type { Conditions } from "./conditions.ts";

/** Bound on what a candidate can make us keep. */
const limit = 100_000;

/** Every message that arrived, in order, bounded. */
export class Inbox {
  readonly #messages: ReceivedMessage[] = [];
  readonly #conditions: Conditions;

  constructor(conditions: Conditions) {
    this.#conditions = conditions;
  }

  add(message: ReceivedMessage): void {
    if (this.#messages.length < limit) this.#messages.push(message);
    this.#conditions.changed();
  }

  all(): readonly ReceivedMessage[] {
    return [...this.#messages];
  }

  /** The first message, there or still to come. Looks at each message once. Throws `deadline` or the session's end. */
  first(predicate: (message: ReceivedMessage) => boolean, deadline: Deadline): Promise<ReceivedMessage> {
    let next = 0;
    return this.#conditions.until(deadline, () => {
      for (; next < this.#messages.length; next += 1) {
        const message = this.#messages[next];
        if (message !== undefined && predicate(message)) return message;
      }
      return undefined;
    });
  }
}
