import { Writable } from "node:stream";
import { createGunzip, type Gunzip } from "node:zlib";
import type { NeedleForm } from "./needles.ts";

/** A place where a needle was found. */
export interface ScanHit {
  readonly needle: string;
  readonly encoding: string;
  readonly location: string;
  readonly excerpt: string;
}

/** Bytes shown before and after a find. */
const excerptMargin = 60;
/** Small chunks are collected: a search over the overlap costs as much as one over the chunk. */
const batchBytes = 256 * 1024;
/** A compressed file may unfold without end. */
const unpackedLimit = 512 * 1024 * 1024;
const gzipMagic = Buffer.from([0x1f, 0x8b, 0x08]);

/** Collects finds over many streams: one per needle, encoding and location, at most 10 000. */
export class HitList {
  readonly #hits = new Map<string, ScanHit>();
  static readonly limit = 10_000;

  add(hit: ScanHit): void {
    const key = `${hit.needle}\0${hit.encoding}\0${hit.location}`;
    if (!this.#hits.has(key) && this.#hits.size < HitList.limit) this.#hits.set(key, hit);
  }

  hits(): readonly ScanHit[] {
    return [...this.#hits.values()];
  }
}

/**
 * A sink that searches what is written to it, in memory bounded by a batch and the longest needle, across chunk borders.
 * What starts like a gzip file is searched unpacked as well.
 */
export class ScanStream extends Writable {
  bytes = 0;
  /** Set when a packed file could not be read to its end; what was unpacked has been searched. */
  unpackError: string | undefined;
  readonly #forms: readonly NeedleForm[];
  readonly #location: string;
  readonly #hits: HitList;
  readonly #overlap: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #tail: Buffer = Buffer.alloc(0);
  #unpack: Unpacker | undefined;
  #first = true;

  constructor(forms: readonly NeedleForm[], location: string, hits: HitList) {
    super({ highWaterMark: batchBytes });
    this.#forms = forms;
    this.#location = location;
    this.#hits = hits;
    this.#overlap = Math.max(0, ...forms.map((form) => form.bytes.length)) + excerptMargin;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.bytes += chunk.length;
    if (this.#first && chunk.subarray(0, 3).equals(gzipMagic)) this.#unpack = this.#openUnpacker();
    this.#first = false;
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes >= batchBytes) this.#searchPending();
    if (this.#unpack === undefined) done();
    else this.#unpack.write(chunk, () => done());
  }

  override _final(done: (error?: Error) => void): void {
    this.#searchPending();
    if (this.#unpack === undefined) done();
    else this.#unpack.finish(done);
  }

  #openUnpacker(): Unpacker {
    const inner = new ScanStream(this.#forms, `${this.#location} (unpacked)`, this.#hits);
    return new Unpacker(inner, (reason) => (this.unpackError = reason));
  }

  #searchPending(): void {
    const text = Buffer.concat([this.#tail, ...this.#pending]);
    this.#pending = [];
    this.#pendingBytes = 0;
    for (const form of this.#forms) {
      const at = text.indexOf(form.bytes);
      if (at >= 0) this.#report(form, text, at);
    }
    this.#tail = Buffer.from(text.subarray(Math.max(0, text.length - this.#overlap)));
  }

  #report(form: NeedleForm, text: Buffer, at: number): void {
    const around = text.subarray(Math.max(0, at - excerptMargin), at + form.bytes.length + excerptMargin);
    const { needle, encoding } = form;
    this.#hits.add({ needle, encoding, location: this.#location, excerpt: around.toString("utf8").slice(0, 400) });
  }
}

/** Unpacks into a scan; a damaged or endless file ends the unpacking, not the search. */
class Unpacker {
  readonly #gunzip: Gunzip = createGunzip();
  readonly #inner: ScanStream;
  readonly #onError: (reason: string) => void;
  #bytes = 0;
  #open = true;
  #whenClosed: (() => void) | undefined;

  constructor(inner: ScanStream, onError: (reason: string) => void) {
    this.#inner = inner;
    this.#onError = onError;
    this.#gunzip.on("data", (chunk: Buffer) => this.#unpacked(chunk));
    this.#gunzip.once("end", () => this.#close());
    this.#gunzip.once("error", (error) => this.#close(error.message));
  }

  /** Calls `done` when more can be taken. */
  write(chunk: Buffer, done: () => void): void {
    if (!this.#open || this.#gunzip.write(chunk)) {
      done();
      return;
    }
    const go = (): void => {
      this.#gunzip.off("drain", go).off("close", go);
      done();
    };
    this.#gunzip.once("drain", go).once("close", go);
  }

  /** Calls `done` when everything unpacked has been searched. */
  finish(done: () => void): void {
    this.#whenClosed = done;
    if (this.#open) this.#gunzip.end();
    else done();
  }

  #unpacked(chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#inner.write(chunk);
    if (this.#bytes > unpackedLimit) this.#gunzip.destroy(new Error("more than 512 MiB unpacked"));
  }

  #close(reason?: string): void {
    if (!this.#open) return;
    this.#open = false;
    if (reason !== undefined) this.#onError(reason);
    this.#inner.end(() => this.#whenClosed?.());
  }
}
