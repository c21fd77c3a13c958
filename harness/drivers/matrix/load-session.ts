import { HarnessError, hasCode } from "../../model/errors.ts";
import type { Conversation, LoadSession, Milliseconds, SessionEnd } from "../../model/session.ts";
import { roomPath, textOf, type ClientApi, type Json } from "./client-api.ts";

/** Only messages: the cheapest sync a client can ask for. 100 is Synapse's own bound per room (filter_timeline_limit). */
const filter = encodeURIComponent(
  JSON.stringify({
    presence: { types: [] },
    account_data: { types: [] },
    room: {
      timeline: { limit: 100, types: ["m.room.message"] },
      state: { types: [] },
      ephemeral: { types: [] },
      account_data: { types: [] },
    },
  }),
);
const pollMs = 30_000;
const answerMs = 90_000;
/** A server under load may drop a sync; more failures than this in a row are a lost connection. */
const maxFailures = 10;
const retryMs = 200;

/** HTTP only: a PUT per message and one long poll. */
export class MatrixLoadSession implements LoadSession {
  readonly address: string;
  readonly ended: Promise<SessionEnd>;
  readonly #api: ClientApi;
  readonly #stop = new AbortController();
  readonly #rooms = new Map<string, Promise<Conversation>>();
  #listener: (body: string, at: Milliseconds) => void = () => undefined;
  #end: (end: SessionEnd) => void = () => undefined;
  #since = "";

  constructor(api: ClientApi, address: string) {
    this.#api = api;
    this.address = address;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    api.onLoggedOut = (error) => this.#finish(error);
  }

  /** Returns after the first sync; from then on messages arrive. */
  async start(): Promise<void> {
    await this.#sync(0);
    void this.#loop();
  }

  /** The side with the smaller address makes the room and lets both in; both calls share that one room. */
  prepare(peer: LoadSession): Promise<Conversation> {
    if (!(peer instanceof MatrixLoadSession)) {
      return Promise.reject(
        new HarnessError("harness-fault", "expected a Matrix load session as peer, got another kind"),
      );
    }
    const [first, second] = this.address < peer.address ? [this, peer] : [peer, this];
    const known = first.#rooms.get(second.address);
    if (known !== undefined) return known;
    const made = first.#makeRoom(second);
    first.#rooms.set(second.address, made);
    return made;
  }

  async send(conversation: Conversation, body: string): Promise<Milliseconds> {
    await this.#api.sendEvent(conversation.id, "m.room.message", { msgtype: "m.text", body });
    return performance.now();
  }

  onMessage(listener: (body: string, at: Milliseconds) => void): void {
    this.#listener = listener;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#finish();
    return Promise.resolve();
  }

  async #makeRoom(peer: MatrixLoadSession): Promise<Conversation> {
    const id = await this.#api.createRoom({ preset: "trusted_private_chat", is_direct: true, invite: [peer.address] });
    await peer.#api.joinRoom(id, [this.address.split(":").slice(1).join(":")]);
    return { kind: "direct", id };
  }

  async #loop(): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted;) {
      try {
        await this.#sync(pollMs);
        failures = 0;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        failures += 1;
        if (hasCode(error, "refused") || failures > maxFailures) return this.#finish(error as Error);
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  async #sync(waitMs: number): Promise<void> {
    const since = this.#since === "" ? "" : `&since=${encodeURIComponent(this.#since)}`;
    const answer = await this.#api.call({
      path: `/_matrix/client/v3/sync?filter=${filter}&timeout=${waitMs}${since}`,
      timeoutMs: answerMs,
      signal: this.#stop.signal,
    });
    const at = performance.now();
    const isFirst = this.#since === "";
    const before = this.#since;
    this.#since = textOf(answer["next_batch"]);
    if (isFirst) return;
    const { join = {} } = (answer["rooms"] ?? {}) as { join?: Readonly<Record<string, SyncedRoom>> };
    for (const [roomId, { timeline }] of Object.entries(join)) {
      if (timeline?.limited === true) await this.#fill(roomId, timeline, before);
      for (const event of timeline?.events ?? []) this.#show(event, at);
    }
  }

  /** Messages between two syncs that did not fit into the second. */
  async #fill(roomId: string, timeline: Timeline, since: string): Promise<void> {
    const from = encodeURIComponent(timeline.prev_batch ?? "");
    const path = `${roomPath(roomId)}/messages?dir=b&limit=1000&from=${from}&to=${encodeURIComponent(since)}`;
    const { chunk } = await this.#api.call({ path, signal: this.#stop.signal });
    const events = Array.isArray(chunk) ? (chunk as readonly Json[]) : [];
    for (const event of events.toReversed()) this.#show(event, performance.now());
  }

  #show(event: Json, at: Milliseconds): void {
    const { body } = (event["content"] ?? {}) as { body?: unknown };
    const isMessage = event["type"] === "m.room.message" && typeof body === "string";
    if (isMessage && event["sender"] !== this.address) this.#listener(body, at);
  }

  #finish(error?: Error): void {
    this.#end({ at: performance.now(), ...(error === undefined ? {} : { error }) });
    this.#stop.abort();
  }
}

interface Timeline {
  readonly events?: readonly Json[];
  readonly limited?: boolean;
  readonly prev_batch?: string;
}

interface SyncedRoom {
  readonly timeline?: Timeline;
}
