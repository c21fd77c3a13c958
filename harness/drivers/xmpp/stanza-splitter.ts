import { HarnessError } from "../../model/errors.ts";

// Cuts the byte stream of an XMPP stream into its top-level elements without building anything: every byte is looked at
// once, and what is found goes on as text. Text is latin1, one character per byte: all of XML's markup is ASCII, so no
// border between two chunks can fall into a character that matters here.

/** Larger than any stanza a server takes from a client by default (Prosody 256 KiB, ejabberd 256 KiB), far below a danger. */
const maxElementBytes = 1024 * 1024;
/** Stanzas are shallow (an encrypted message in an archive: about 12); what is deeper breaks whoever walks through it. */
const maxDepth = 256;

/** What a splitter finds, in order. All texts are latin1. */
export interface SplitterSink {
  /** Everything up to and including the opening tag of the stream. */
  header(text: string): void;
  /** A complete child of the stream; its inside is balanced but its names are not checked. */
  element(text: string): void;
  /** The closing tag of the stream. */
  end(text: string): void;
}

const [tab, lineFeed, carriageReturn, space] = [9, 10, 13, 32];
const [bang, quote, apostrophe, slash, less, equals, greater, question, bracket] = [33, 34, 39, 47, 60, 61, 62, 63, 93];
const isSpace = (code: number): boolean =>
  code === space || code === lineFeed || code === carriageReturn || code === tab;
const cdata = "[CDATA[";

/** Where the next byte belongs. */
type State = "text" | "less" | "opening" | "quoted" | "closing" | "cdata-start" | "cdata" | "declaration";

/** What it gets to see that no XMPP stream may hold. */
const broken = (got: string): HarnessError =>
  new HarnessError("disconnected", `expected a well-formed XMPP stream (RFC 6120, 11), got ${got}`);

/** Incremental: give it chunks of any size. Throws `disconnected` for what is no XMPP stream; then it must not be used again. */
export class StanzaSplitter {
  readonly #sink: SplitterSink;
  readonly #limit: number;
  #state: State = "text";
  /** Open elements; 1 is inside the stream, between stanzas. */
  #depth = 0;
  /** Chunks of the element that is not complete yet, and their length. */
  #parts: string[] = [];
  #size = 0;
  /** Last character before this one that tells something: "/" before ">", "?" before ">", the quote that must close. */
  #last = 0;
  /** Characters of "[CDATA[" or "]]" seen. */
  #matched = 0;
  #complete: keyof SplitterSink | undefined;
  #ended = false;

  constructor(sink: SplitterSink, limit = maxElementBytes) {
    this.#sink = sink;
    this.#limit = limit;
  }

  push(text: string): void {
    let from = 0;
    let at = 0;
    while (at < text.length) {
      if (this.#state !== "text") at = this.#step(text, at);
      else {
        const next = this.#skipText(text, at);
        // Between stanzas nothing is kept: whitespace is a sign of life (RFC 6120, 4.6.1).
        if (this.#depth === 1) from = next;
        at = next;
        if (at < text.length) {
          this.#state = "less";
          at += 1;
        }
      }
      if (this.#complete === undefined) continue;
      this.#hand(this.#complete, text.slice(from, at));
      from = at;
    }
    this.#keep(text, from);
  }

  #hand(what: keyof SplitterSink, rest: string): void {
    const text = this.#parts.length === 0 ? rest : this.#parts.join("") + rest;
    this.#parts = [];
    this.#size = 0;
    this.#complete = undefined;
    this.#sink[what](text);
  }

  #keep(text: string, from: number): void {
    if (from === text.length) return;
    this.#size += text.length - from;
    if (this.#size > this.#limit) throw broken(`an element of more than ${this.#limit} bytes`);
    this.#parts.push(from === 0 ? text : text.slice(from));
  }

  /** Up to the next "<", or the end of the chunk. */
  #skipText(text: string, at: number): number {
    const found = text.indexOf("<", at);
    const end = found < 0 ? text.length : found;
    if (this.#depth <= 1) {
      for (let index = at; index < end; index++) {
        if (!isSpace(text.charCodeAt(index))) throw broken("text between stanzas");
      }
    }
    if (found >= 0 && this.#ended) throw broken("an element after the end of the stream");
    return end;
  }

  /** Consumes at least one character in a state other than text. */
  #step(text: string, at: number): number {
    switch (this.#state) {
      case "less":
        return this.#afterLess(text.charCodeAt(at), at);
      case "opening":
        return this.#inOpening(text, at);
      case "quoted":
        return this.#until(text, at, String.fromCharCode(this.#last), () => (this.#state = "opening"));
      case "closing":
        return this.#until(text, at, ">", () => this.#close());
      case "cdata-start":
        return this.#inCdataStart(text.charCodeAt(at), at);
      case "cdata":
        return this.#inCdata(text, at);
      default:
        return this.#inDeclaration(text.charCodeAt(at), at);
    }
  }

  #afterLess(code: number, at: number): number {
    this.#last = 0;
    if (code === slash) this.#state = "closing";
    else if (code === bang && this.#depth > 1) {
      this.#state = "cdata-start";
      this.#matched = 0;
    } else if (code === question && this.#depth === 0) this.#state = "declaration";
    else if (
      isSpace(code) ||
      code === bang ||
      code === question ||
      [quote, apostrophe, less, equals, greater].includes(code)
    ) {
      throw broken(`"<" before ${JSON.stringify(String.fromCharCode(code))}`);
    } else this.#state = "opening";
    return at + 1;
  }

  #inOpening(text: string, start: number): number {
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === quote || code === apostrophe) {
        this.#state = "quoted";
        this.#last = code;
        return at + 1;
      }
      if (code === less) throw broken('"<" inside a tag');
      if (code === greater) {
        this.#state = "text";
        this.#open(this.#last === slash);
        return at + 1;
      }
      this.#last = code;
    }
    return text.length;
  }

  #open(selfClosing: boolean): void {
    if (this.#depth === 0) this.#complete = "header";
    if (!selfClosing) {
      this.#depth += 1;
      if (this.#depth > maxDepth) throw broken(`elements more than ${maxDepth} levels deep`);
    } else if (this.#depth === 0) throw broken("a stream that is closed at once");
    else if (this.#depth === 1) this.#complete = "element";
  }

  #close(): void {
    this.#state = "text";
    this.#depth -= 1;
    if (this.#depth < 0) throw broken("a closing tag without an opening one");
    if (this.#depth === 1) this.#complete = "element";
    if (this.#depth === 0) {
      this.#complete = "end";
      this.#ended = true;
    }
  }

  #until(text: string, at: number, mark: string, found: () => void): number {
    const index = text.indexOf(mark, at);
    if (index < 0) return text.length;
    found();
    return index + 1;
  }

  #inCdataStart(code: number, at: number): number {
    if (code !== cdata.charCodeAt(this.#matched)) throw broken("a comment or a document type (RFC 6120, 11.1)");
    this.#matched += 1;
    if (this.#matched === cdata.length) {
      this.#state = "cdata";
      this.#matched = 0;
    }
    return at + 1;
  }

  #inCdata(text: string, start: number): number {
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === bracket) this.#matched = Math.min(2, this.#matched + 1);
      else if (code === greater && this.#matched === 2) {
        this.#state = "text";
        return at + 1;
      } else this.#matched = 0;
    }
    return text.length;
  }

  #inDeclaration(code: number, at: number): number {
    if (code === greater && this.#last === question) this.#state = "text";
    this.#last = code;
    return at + 1;
  }
}
