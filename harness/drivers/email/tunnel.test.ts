import { equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import { test } from "node:test";
import { createServer } from "node:tls";
import { createAuthority } from "../../lab/ca.ts";
import type { Endpoint } from "../../model/server.ts";
import { Tunnel } from "./tunnel.ts";

const domain = "a.pruefstand.test";
const authority = createAuthority("tunnel");
const { chain, key } = authority.issue([domain]);

/** What comes out of the tunnel's inner end, whether the server heard anything, and whether it was said to have hung up. */
async function through(
  ca: string,
  servername: string,
): Promise<{ heard: string; said: string; hungUp: boolean; fault: string }> {
  const server = createServer({ cert: chain, key });
  let said = "";
  server
    .on("tlsClientError", () => undefined)
    .on("secureConnection", (socket) => {
      socket
        .on("error", () => undefined)
        .on("data", (data: Buffer) => {
          said += data.toString();
          socket.end("* OK greeting\r\n");
        });
    });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const endpoint: Endpoint = { kind: "imap-tls", host: "127.0.0.1", port, labPort: 993, servername, path: "" };
  let hungUp = false;
  const tunnel = await Tunnel.open(endpoint, ca, () => (hungUp = true));
  const inner = connect({ host: "127.0.0.1", port: tunnel.port });
  let heard = "";
  inner.on("error", () => undefined).on("data", (data: Buffer) => (heard += data.toString()));
  inner.write("a LOGIN secret\r\n");
  await once(inner, "close");
  const fault = tunnel.fault?.message ?? "";
  await tunnel[Symbol.asyncDispose]();
  server.close();
  return { heard, said, hungUp, fault };
}

test("what a verified server says comes through, and its end is noticed", async () => {
  const { heard, said, hungUp, fault } = await through(authority.certificate, domain);
  equal(heard, "* OK greeting\r\n");
  equal(said, "a LOGIN secret\r\n");
  ok(hungUp);
  equal(fault, "");
});

test("a server of another authority or with another name hears nothing", async () => {
  const stranger = await through(createAuthority("other").certificate, domain);
  equal(stranger.heard + stranger.said, "");
  match(stranger.fault, /certificate/u);
  const misnamed = await through(authority.certificate, "b.pruefstand.test");
  equal(misnamed.heard + misnamed.said, "");
  match(misnamed.fault, /altnames|does not match/u);
});
