import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { formsOf } from "./needles.ts";
import { HitList, ScanStream } from "./scan.ts";

const secret = "Köln-7f3a9c/“x”+1?";

/** Writes the bytes in the given pieces and returns what was found. */
async function found(pieces: readonly Uint8Array[], needles: Readonly<Record<string, string>> = { secret }) {
  const hits = new HitList();
  const scan = new ScanStream(formsOf(needles), "file", hits);
  for (const piece of pieces) scan.write(piece);
  await new Promise<void>((resolve) => scan.end(resolve));
  return { hits: hits.hits(), bytes: scan.bytes, unpackError: scan.unpackError };
}

const encodings = async (text: string | Uint8Array): Promise<readonly string[]> =>
  (await found([Buffer.from(text as string)])).hits.map((hit) => hit.encoding);

describe("a needle is found in every form in which stores write it", () => {
  test("as it is", async () => {
    deepEqual(await encodings(`before ${secret} after`), ["plain"]);
  });

  for (const offset of [0, 1, 2]) {
    test(`in base64 at offset ${offset}`, async () => {
      const around = Buffer.concat([Buffer.from("abc".slice(0, offset)), Buffer.from(secret), Buffer.from("tail")]);
      ok((await encodings(around.toString("base64"))).includes("base64"));
      ok((await encodings(around.toString("base64url"))).some((encoding) => encoding.startsWith("base64")));
    });
  }

  test("in hexadecimal, both cases", async () => {
    const hex = Buffer.from(secret).toString("hex");
    deepEqual(await encodings(`\\x${hex}`), ["hex"]);
    deepEqual(await encodings(hex.toUpperCase()), ["hex"]);
  });

  test("in JSON with and without escaped letters", async () => {
    deepEqual(await encodings(JSON.stringify({ body: 'say "hello" to me' })), []);
    const quoted = await found([Buffer.from(JSON.stringify({ body: 'x say "hello" y' }))], { q: 'say "hello"' });
    deepEqual(
      quoted.hits.map((hit) => hit.encoding),
      ["json"],
    );
    const ascii = secret.replaceAll(/[^ -~]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
    deepEqual(await encodings(`{"body":"${ascii}"}`), ["json"]);
  });

  test("in percent encoding, as addresses and file names have it", async () => {
    deepEqual(await encodings(`GET /?q=${encodeURIComponent(secret)}`), ["percent"]);
    const name = await found([Buffer.from("a%2epruefstand%2etest")], { domain: "a.pruefstand.test" });
    equal(name.hits[0]?.encoding, "percent");
  });
});

test("a needle is found wherever the chunks are cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(700_000),
      fc.array(fc.integer({ min: 1, max: 400_000 }), { maxLength: 8 }),
      async (at, cuts) => {
        const text = Buffer.alloc(700_100, "-");
        Buffer.from(secret).copy(text, at);
        const pieces: Buffer[] = [];
        let start = 0;
        for (const cut of cuts) {
          pieces.push(text.subarray(start, start + cut));
          start += cut;
        }
        pieces.push(text.subarray(start));
        const { hits, bytes } = await found(pieces);
        deepEqual(
          hits.map((hit) => hit.encoding),
          ["plain"],
        );
        equal(bytes, text.length);
      },
    ),
    { numRuns: 60 },
  );
});

test("what is not there is not found, and the bytes are counted", async () => {
  const { hits, bytes } = await found([Buffer.from("nothing to see")]);
  deepEqual(hits, []);
  equal(bytes, 14);
});

test("short needles are not looked for in encodings that would match by chance", () => {
  deepEqual(
    formsOf({ short: "abc" }).map((form) => form.encoding),
    ["plain"],
  );
});

test("a packed file is searched unpacked", async () => {
  const packed = gzipSync(Buffer.from(`${"x".repeat(500_000)}${secret}${"y".repeat(500_000)}`));
  const { hits } = await found([packed.subarray(0, 100), packed.subarray(100)]);
  deepEqual(
    hits.map((hit) => hit.location),
    ["file (unpacked)"],
  );
});

test("a damaged packed file is said to be unread, not to be clean", async () => {
  const packed = gzipSync(Buffer.from(`${"x".repeat(5000)}${secret}`));
  const { unpackError } = await found([packed.subarray(0, packed.length - 12)]);
  equal(typeof unpackError, "string");
});
