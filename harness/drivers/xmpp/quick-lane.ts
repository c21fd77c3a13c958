import { HarnessError } from "../../model/errors.ts";
import { PacedWriter } from "./paced-writer.ts";
import { StanzaSplitter } from "./stanza-splitter.ts";
import { readStanza } from "./stanza-text.ts";

/** What of a stream the lane works on. */
export interface LaneOwner {
  /** Gives bytes to the library's parser. */
  parse(data: Buffer): void;
  /** Whether the negotiation is over: before it everything goes through the library. */
  isOpen(): boolean;
  /** Stanzas received so far, modulo 2^32 (XEP-0198). */
  handled(): number;
  countHandled(): void;
  write(text: string): void;
  onAck(handled: number): void;
  onMessage(type: string | undefined, body: string | undefined): void;
  fail(error: HarnessError): void;
}

/**
 * The way of messages, presence and acknowledgements in a load session: past the library's parser, which builds a tree of
 * every stanza. Everything else (stream header, features, iq, errors, the end) goes through the library as it came.
 */
export class QuickLane {
  readonly #owner: LaneOwner;
  readonly #splitter: StanzaSplitter;
  readonly #writer: PacedWriter;

  constructor(owner: LaneOwner) {
    this.#owner = owner;
    this.#writer = new PacedWriter(owner);
    const forward = (text: string): void => owner.parse(Buffer.from(text, "latin1"));
    this.#splitter = new StanzaSplitter({
      header: forward,
      end: forward,
      element: (text) => (owner.isOpen() ? this.#onElement(text, forward) : forward(text)),
    });
  }

  push(data: Buffer): void {
    try {
      this.#splitter.push(data.toString("latin1"));
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      this.#owner.fail(error);
    }
  }

  /** Hands a stanza to the connection at the end of this turn of the event loop. */
  send(stanza: string): void {
    this.#writer.send(stanza);
  }

  /** Before the stream is closed. */
  finish(): void {
    this.#writer.finish();
  }

  stop(): void {
    this.#writer.stop();
  }

  #onElement(text: string, forward: (text: string) => void): void {
    const stanza = readStanza(text);
    switch (stanza.kind) {
      case "message":
        this.#owner.countHandled();
        return this.#owner.onMessage(stanza.type, stanza.body);
      case "presence":
        return this.#owner.countHandled();
      case "request-ack":
        return this.#writer.oweAnswer();
      case "ack":
        return this.#owner.onAck(stanza.handled);
      default:
        return forward(text);
    }
  }
}
