import { equal, rejects } from "node:assert/strict";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import * as fc from "fast-check";
import { BoundedText } from "./daemon.ts";
import { Demultiplexer } from "./demux.ts";

function frame(type: 1 | 2, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = type;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

async function taken(bytes: Buffer, chunk: number): Promise<{ readonly out: string; readonly err: string }> {
  const out = new BoundedText(1e6);
  const err = new BoundedText(1e6);
  const pieces = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, at) =>
    bytes.subarray(at * chunk, (at + 1) * chunk),
  );
  await pipeline(Readable.from(pieces), new Demultiplexer(out, err));
  return { out: out.text(), err: err.text() };
}

test("output and errors are told apart wherever the chunks are cut", async () => {
  const parts = fc.array(fc.tuple(fc.constantFrom(1 as const, 2 as const), fc.string({ maxLength: 50 })), {
    minLength: 1,
  });
  await fc.assert(
    fc.asyncProperty(parts, fc.integer({ min: 1, max: 40 }), async (all, chunk) => {
      const { out, err } = await taken(Buffer.concat(all.map(([type, text]) => frame(type, text))), chunk);
      const expected = (wanted: 1 | 2): string => all.map(([type, text]) => (type === wanted ? text : "")).join("");
      equal(out, expected(1));
      equal(err, expected(2));
    }),
  );
});

test("a stream that breaks off in the middle is an error, not a short answer", async () => {
  await rejects(taken(frame(1, "hello").subarray(0, 10), 100), /ended in the middle/);
});
