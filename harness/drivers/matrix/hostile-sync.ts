import type { Json } from "./client-api.ts";

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

  put(roomId: string, event: Json): void {
    this.#waiting = { roomId, event };
    this.#hand();
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
    resolve(Response.json({ next_batch: since, rooms: { join: { [roomId]: { timeline } } } }));
  }
}
