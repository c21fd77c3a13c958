import type { Conversation, LoadSession, Milliseconds, SessionEnd } from "../../model/session.ts";
import { xml, type Element } from "./library.ts";
import type { XmppStream } from "./stream.ts";

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const escaped = (text: string): string =>
  /[&<>]/.test(text) ? text.replaceAll(/[&<>]/g, (one) => escapes[one] ?? one) : text;

/** A stream with a listener and nothing else: no inbox, no traffic record, stanzas written as text. */
export class XmppLoadSession implements LoadSession {
  readonly address: string;
  readonly ended: Promise<SessionEnd>;
  readonly #stream: XmppStream;
  #count = 0;

  constructor(stream: XmppStream) {
    this.#stream = stream;
    this.address = stream.bareJid;
    this.ended = stream.ended;
  }

  async goOnline(): Promise<void> {
    await this.#stream.sendAcknowledged(xml("presence").toString());
  }

  async prepare(peer: LoadSession): Promise<Conversation> {
    return { kind: "direct", id: peer.address };
  }

  send(conversation: Conversation, body: string): Promise<Milliseconds> {
    this.#count += 1;
    return this.#stream.sendAcknowledged(
      `<message to='${conversation.id}' type='chat' id='m${this.#count}'><body>${escaped(body)}</body></message>`,
    );
  }

  onMessage(listener: (body: string, at: Milliseconds) => void): void {
    this.#stream.onStanza((stanza: Element) => {
      if (stanza.name !== "message" || stanza.attrs["type"] === "error") return;
      const body = stanza.getChildText("body");
      if (typeof body === "string") listener(body, performance.now());
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream.close();
  }
}
