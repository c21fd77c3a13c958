import { equal } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { Endpoint } from "../model/server.ts";
import { lacksStartTls, offersStartTls } from "./starttls.ts";

const withTls = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";

test("features are judged only when they are complete", () => {
  equal(offersStartTls("<stream:stream id='1'><stream:features><mechanisms>"), undefined);
  equal(offersStartTls(`<stream:stream id='1'>${withTls}`), true);
  equal(offersStartTls("<stream:stream><stream:features/>"), false);
  equal(offersStartTls("<stream:stream><stream:features><bind/></stream:features>"), false);
});

async function answering(words: string): Promise<boolean> {
  const server = createServer((socket) => void socket.once("data", () => socket.end(words))).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const endpoint: Endpoint = {
    kind: "xmpp-client",
    host: "127.0.0.1",
    port,
    labPort: 5222,
    servername: "a.pruefstand.test",
    path: "/",
  };
  try {
    return await lacksStartTls(endpoint);
  } finally {
    server.close();
  }
}

test("a server that names its features without STARTTLS lacks it", async () => {
  equal(await answering("<stream:stream><stream:features><bind/></stream:features>"), true);
});

test("a server that offers STARTTLS, hangs up or is gone has said no such thing", async () => {
  equal(await answering(`<stream:stream>${withTls}`), false);
  equal(await answering(""), false);
  equal(await answering("<stream:stream><stream:error><policy-violation/></stream:error>"), false);
});
