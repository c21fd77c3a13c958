import type { Json } from "./client-api.ts";

const keyFields = ["device_one_time_keys_count", "device_unused_fallback_key_types"];

/** One sync that may be answered by the stand-in. */
export interface Turn {
  /** Never settles for requests other than a sync with a token, nor after {@link withdraw}. */
  readonly answer: Promise<Response>;
  /** The real server has answered: what waits is kept for the next sync, or it would be handed to nobody. */
  withdraw(): void;
}

/**
 * Hostile stand-in of a server, in front of one client: while an event waits here, the client's next sync is answered with it
 * instead of by the server. The client asks again with the same token, so nothing of the real server is lost.
 */
export class HostileSync {
  #waiting: { readonly roomId: string; readonly event: Json } | undefined;
  #open: { readonly since: string; readonly resolve: (answer: Response) => void } | undefined;
  #keys: Json = {};

  put(roomId: string, event: Json): void {
    this.#waiting = { roomId, event };
    this.#hand();
  }

  /**
   * Takes over what the server last said about this device's keys on the server. An answer without the count means that none are
   * left (client-server, extensions to /sync), and the client would upload fifty more each time, up to Synapse's limit of 500.
   */
  async learnFrom(sync: Response): Promise<void> {
    // A failed or broken answer is the client's to see.
    const answer: unknown = await sync
      .clone()
      .json()
      .catch(() => undefined);
    if (typeof answer !== "object" || answer === null) return;
    const said = Object.entries(answer).filter(([name]) => keyFields.includes(name));
    this.#keys = { ...this.#keys, ...Object.fromEntries(said) };
  }

  /** True when the last event was handed out. */
  get taken(): boolean {
    return this.#waiting === undefined;
  }

  turn(address: string): Turn {
    const url = new URL(address);
    const since = url.searchParams.get("since");
    const { promise, resolve } = Promise.withResolvers<Response>();
    if (!url.pathname.endsWith("/sync") || since === null) return { answer: promise, withdraw: () => undefined };
    const open = { since, resolve };
    this.#open = open;
    this.#hand();
    return { answer: promise, withdraw: () => void (this.#open === open && (this.#open = undefined)) };
  }

  #hand(): void {
    if (this.#waiting === undefined || this.#open === undefined) return;
    const { roomId, event } = this.#waiting;
    const { since, resolve } = this.#open;
    this.#waiting = this.#open = undefined;
    const timeline = { events: [event], limited: false, prev_batch: since };
    resolve(Response.json({ ...this.#keys, next_batch: since, rooms: { join: { [roomId]: { timeline } } } }));
  }
}
