import type { Person } from "../../model/server.ts";
import type { Conversation, LoadSession, Milliseconds, SessionEnd } from "../../model/session.ts";
import { LoadStream } from "./load-stream.ts";
import { clientTarget, openWithinMs } from "./targets.ts";

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const escaped = (text: string): string =>
  /[&<>]/.test(text) ? text.replaceAll(/[&<>]/g, (one) => escapes[one] ?? one) : text;

type Listener = Parameters<LoadSession["onMessage"]>[0];

/**
 * A stream with listeners and nothing else: no inbox, no traffic record, no trees of elements; stanzas are written and read
 * as text (load-stream.ts). An acknowledgement proves that the server took the message, but not when: it is asked for up to
 * two seconds later (paced-writer.ts). Delivery times are taken at the receiver.
 */
export class XmppLoadSession implements LoadSession {
  readonly address: string;
  readonly ended: Promise<SessionEnd>;
  readonly #stream: LoadStream;
  readonly #listeners: Listener[];
  #count = 0;

  private constructor(address: string, stream: LoadStream, listeners: Listener[]) {
    this.#stream = stream;
    this.#listeners = listeners;
    this.address = address;
    this.ended = stream.ended;
  }

  /** Logs in and goes online. Throws as {@link LoadStream.open}. */
  static async open(person: Pick<Person, "name" | "password" | "server">): Promise<XmppLoadSession> {
    const listeners: Listener[] = [];
    const onMessage = (type: string | undefined, body: string | undefined): void => {
      if (type === "error" || body === undefined) return;
      const at = performance.now();
      for (const listener of listeners) listener(body, at);
    };
    const { name, password, server } = person;
    const { domain } = server;
    const target = clientTarget(server);
    const stream = await LoadStream.open({ target, domain, name, password, withinMs: openWithinMs, onMessage });
    return new XmppLoadSession(`${name}@${domain}`, stream, listeners);
  }

  async prepare(peer: LoadSession): Promise<Conversation> {
    return { kind: "direct", id: peer.address };
  }

  send(conversation: Conversation, body: string): Promise<Milliseconds> {
    this.#count += 1;
    return this.#stream.send(
      `<message to='${conversation.id}' type='chat' id='m${this.#count}'><body>${escaped(body)}</body></message>`,
    );
  }

  onMessage(listener: Listener): void {
    this.#listeners.push(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream.close();
  }
}
