import { Writable } from "node:stream";

const headerBytes = 8;
const stderrType = 2;

/**
 * Takes apart Docker's multiplexed stream (a header of stream type and length before each part) and waits when a sink is full.
 * docker-modem's own function neither waits nor bounds its recursion: a chatty server's log could fill the memory.
 */
export class Demultiplexer extends Writable {
  readonly #stdout: NodeJS.WritableStream;
  readonly #stderr: NodeJS.WritableStream;
  #header: Buffer = Buffer.alloc(0);
  #left = 0;
  #target: NodeJS.WritableStream;

  constructor(stdout: NodeJS.WritableStream, stderr: NodeJS.WritableStream) {
    super();
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#target = stdout;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    const full = new Set<NodeJS.WritableStream>();
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left === 0) rest = this.#readHeader(rest);
      const part = rest.subarray(0, this.#left);
      this.#left -= part.length;
      rest = rest.subarray(part.length);
      if (part.length > 0 && !this.#target.write(part)) full.add(this.#target);
    }
    whenAllDrained([...full], done);
  }

  override _final(done: (error?: Error) => void): void {
    const cut = this.#left > 0 || this.#header.length > 0;
    done(cut ? new Error("the stream of the container ended in the middle of a part") : undefined);
  }

  #readHeader(chunk: Buffer): Buffer {
    const missing = headerBytes - this.#header.length;
    this.#header = Buffer.concat([this.#header, chunk.subarray(0, missing)]);
    if (this.#header.length === headerBytes) {
      this.#target = this.#header[0] === stderrType ? this.#stderr : this.#stdout;
      this.#left = this.#header.readUInt32BE(4);
      this.#header = Buffer.alloc(0);
    }
    return chunk.subarray(missing);
  }
}

/** A sink that was closed takes nothing more, and says so elsewhere. */
function whenAllDrained(sinks: readonly NodeJS.WritableStream[], done: () => void): void {
  const [first, ...others] = sinks;
  if (first === undefined) {
    done();
    return;
  }
  const go = (): void => {
    first.off("drain", go).off("close", go);
    whenAllDrained(others, done);
  };
  if ((first as Partial<Writable>).writableNeedDrain === false) whenAllDrained(others, done);
  else first.once("drain", go).once("close", go);
}
