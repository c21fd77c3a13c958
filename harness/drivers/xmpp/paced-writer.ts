import { ns } from "./library.ts";

/**
 * Acknowledgements in both directions wait this long, so that they share a write: each write and each read of a TLS socket
 * costs more than everything else about a message. A stanza is never held back. XEP-0198, 4 lets an answer wait for a time-out;
 * servers give a client up after far longer (Prosody 30 s, ejabberd 60 s).
 */
const ackEveryMs = 2_000;
/** … but no more stanzas than this go without one: servers bound what they keep for a client (Prosody: 500). */
const ackEveryStanzas = 50;

/** What of a stream the writer has to know. */
export interface PacedStream {
  write(text: string): void;
  /** Stanzas received so far. */
  handled(): number;
  /** What asks the server for an acknowledgement of everything before it. */
  ask(): string;
}

/** Writes the stanzas of one turn of the event loop in one piece, and acknowledgements (XEP-0198) now and then. */
export class PacedWriter {
  readonly #stream: PacedStream;
  #text = "";
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;
  /** Stanzas sent since we last asked for an acknowledgement. */
  #unasked = 0;
  #owesAnswer = false;
  #answered = 0;

  constructor(stream: PacedStream) {
    this.#stream = stream;
  }

  send(stanza: string): void {
    this.#text += stanza;
    this.#unasked += 1;
    this.#timer ??= setTimeout(() => this.#acknowledge(), ackEveryMs);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#flush());
  }

  /** The server has asked how many stanzas arrived. */
  oweAnswer(): void {
    this.#owesAnswer = true;
    this.#timer ??= setTimeout(() => this.#acknowledge(), ackEveryMs);
    this.received();
  }

  /** A stanza has arrived. A server that waits for an answer does not ask again meanwhile, however many it sends. */
  received(): void {
    if (this.#owesAnswer && (this.#stream.handled() - this.#answered) >>> 0 >= ackEveryStanzas) this.#acknowledge();
  }

  /** Says what arrived, as the last thing before the stream is closed: a server stores or returns what it thinks is lost. */
  finish(): void {
    this.#owesAnswer = this.#stream.handled() !== this.#answered;
    this.#acknowledge();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#text = "";
  }

  #flush(): void {
    this.#scheduled = false;
    if (this.#unasked >= ackEveryStanzas) this.#acknowledge();
    else this.#write();
  }

  #acknowledge(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#owesAnswer) {
      this.#owesAnswer = false;
      this.#answered = this.#stream.handled();
      this.#text += `<a xmlns='${ns.sm}' h='${this.#answered}'/>`;
    }
    if (this.#unasked > 0) {
      this.#unasked = 0;
      this.#text += this.#stream.ask();
    }
    this.#write();
  }

  #write(): void {
    const text = this.#text;
    this.#text = "";
    if (text !== "") this.#stream.write(text);
  }
}
