import type { Page, Request, WebSocket as PageSocket } from "playwright-core";
import type { TrafficFrame } from "../../model/session.ts";
import { serverWords, stanzaFacts } from "./stanzas.ts";

/** Bounds of what is kept of a session's traffic. */
const framesKept = 20_000;
const charactersKept = 32 * 1024 * 1024;
/** Longest frame kept whole; a hostile server may send anything. */
const frameCharacters = 1024 * 1024;

/** An upload: under way, answered with an HTTP status, or failed without an answer the page may see (CORS, connection). */
export type Upload = "under-way" | { readonly status: number } | { readonly error: string };

/** What went over the WebSockets of a page, seen from outside of the client. */
export class Wire {
  readonly #frames: TrafficFrame[] = [];
  #characters = 0;
  #dropped = 0;
  readonly #sent = new Map<string, { readonly order: number; readonly frame: string }>();
  readonly #errors = new Map<string, string>();
  readonly #answered = new Set<string>();
  readonly #notify: () => void;
  /** Stanzas sent since stream management was asked for (XEP-0198, 4: both counters start at 0 there). */
  #order = 0;
  #handled = 0;
  #received = 0;
  /** The server's words for a refused login. */
  loginRefusal: string | undefined;
  /** The server's words when it closed the stream with an error. */
  streamError: string | undefined;
  /** Chromium's words when a WebSocket failed. */
  socketError: string | undefined;
  /** How the last upload went, as Chromium saw it. */
  upload: Upload | undefined;
  presenceSent = false;

  /** `notify` is called after each change, so that waiting conditions can be looked at again. */
  constructor(notify: () => void) {
    this.#notify = notify;
  }

  watch(socket: PageSocket): void {
    socket.on("framesent", ({ payload }) => this.#onSent(payload.toString()));
    socket.on("framereceived", ({ payload }) => this.#onReceived(payload.toString()));
    socket.on("socketerror", (error) => {
      this.socketError = error;
      this.#notify();
    });
  }

  /** Follows uploads of the page (HTTP PUT). */
  watchUploads(page: Page): void {
    const note = (request: Request, upload: Upload): void => {
      if (request.method() !== "PUT") return;
      this.upload = upload;
      this.#notify();
    };
    page.on("request", (request) => note(request, "under-way"));
    page.on("response", (response) => note(response.request(), { status: response.status() }));
    page.on("requestfailed", (request) => note(request, { error: request.failure()?.errorText ?? "no reason given" }));
  }

  /** True as soon as the server said anything. */
  get spoke(): boolean {
    return this.#received > 0;
  }

  frames(): readonly TrafficFrame[] {
    return [...this.#frames];
  }

  /** Frames that were not kept because of the bounds. */
  get dropped(): number {
    return this.#dropped;
  }

  sentStanza(id: string): string | undefined {
    return this.#sent.get(id)?.frame;
  }

  /** The server's words if it answered this stanza with an error. */
  errorFor(id: string): string | undefined {
    return this.#errors.get(id);
  }

  isAcknowledged(id: string): boolean {
    const sent = this.#sent.get(id);
    return sent !== undefined && (sent.order <= this.#handled || this.#answered.has(id));
  }

  /** A stanza was handled: the answer to a later request has come (streams without XEP-0198). */
  markHandled(id: string): void {
    this.#answered.add(id);
    this.#notify();
  }

  #onSent(frame: string): void {
    const facts = stanzaFacts(frame);
    this.#keep("sent", facts?.name === "auth" || facts?.name === "response" ? "[login data]" : frame);
    if (facts === undefined) return;
    if (facts.name === "enable") this.#order = this.#handled = 0;
    if (["message", "presence", "iq"].includes(facts.name)) this.#order += 1;
    if (facts.name === "message" && facts.id !== undefined) this.#sent.set(facts.id, { order: this.#order, frame });
    if (facts.name === "presence" && facts.type === undefined) this.presenceSent = true;
    this.#notify();
  }

  #onReceived(frame: string): void {
    this.#received += 1;
    const facts = stanzaFacts(frame);
    this.#keep("received", frame);
    if (facts?.name === "a" && facts.handled !== undefined) this.#handled = facts.handled;
    if (facts?.name === "failure") this.loginRefusal = serverWords(frame);
    if (facts?.name === "stream:error") this.streamError = serverWords(frame);
    if (facts?.name === "message" && facts.type === "error" && facts.id !== undefined && this.#sent.has(facts.id)) {
      this.#errors.set(facts.id, serverWords(frame));
    }
    this.#notify();
  }

  #keep(direction: TrafficFrame["direction"], frame: string): void {
    const text = frame.length > frameCharacters ? `${frame.slice(0, frameCharacters)}[cut]` : frame;
    if (this.#frames.length >= framesKept || this.#characters + text.length > charactersKept) {
      this.#dropped += 1;
      return;
    }
    this.#characters += text.length;
    this.#frames.push({ direction, at: performance.now(), text });
  }
}
