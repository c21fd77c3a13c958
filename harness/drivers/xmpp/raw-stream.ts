import net from "node:net";
import type tls from "node:tls";
import { HarnessError } from "../../model/errors.ts";
import type { Attempt } from "../../model/probes.ts";
import type { Endpoint } from "../../model/server.ts";
import { secure, type Target } from "./secure-socket.ts";

// Byte streams for what happens before and beside a proper login: everything is text of a server that is not trusted, read up
// to a bound and never parsed further than a regular expression.

const maxBytes = 65_536;
const maxAnswer = 2_048;

export type Ending = "matched" | "closed" | "silent" | "unreachable";

/** What came until a pattern matched, the other side closed, or the time was over. */
export interface Heard {
  readonly ending: Ending;
  readonly text: string;
}

export class RawStream {
  #socket: net.Socket | tls.TLSSocket;
  #text = "";
  #ended: Ending | undefined;
  #closedByUs = false;
  #changed = Promise.withResolvers<void>();

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  static connect(endpoint: Pick<Endpoint, "host" | "port">): RawStream {
    return new RawStream(net.connect({ host: endpoint.host, port: endpoint.port, noDelay: true }));
  }

  #listen(socket: net.Socket): void {
    let connected = false;
    socket.once("connect", () => (connected = true));
    socket.on("data", (data: Buffer) => {
      this.#text = (this.#text + data.toString("utf8")).slice(0, maxBytes);
      this.#wake();
    });
    socket.once("error", () => this.#end(connected || this.#text !== "" ? "closed" : "unreachable"));
    socket.once("end", () => this.#end("closed"));
    socket.once("close", () => this.#end("closed"));
  }

  #end(ending: Ending): void {
    this.#ended ??= ending;
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  write(data: string | Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(data);
  }

  /** Forgets what was read: the next {@link hear} sees only what comes from now on. */
  forget(): void {
    this.#text = "";
  }

  /** Throws `harness-fault` if it was us who closed: our own end must never look like the server's. */
  async hear(pattern: RegExp, withinMs = 5_000): Promise<Heard> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, withinMs);
    const until = performance.now() + withinMs;
    try {
      for (;;) {
        if (pattern.test(this.#text)) return { ending: "matched", text: this.#text };
        if (this.#closedByUs) throw new HarnessError("harness-fault", "expected an open stream, it was closed by us");
        if (this.#ended !== undefined) return { ending: this.#ended, text: this.#text };
        if (performance.now() >= until) return { ending: "silent", text: this.#text };
        await Promise.race([this.#changed.promise, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Hands the socket to somebody else for one exchange. */
  async through(talk: (socket: net.Socket) => Promise<void>): Promise<void> {
    this.#socket.removeAllListeners("data");
    await talk(this.#socket);
  }

  /** Goes on over TLS on the same connection. Rejects if the handshake or the certificate fails. */
  async secure(target: Target): Promise<void> {
    this.#socket.removeAllListeners();
    this.#socket = await secure(this.#socket, target);
    this.forget();
    this.#listen(this.#socket);
  }

  close(): void {
    this.#closedByUs = true;
    this.#socket.destroy();
    this.#wake();
  }
}

export const c2sHeader = (domain: string): string =>
  `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;
export const s2sHeader = (from: string, to: string): string =>
  `<?xml version='1.0'?><stream:stream from='${from}' to='${to}' version='1.0' xmlns='jabber:server' xmlns:db='jabber:server:dialback' xmlns:stream='http://etherx.jabber.org/streams'>`;

export const featuresEnd = /<\/stream:features>|<stream:features\s*\/>|<\/stream:error>|<\/stream:stream>/;

export const attempt = (what: string, outcome: Attempt["outcome"], answer: string, startedAt: number): Attempt => ({
  what,
  outcome,
  answer: answer.slice(-maxAnswer),
  tookMs: performance.now() - startedAt,
});
