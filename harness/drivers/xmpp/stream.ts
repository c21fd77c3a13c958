import { HarnessError } from "../../model/errors.ts";
import type { SessionEnd } from "../../model/session.ts";
import { AckQueue } from "./acks.ts";
import { connectionTo, errorWords, ns, refusal, takeOver, xml, type Connection, type Element } from "./library.ts";
import { authenticate } from "./sasl.ts";
import { notRead, type Target } from "./secure-socket.ts";
import { StanzaSplitter } from "./stanza-splitter.ts";

// The negotiation (RFC 6120: SASL, bind; XEP-0198) is written out here in the order in which it happens.

/** A session keeps much of what it is given: more than this ends it, or a hostile server could fill the harness's memory. */
const maxReceivedBytes = 128 * 1024 * 1024;
const answerWithinMs = 30_000;

export interface StreamOptions {
  readonly target: Target;
  readonly domain: string;
  readonly name: string;
  readonly password: string;
  readonly withinMs: number;
  readonly resource?: string;
  /** Resumes a stream instead of binding: id and count of handled stanzas of the old one. */
  readonly resume?: { readonly id: string; readonly handled: number };
  /** Called when the login itself begins: TLS stands, the mechanisms are known. */
  readonly onLogin?: () => void;
  /** Called after each element of the login that the server has answered: how long it took to answer, our own computing left out. */
  readonly onExchange?: (tookMs: number) => void;
  readonly onText?: (direction: "sent" | "received", text: string) => void;
}

interface Waiter {
  resolve(element: Element): void;
  reject(error: unknown): void;
  readonly timer: NodeJS.Timeout;
}

const newGuard = (): StanzaSplitter =>
  new StanzaSplitter({ header: () => undefined, element: () => undefined, end: () => undefined });

const isStanza = (name: string): boolean => name === "message" || name === "iq" || name === "presence";

/**
 * A logged-in XMPP stream over verified TLS with stream management where the server has it.
 * All errors are HarnessErrors: `refused`, `deadline`, `disconnected`.
 */
export class XmppStream {
  readonly ended: Promise<SessionEnd>;
  /** Full JID. */
  jid = "";
  /** The stream features after the login, as text. */
  features = "";
  /** Stream management: resumption id, "" if the server gives none. */
  resumeId = "";
  /** Stanzas received since stream management began. */
  handled = 0;
  /** Round trips of the login are over and the server counts stanzas. */
  managed = false;
  resumed = false;
  readonly #entity: Connection;
  readonly #options: StreamOptions;
  readonly #requests = new Map<string, Waiter>();
  readonly #acks = new AckQueue(answerWithinMs, () => this.#deadline("to get an acknowledgement", answerWithinMs));
  readonly #listeners: ((stanza: Element) => void)[] = [];
  readonly #negotiation: Element[] = [];
  #awaited: PromiseWithResolvers<Element> | undefined;
  #negotiating = true;
  #sent = 0;
  /** Looks at every byte before the library does: size, depth, nothing but elements. */
  #guard = newGuard();
  #receivedBytes = 0;
  #nextId = 0;
  #over: HarnessError | undefined;
  #closing = false;
  readonly #end = Promise.withResolvers<SessionEnd>();
  readonly #streamEnd = Promise.withResolvers<void>();
  #streamError: HarnessError | undefined;

  get domain(): string {
    return this.#options.domain;
  }

  get bareJid(): string {
    return `${this.#options.name}@${this.#options.domain}`;
  }

  private constructor(options: StreamOptions) {
    this.#options = options;
    this.ended = this.#end.promise;
    this.#entity = connectionTo(options);
    takeOver(
      this.#entity,
      (element) => this.#onElement(element),
      (data, parse) => this.#onData(data, parse),
    );
    this.#entity.on("error", (error) => this.#finish(error));
    this.#entity.on("close", () => this.#onStreamClosed());
    this.#entity.on("disconnect", () => this.#finish(new Error("the connection was closed")));
  }

