import type net from "node:net";
import type tls from "node:tls";
import { HarnessError } from "../../model/errors.ts";
import type { SessionEnd } from "../../model/session.ts";
import { AckQueue } from "./acks.ts";
import { errorWords, ns, parseElement, refusal, xml, type Element } from "./library.ts";
import { PacedWriter } from "./paced-writer.ts";
import { authenticate } from "./sasl.ts";
import { bindingOf, notRead, openSecure, streamHeader, type Target } from "./secure-socket.ts";
import { StanzaSplitter } from "./stanza-splitter.ts";
import { readStanza } from "./stanza-text.ts";

// The library's connection costs a load generator more than TLS itself: per login some forty objects with listeners and
// timers, per stanza a tree. Here the stream is text; only what is rare (features, SASL, iq, errors) becomes elements.

const answerWithinMs = 30_000;

export interface LoadStreamOptions {
  readonly target: Target;
  readonly domain: string;
  readonly name: string;
  readonly password: string;
  readonly withinMs: number;
  onMessage(type: string | undefined, body: string | undefined): void;
}

/** A logged-in stream that is online, for load. All errors are HarnessErrors: `refused`, `deadline`, `disconnected`. */
export class LoadStream {
  readonly ended: Promise<SessionEnd>;
  readonly #options: LoadStreamOptions;
  readonly #end = Promise.withResolvers<SessionEnd>();
  readonly #streamEnd = Promise.withResolvers<void>();
  readonly #acks = new AckQueue(answerWithinMs, () => this.#deadline("to get an acknowledgement", answerWithinMs));
  readonly #writer = new PacedWriter({
    write: (text) => this.#write(text),
    handled: () => this.#handled,
    ask: () => this.#ask(),
  });
  #raw: net.Socket | undefined;
  #socket: tls.TLSSocket | undefined;
  #splitter = this.#newSplitter();
  #negotiation: Element[] = [];
  #awaited: PromiseWithResolvers<Element> | undefined;
  #negotiating = true;
  /** The server counts stanzas (XEP-0198). */
  #managed = false;
  #handled = 0;
  #sent = 0;
  #over: HarnessError | undefined;
  #closing = false;

  private constructor(options: LoadStreamOptions) {
    this.#options = options;
    this.ended = this.#end.promise;
  }

  /** Returns when logged in and online. Throws `refused` with the SASL or stream condition in `context.condition`. */
  static async open(options: LoadStreamOptions): Promise<LoadStream> {
    const stream = new LoadStream(options);
    const late = () => stream.#finish(stream.#deadline("to be logged in", options.withinMs));
    const timer = setTimeout(late, options.withinMs);
    try {
      await stream.#negotiate();
      return stream;
    } catch (error) {
      stream.#finish(error);
      throw stream.#over ?? error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #negotiate(): Promise<void> {
    const { domain, name, password, target } = this.#options;
    const socket = await openSecure(target, (raw) => (this.#raw = raw));
    this.#attach(socket);
    this.#write(streamHeader(domain));
    const exchange = (element: Element): Promise<Element> => {
      this.#write(element.toString());
      return this.#next();
    };
    await authenticate(await this.#next(), { name, password, binding: bindingOf(socket), exchange });
    this.#splitter = this.#newSplitter();
    this.#write(streamHeader(domain));
    await this.#goOnline(await this.#next());
  }

  /** Binds, then asks for stream management and goes online in one piece: a server handles both in order (RFC 6120, 10.1). */
  async #goOnline(features: Element): Promise<void> {
    this.#write(`<iq type='set' id='bind'><bind xmlns='${ns.bind}'/></iq>`);
    const bound = await this.#next();
    if (bound.attrs["type"] === "error") throw refusal("a bound resource", bound.getChild("error"));
    const offered = features.getChild("sm", ns.sm) !== undefined;
    this.#sent = 1;
    this.#write(`${offered ? `<enable xmlns='${ns.sm}' resume='true'/>` : ""}<presence/>`);
    if (offered) await this.#next();
    this.#negotiating = false;
    const online = this.#acks.add(this.#sent);
    this.#write(this.#ask());
    await online;
  }

  #attach(socket: tls.TLSSocket): void {
    this.#socket = socket;
    if (this.#over !== undefined) return void socket.destroy();
    socket.on("data", (data: Buffer) => this.#onData(data));
    socket.on("error", (error) => this.#finish(error));
    socket.on("close", () => this.#finish(new Error("the connection was closed")));
  }

  #newSplitter(): StanzaSplitter {
    return new StanzaSplitter({
      header: () => undefined,
      element: (text) => this.#onElement(text),
      end: () => this.#onStreamEnd(),
    });
  }

  #onData(data: Buffer): void {
    try {
      this.#splitter.push(data.toString("latin1"));
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      this.#finish(error);
    }
  }

  #onElement(text: string): void {
    const stanza = readStanza(text);
    switch (stanza.kind) {
      case "message":
        this.#countHandled();
        return this.#options.onMessage(stanza.type, stanza.body);
      case "presence":
        return this.#countHandled();
      case "request-ack":
        return this.#writer.oweAnswer();
      case "ack":
        return this.#acks.acknowledge(stanza.handled);
      default:
        return this.#onOther(parseElement(Buffer.from(text, "latin1").toString("utf8")));
    }
  }

  #onOther(element: Element): void {
    if (element.name === "stream:error") return this.#finish(this.#streamError(element));
    if (element.name === "iq") this.#countHandled();
    // Counting begins here and not a turn later: stanzas may follow in the same piece (XEP-0198, 4).
    if (element.is("enabled", ns.sm)) this.#managed = true;
    const type = element.attrs["type"];
    if (element.name === "iq" && type !== "result" && type !== "error") return this.#onRequest(element);
    if (!this.#negotiating) return this.#onAnswer(element);
    const awaited = this.#awaited;
    this.#awaited = undefined;
    if (awaited === undefined) this.#negotiation.push(element);
    else awaited.resolve(element);
  }

  #countHandled(): void {
    if (!this.#managed) return;
    this.#handled = (this.#handled + 1) >>> 0;
    this.#writer.received();
  }

  /** Asks how far the server is: with stream management, else with a ping that carries our count. */
  #ask(): string {
    if (this.#managed) return `<r xmlns='${ns.sm}'/>`;
    return `<iq type='get' id='sent-${this.#sent}' to='${this.#options.domain}'><ping xmlns='urn:xmpp:ping'/></iq>`;
  }

  /** Any answer to a ping will do: it comes after everything before it was handled. */
  #onAnswer(element: Element): void {
    const count = /^sent-(\d+)$/.exec(String(element.attrs["id"] ?? ""))?.[1];
    if (count !== undefined) this.#acks.acknowledge(Number(count));
  }

  /** RFC 6120, 8.2.3: every request gets an answer; pings are served, roster pushes taken note of. */
  #onRequest(request: Element): void {
    const served = request.getChild("ping", "urn:xmpp:ping") !== undefined || request.attrs["type"] === "set";
    const { id, from } = request.attrs as Record<string, string | undefined>;
    const answer = xml("iq", {
      type: served ? "result" : "error",
      id: id ?? "",
      ...(from === undefined ? {} : { to: from }),
    });
    if (!served) answer.append(xml("error", { type: "cancel" }, xml("service-unavailable", { xmlns: ns.stanzas })));
    this.#sent = (this.#sent + 1) >>> 0;
    this.#write(answer.toString());
  }

  /** The next element of the negotiation; a stream error or a lost connection rejects. */
  #next(): Promise<Element> {
    const waiting = this.#negotiation.shift();
    if (waiting !== undefined) return Promise.resolve(waiting);
    if (this.#over !== undefined) return Promise.reject(this.#over);
    this.#awaited = Promise.withResolvers<Element>();
    return this.#awaited.promise;
  }

  #write(text: string): void {
    const socket = this.#socket;
    if (this.#over !== undefined || socket === undefined) return;
    socket.write(text);
    const clogged = notRead(socket.writableLength, this.#options.domain);
    if (clogged !== undefined) this.#finish(clogged);
  }

  /**
   * Sends a stanza at the end of this turn of the event loop, together with what else is sent in it. Resolves with the time
   * at which the server's acknowledgement came; it is asked for up to two seconds later (paced-writer.ts).
   */
  send(text: string): Promise<number> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    this.#sent = (this.#sent + 1) >>> 0;
    this.#writer.send(text);
    return this.#acks.add(this.#sent);
  }

  /** Closes the stream politely; waits at most 2 s for the server. Never throws. */
  async close(): Promise<void> {
    if (this.#over !== undefined) return;
    this.#closing = true;
    if (this.#managed) this.#writer.finish();
    this.#write("</stream:stream>");
    const timer = setTimeout(() => this.#streamEnd.resolve(), 2_000);
    await this.#streamEnd.promise;
    clearTimeout(timer);
    this.#finish(new Error("closed by us"));
  }

  #onStreamEnd(): void {
    this.#streamEnd.resolve();
    if (!this.#closing) this.#finish(new Error("the server closed the stream"));
  }

  #streamError(element: Element): HarnessError {
    const { condition, text } = errorWords(element);
    const words = `the server ended the stream: ${condition}${text === "" ? "" : ` (${text})`}`;
    return new HarnessError(this.#negotiating ? "refused" : "disconnected", words, { context: { condition, text } });
  }

  #deadline(what: string, withinMs: number): HarnessError {
    const { name, domain } = this.#options;
    return new HarnessError("deadline", `expected ${name}@${domain} ${what} within ${withinMs} ms, got no answer`);
  }

  /** The one end of everything: settles `ended`, rejects what is still pending, closes the connection. */
  #finish(reason: unknown): void {
    if (this.#over !== undefined) return;
    const { name, domain } = this.#options;
    const error =
      reason instanceof HarnessError
        ? reason
        : new HarnessError(
            "disconnected",
            `the connection of ${name}@${domain} was lost: ${(reason as Error).message}`,
            {
              cause: reason,
            },
          );
    this.#over = error;
    this.#streamEnd.resolve();
    this.#awaited?.reject(error);
    this.#acks.fail(error);
    this.#writer.stop();
    this.#end.resolve({ at: performance.now(), ...(this.#closing ? {} : { error }) });
    this.#socket?.destroy();
    this.#raw?.destroy();
  }
}
