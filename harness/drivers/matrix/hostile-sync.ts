import type { Json } from "./client-api.ts";

/**
 * Hostile stand-in of a server, in front of one client: while an event waits here, the client's next sync is answered with it
 * instead of by the server. The client asks again with the same token, so nothing of the real server is lost.
 */
export class HostileSync {
  #waiting: { readonly roomId: string; readonly event: Json } | undefined;
  #wake: (() => void) | undefined;

  put(roomId: string, event: Json): void {
    this.#waiting = { roomId, event };
    this.#wake?.();
  }

  /** True when the last event was handed out. */
  get taken(): boolean {
    return this.#waiting === undefined;
  }

  /** Never settles for requests other than a sync with a token. */
  async answerTo(address: string): Promise<Response> {
    const url = new URL(address);
    const since = url.searchParams.get("since");
    if (!url.pathname.endsWith("/sync") || since === null) return new Promise(() => undefined);
    if (this.#waiting === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const { roomId, event } = this.#waiting ?? { roomId: "", event: {} };
    this.#waiting = undefined;
    const timeline = { events: [event], limited: false, prev_batch: since };
    return Response.json({ next_batch: since, rooms: { join: { [roomId]: { timeline } } } });
  }
}