  /** Returns when logged in and bound. Throws `refused` with the SASL or stream condition in `context.condition`. */
  static async open(options: StreamOptions): Promise<XmppStream> {
    const stream = new XmppStream(options);
    const timer = setTimeout(
      () => stream.#fail(stream.#deadline("to be logged in", options.withinMs)),
      options.withinMs,
    );
    try {
      await stream.#negotiate();
      stream.#negotiating = false;
      return stream;
    } catch (error) {
      const cause = stream.#over ?? error;
      stream.#fail(cause);
      throw stream.#asHarnessError(cause);
    } finally {
      clearTimeout(timer);
    }
  }

  async #negotiate(): Promise<void> {
    const { domain, name, password } = this.#options;
    await this.#live(this.#entity.connect("xmpp://lab"));
    await this.#live(this.#entity.open({ domain }));
    const offered = await this.#next();
    this.#options.onLogin?.();
    await authenticate(offered, {
      name,
      password,
      binding: this.#entity.socket?.channelBinding(),
      exchange: async (element) => {
        const sentAt = performance.now();
        await this.#write(element.toString());
        const answer = await this.#next();
        this.#options.onExchange?.(performance.now() - sentAt);
        return answer;
      },
    });
    this.#guard = newGuard();
    await this.#live(this.#entity.restart());
    const features = await this.#next();
    this.features = features.toString();
    if (this.#options.resume !== undefined && (await this.#resume(this.#options.resume))) return;
    this.jid = await this.#bind();
    if (features.getChild("sm", ns.sm) !== undefined) await this.#manage();
  }

