import { once } from "node:events";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { BoundedText } from "./daemon.ts";
import { Demultiplexer } from "./demux.ts";
import { formsOf } from "./needles.ts";
import { HitList, ScanStream } from "./scan.ts";
import { readScan } from "./sslyze-report.ts";

const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

// `node hostile-output.child.ts <case>`: writes a gigabyte into one of the lab's readers and prints what came of it.

const gibibyte = 1024 ** 3;
const block = Buffer.alloc(1024 * 1024, "x");

async function feed(sink: Writable, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes && !sink.destroyed; sent += block.length) {
    if (!sink.write(block)) await once(sink, "drain");
  }
}

/** A header of the daemon's stream: standard output, so many bytes. */
const partHeader = (bytes: number): Buffer => {
  const header = Buffer.alloc(8);
  header[0] = 1;
  header.writeUInt32BE(bytes, 4);
  return header;
};

async function output(announced: number, sent: number): Promise<string> {
  const kept = new BoundedText(4 * 1024 * 1024);
  const demux = new Demultiplexer(kept, new BoundedText(1024));
  demux.on("error", () => undefined);
  demux.write(partHeader(announced));
  await feed(demux, sent);
  demux.end();
  await finished(demux);
  return `${Buffer.byteLength(kept.text())} bytes kept${kept.truncated ? ", cut off" : ""}`;
}

async function search(): Promise<string> {
  const hits = new HitList();
  const scan = new ScanStream(formsOf({ needle: "a-needle-in-a-gigabyte" }), "dump", hits);
  await feed(scan, gibibyte - block.length);
  const last = Buffer.from(block);
  last.write("a-needle-in-a-gigabyte", 77);
  scan.end(last);
  await finished(scan);
  return `${scan.bytes} bytes searched, needle ${hits.hits().length > 0 ? "found" : "missed"}`;
}

async function packed(): Promise<string> {
  const scan = new ScanStream(formsOf({ needle: "a-needle-in-a-bomb" }), "bomb.gz", new HitList());
  const gzip = createGzip({ level: 1 });
  gzip.pipe(scan);
  await feed(gzip, gibibyte);
  gzip.end();
  await finished(scan);
  return scan.unpackError ?? "unpacked to its end";
}

const cases: Readonly<Record<string, () => Promise<string> | string>> = {
  output: () => output(gibibyte, gibibyte),
  "output cut in the middle": () => output(gibibyte, block.length),
  dump: search,
  packed,
  scanner: () => {
    const nested = "[".repeat(4 * 1024 * 1024) + "]".repeat(4 * 1024 * 1024);
    const endpoint = {
      kind: "xmpp-client" as const,
      host: "127.0.0.1",
      port: 1,
      labPort: 5222,
      servername: "a",
      path: "",
    };
    return readScan(nested, [endpoint])
      .flatMap(({ localFailures }) => localFailures)
      .join("; ");
  },
};

const before = process.memoryUsage().rss;
let said: string;
try {
  said = (await cases[process.argv[2] ?? ""]?.()) ?? "no such case";
} catch (error) {
  said = (error as Error).message.slice(0, 300);
}
print({ said, grownBytes: process.resourceUsage().maxRSS * 1024 - before });
