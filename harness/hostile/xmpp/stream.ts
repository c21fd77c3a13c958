import { HarnessError } from "../../model/errors.ts";
import type { RunningServer } from "../../model/server.ts";
import { TextStream, type Heard, type Identity } from "../text-stream.ts";

// An outgoing server-to-server stream of the stand-in (RFC 6120, XEP-0178, XEP-0220), step by step, so that each step can be left
// out or lied about.

export const tlsNs = "urn:ietf:params:xml:ns:xmpp-tls";
export const saslNs = "urn:ietf:params:xml:ns:xmpp-sasl";
const featuresEnd = /<\/stream:features>|<stream:features\s*\/>|<\/stream:error>|<\/stream:stream>/;
export const streamEnd = /<\/stream:error>|<\/stream:stream>/;
const answerMs = 10_000;

export const header = (from: string, to: string, more = ""): string =>
  `<?xml version='1.0'?><stream:stream from='${from}' to='${to}' version='1.0'${more} xmlns='jabber:server' xmlns:db='jabber:server:dialback' xmlns:stream='http://etherx.jabber.org/streams'>`;

export interface Opening {
  /** The name in the stream's header. */
  readonly from: string;
  /** Certificate and key used for TLS. */
  readonly identity: Identity;
  /** Stop before TLS. */
  readonly plain?: boolean;
}

/** A stream on which nothing is authenticated yet. */
export class OutgoingStream {
  readonly stream: TextStream;
  readonly #opening: Opening;
  readonly #to: string;
  /** Features after the last restart. */
  features = "";

  private constructor(stream: TextStream, opening: Opening, to: string) {
    this.stream = stream;
    this.#opening = opening;
    this.#to = to;
  }

  /** Opens up to the features (after TLS). Throws `lab-fault` where the server does not even greet. */
  static async open(server: RunningServer, opening: Opening): Promise<OutgoingStream> {
    const endpoint = server.endpoint("xmpp-server");
    if (endpoint === undefined || endpoint.port === 0) {
      throw new HarnessError("lab-fault", `expected ${server.domain} to have a port for other servers, got none`);
    }
    const stream = await TextStream.connect(endpoint.host, endpoint.port);
    const outgoing = new OutgoingStream(stream, opening, server.domain);
    const greeting = await outgoing.restart();
    if (greeting.text === "") {
      throw new HarnessError("lab-fault", `expected ${server.domain} to greet another server, got nothing`);
    }
    if (opening.plain === true) return outgoing;
    stream.forget();
    stream.write(`<starttls xmlns='${tlsNs}'/>`);
    const proceed = await stream.hear(/<proceed\b|<failure\b|<\/stream:/, answerMs);
    if (!proceed.text.includes("<proceed")) return outgoing;
    await stream.secure(opening.identity, server.domain);
    await outgoing.restart();
    return outgoing;
  }

  async restart(): Promise<Heard> {
    this.stream.forget();
    this.stream.write(header(this.#opening.from, this.#to));
    const heard = await this.stream.hear(featuresEnd, answerMs);
    this.features = heard.text;
    return heard;
  }

  /** Id the server gave this stream, for dialback. */
  get id(): string {
    return /<stream:stream\b[^<>]*\sid\s*=\s*['"]([^'"]*)['"]/.exec(this.features)?.[1] ?? "";
  }

  /** SASL EXTERNAL; true when the server took it. `as` = the name asked for, absent = that of the header. */
  async external(as?: string): Promise<{ readonly accepted: boolean; readonly answer: string }> {
    if (!this.features.includes(">EXTERNAL<")) return { accepted: false, answer: `not offered: ${this.features}` };
    this.stream.forget();
    const who = as === undefined ? "=" : Buffer.from(as, "utf8").toString("base64");
    this.stream.write(`<auth xmlns='${saslNs}' mechanism='EXTERNAL'>${who}</auth>`);
    const heard = await this.stream.hear(/<success\b|<\/failure>|<failure\b[^<>]*\/>|<\/stream:/, answerMs);
    if (!heard.text.includes("<success")) return { accepted: false, answer: heard.text };
    await this.restart();
    return { accepted: true, answer: heard.text };
  }

  /** Dialback with this key; true when the server called it valid. */
  async dialback(from: string, key: string): Promise<{ readonly accepted: boolean; readonly answer: string }> {
    this.stream.forget();
    this.stream.write(`<db:result from='${from}' to='${this.#to}'>${key}</db:result>`);
    const heard = await this.stream.hear(/<db:result\b[^<>]*type=[^<>]*\/>|<\/db:result>|<\/stream:/, answerMs);
    return { accepted: /type=['"]valid['"]/.test(heard.text), answer: heard.text || "no answer" };
  }

  /** Sends and listens a moment for an error of the stream; most stanzas have no answer at all. */
  async say(stanza: string | Uint8Array, listenMs = 300): Promise<string> {
    this.stream.forget();
    this.stream.write(stanza);
    const { ending, text } = await this.stream.hear(streamEnd, listenMs);
    return text === "" ? `no answer (${ending})` : text;
  }

  close(): void {
    this.stream.write("</stream:stream>");
    this.stream.close();
  }
}