  async #bind(): Promise<string> {
    const { resource } = this.#options;
    const bind = xml("bind", { xmlns: ns.bind }, ...(resource === undefined ? [] : [xml("resource", {}, resource)]));
    const answer = await this.#exchange(xml("iq", { type: "set", id: "bind" }, bind));
    const jid = answer.getChild("bind", ns.bind)?.getChildText("jid");
    if (typeof jid !== "string") throw refusal("a bound resource", answer.getChild("error"));
    return jid;
  }

  async #manage(): Promise<void> {
    const answer = await this.#exchange(xml("enable", { xmlns: ns.sm, resume: "true" }));
    if (!answer.is("enabled", ns.sm)) return;
    this.managed = true;
    this.resumeId = String(answer.attrs["id"] ?? "");
  }

  async #resume(old: { readonly id: string; readonly handled: number }): Promise<boolean> {
    const answer = await this.#exchange(xml("resume", { xmlns: ns.sm, previd: old.id, h: String(old.handled) }));
    this.resumed = answer.is("resumed", ns.sm);
    if (this.resumed) {
      this.managed = true;
      this.handled = old.handled;
    }
    return this.resumed;
  }

  async #exchange(element: Element): Promise<Element> {
    await this.#write(element.toString());
    return this.#next();
  }

  /** The next element of the negotiation; a stream error or a lost connection rejects. */
  #next(): Promise<Element> {
    const waiting = this.#negotiation.shift();
    if (waiting !== undefined) return Promise.resolve(waiting);
    if (this.#over !== undefined) return Promise.reject(this.#over);
    this.#awaited = Promise.withResolvers<Element>();
    return this.#awaited.promise;
  }

  /** The library's own promises do not notice our end of the connection: the first of the two counts. */
  #live<T>(step: Promise<T>): Promise<T> {
    const lost = this.ended.then(({ error }) => Promise.reject(error ?? new Error("closed")));
    lost.catch(() => {});
    return Promise.race([step, lost]);
  }

  #onData(data: Buffer, parse: (data: Buffer) => void): void {
    // The library goes on reading what was in its hands when the connection ended.
    if (this.#over !== undefined) return;
    this.#receivedBytes += data.length;
    if (this.#receivedBytes > maxReceivedBytes) {
      this.#fail(new HarnessError("disconnected", "expected at most 128 MiB in one session, got more"));
      return;
    }
    try {
      this.#guard.push(data.toString("latin1"));
      if (!this.#negotiating) this.#options.onText?.("received", data.toString("utf8"));
      parse(data);
    } catch (error) {
      // The parser throws for entities that XMPP does not know; nobody else would catch it, and the process would end.
      this.#fail(error);
    }
  }

  #onElement(element: Element): void {
    const name = element.name;
    if (isStanza(name)) {
      this.#countHandled();
      if (!this.#negotiating) return this.#onStanza(element);
    } else if (name === "r" && element.attrs["xmlns"] === ns.sm) {
      return void this.#write(`<a xmlns='${ns.sm}' h='${this.handled}'/>`).catch(() => {});
    } else if (name === "a" && element.attrs["xmlns"] === ns.sm) {
      return this.#acks.acknowledge(Number(element.attrs["h"]));
    } else if (name === "stream:error") {
      return this.#onStreamError(element);
    }
    if (!this.#negotiating) return;
    const awaited = this.#awaited;
    this.#awaited = undefined;
    if (awaited !== undefined) awaited.resolve(element);
    else this.#negotiation.push(element);
  }

  #onStanza(stanza: Element): void {
    const id = String(stanza.attrs["id"] ?? "");
    const type = stanza.attrs["type"];
    if (stanza.name === "iq") {
      if (type === "result" || type === "error") return this.#onAnswer(id, stanza);
      return this.#onRequest(stanza);
    }
    for (const listener of this.#listeners) listener(stanza);
  }

  #onAnswer(id: string, stanza: Element): void {
    const waiter = this.#requests.get(id);
    if (waiter === undefined) return;
    this.#requests.delete(id);
    clearTimeout(waiter.timer);
    waiter.resolve(stanza);
  }

  /** RFC 6120 8.2.3: every request gets an answer; we serve pings only, and listeners see roster pushes. */
  #onRequest(stanza: Element): void {
    const { id, from } = stanza.attrs as Record<string, string>;
    const served = stanza.getChild("ping", "urn:xmpp:ping") !== undefined || stanza.attrs["type"] === "set";
    const answer = xml("iq", {
      type: served ? "result" : "error",
      id: id ?? "",
      ...(from === undefined ? {} : { to: from }),
    });
    if (!served) answer.append(xml("error", { type: "cancel" }, xml("service-unavailable", { xmlns: ns.stanzas })));
    this.send(answer).catch(() => {});
    for (const listener of this.#listeners) listener(stanza);
  }

  #onStreamError(element: Element): void {
    const { condition, text } = errorWords(element);
    const words = `the server ended the stream: ${condition}${text === "" ? "" : ` (${text})`}`;
    const code = this.#negotiating ? "refused" : "disconnected";
    this.#streamError = new HarnessError(code, words, { context: { condition, text } });
    this.#fail(this.#streamError);
  }

  #onStreamClosed(): void {
    this.#streamEnd.resolve();
    if (!this.#closing) this.#finish(new Error("the server closed the stream"));
  }

  #asHarnessError(error: unknown): HarnessError {
    if (error instanceof HarnessError) return error;
    const reason = error instanceof Error ? error.message : String(error);
    return new HarnessError(
      "disconnected",
      `the connection of ${this.#options.name}@${this.#options.domain} was lost: ${reason}`,
      {
        cause: error,
      },
    );
  }

  #deadline(what: string, withinMs: number): HarnessError {
    return new HarnessError(
      "deadline",
      `expected ${this.#options.name}@${this.#options.domain} ${what} within ${withinMs} ms, got no answer`,
    );
  }

  #fail(error: unknown): void {
    this.#finish(error);
    this.#entity.socket?.destroy();
  }

  /** The one end of everything: settles `ended` and rejects what is still pending. */
  #finish(reason: unknown): void {
    if (this.#over !== undefined) return;
    const error = this.#asHarnessError(this.#streamError ?? reason);
    this.#over = error;
    this.#streamEnd.resolve();
    this.#awaited?.reject(error);
    for (const waiter of this.#requests.values()) {
      clearTimeout(waiter.timer);
      waiter.reject(error);
    }
    this.#requests.clear();
    this.#acks.fail(error);
    this.#end.resolve({ at: performance.now(), ...(this.#closing ? {} : { error }) });
  }

  async #write(text: string): Promise<void> {
    if (this.#over !== undefined) throw this.#over;
    if (!this.#negotiating) this.#options.onText?.("sent", text);
    const socket = this.#entity.socket;
    if (socket === null) throw this.#asHarnessError(new Error("no connection"));
    socket.write(text);
    const clogged = notRead(socket.waitingBytes, this.#options.domain);
    if (clogged !== undefined) this.#fail(clogged);
  }

  /** Called for every message, presence and iq request. */
  onStanza(listener: (stanza: Element) => void): () => void {
    this.#listeners.push(listener);
    return () => {
      const index = this.#listeners.indexOf(listener);
      if (index >= 0) this.#listeners.splice(index, 1);
    };
  }

  /** Hands a stanza to the connection; the server has not answered for it yet. */
  async send(stanza: Element): Promise<void> {
    this.#sent = (this.#sent + 1) >>> 0;
    await this.#write(stanza.toString());
  }

  /**
   * Sends serialised stanzas and returns the monotonic time at which the server acknowledged them (XEP-0198). Without
   * stream management a ping behind them does it: a server handles the stanzas of a stream in order (RFC 6120, 10.1).
   */
  async sendAcknowledged(text: string): Promise<number> {
    if (!this.managed) {
      await this.#write(text);
      await this.ping();
      return performance.now();
    }
    this.#sent = (this.#sent + 1) >>> 0;
    const sequence = this.#sent;
    await this.#write(`${text}<r xmlns='${ns.sm}'/>`);
    if (this.#over !== undefined) throw this.#over;
    return this.#acks.add(sequence);
  }

  #countHandled(): void {
    if (this.managed) this.handled = (this.handled + 1) >>> 0;
  }

  freshId(): string {
    this.#nextId += 1;
    return `b${this.#nextId.toString(36)}`;
  }

  /** Sends an iq and gives the answer, result or error. Throws `deadline` after 30 s or the time given. */
  async exchange(
    type: "get" | "set",
    to: string | undefined,
    child: Element,
    withinMs = answerWithinMs,
  ): Promise<Element> {
    const id = this.freshId();
    const { promise, resolve, reject } = Promise.withResolvers<Element>();
    const timer = setTimeout(() => {
      this.#requests.delete(id);
      reject(this.#deadline(`to get an answer to ${child.name}`, withinMs));
    }, withinMs);
    this.#requests.set(id, { resolve, reject, timer });
    try {
      await this.send(xml("iq", { type, id, ...(to === undefined ? {} : { to }) }, child));
    } catch (error) {
      clearTimeout(timer);
      this.#requests.delete(id);
      throw error;
    }
    return promise;
  }

  /** As {@link exchange}, but an error answer throws `refused` with its condition in `context.condition`. */
  async request(
    type: "get" | "set",
    to: string | undefined,
    child: Element,
    withinMs = answerWithinMs,
  ): Promise<Element> {
    const answer = await this.exchange(type, to, child, withinMs);
    if (answer.attrs["type"] === "error") {
      throw refusal(`${to ?? this.#options.domain} to answer ${child.name}`, answer.getChild("error"));
    }
    return answer;
  }

  /** XEP-0199 to the own server; an error answer such as feature-not-implemented is an answer all the same. */
  async ping(): Promise<void> {
    const answer = await this.exchange("get", this.#options.domain, xml("ping", { xmlns: "urn:xmpp:ping" }));
    const { condition } = errorWords(answer.getChild("error"));
    if (
      answer.attrs["type"] !== "error" ||
      condition === "feature-not-implemented" ||
      condition === "service-unavailable"
    )
      return;
    throw refusal("an answer to a ping", answer.getChild("error"));
  }

  /** Drops the connection without closing the stream, as a crash would: the server keeps a resumable stream. */
  drop(): void {
    this.#closing = true;
    this.#fail(new Error("dropped by us"));
  }

  /** Closes the stream politely; waits at most 2 s for the server. Never throws. */
  async close(): Promise<void> {
    if (this.#over !== undefined) return;
    this.#closing = true;
    await this.#write("</stream:stream>").catch(() => {});
    const timer = setTimeout(() => this.#streamEnd.resolve(), 2_000);
    await this.#streamEnd.promise;
    clearTimeout(timer);
    this.#fail(new Error("closed by us"));
  }
}
