import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import type { WebSocket as PageSocket } from "playwright-core";
import type { Endpoint, RunningServer } from "../../model/server.ts";
import { serverWords, stanzaFacts } from "./stanzas.ts";
import { openTunnel } from "./tunnel.ts";
import { Wire } from "./wire.ts";

// The part of the browser driver that reads what a server sends: the record of WebSocket frames, and the tunnel to the server.

const mayGrowMegabytes = 256;
const grownSince = (before: number): number => Math.round((process.memoryUsage().rss - before) / 1024 / 1024);

/** False when the other side has taken nothing more for a while. */
async function drains(socket: Socket): Promise<boolean> {
  const waiting = new AbortController();
  const timer = setTimeout(() => waiting.abort(), 1_000);
  try {
    await once(socket, "drain", { signal: waiting.signal });
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

test("frames without end leave a record of bounded size", () => {
  const before = process.memoryUsage().rss;
  const wire = new Wire(() => undefined);
  const socket = new EventEmitter();
  wire.watch(socket as unknown as PageSocket);
  // Each frame is a text of its own, as Chromium hands them over.
  const frame = Buffer.from(`<message from='bob@a.test'><body>${"x".repeat(2 * 1024 * 1024)}</body></message>`);
  for (let sent = 0; sent < 300; sent += 1) socket.emit("framereceived", { payload: frame });
  for (let sent = 0; sent < 100_000; sent += 1) socket.emit("framereceived", { payload: Buffer.from("<r/>") });
  const kept = wire.frames();
  assert.ok(wire.dropped > 0 && kept.length <= 20_000, `${kept.length} frames kept, ${wire.dropped} dropped`);
  assert.ok(kept.reduce((sum, { text }) => sum + text.length, 0) <= 32 * 1024 * 1024);
  assert.ok(grownSince(before) < mayGrowMegabytes, `grew by ${grownSince(before)} MiB`);
});

test("frames of tags that are begun and never ended are read in one go", () => {
  for (const frame of ["<failure ", "<iq", "<aa ", "<text", "<a b='"].map((part) => part.repeat(200_000))) {
    assert.ok(serverWords(frame).length <= 2_048);
    assert.equal(typeof stanzaFacts(frame), stanzaFacts(frame) === undefined ? "undefined" : "object");
  }
});

test("a server that sends without end into a tunnel nobody reads fills nothing", async () => {
  const served = Promise.withResolvers<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    served.resolve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint: Endpoint = {
    kind: "xmpp-https",
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    labPort: 5281,
    servername: "a.pruefstand.test",
    path: "",
  };
  const before = process.memoryUsage().rss;
  await using tunnel = await openTunnel([
    { domain: "a.pruefstand.test", endpoints: [endpoint] } as unknown as RunningServer,
  ]);
  const client = connect(Number(new URL(tunnel.url).port), "127.0.0.1");
  client.write("CONNECT a.pruefstand.test:5281 HTTP/1.1\r\n\r\n");
  const flooding = await served.promise;
  // As much as both sockets and the tunnel take; what is not read stays with the server.
  const chunk = Buffer.alloc(1024 * 1024);
  for (let taken = 0; taken < 512; taken += 1) {
    if (!flooding.write(chunk) && !(await drains(flooding))) break;
  }
  const written = flooding.bytesWritten - flooding.writableLength;
  assert.ok(written < 64 * 1024 * 1024, `${written} bytes were taken from the server`);
  assert.ok(grownSince(before) < mayGrowMegabytes, `grew by ${grownSince(before)} MiB`);
  client.destroy();
  flooding.destroy();
  server.close();
});
