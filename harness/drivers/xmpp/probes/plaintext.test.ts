import { equal } from "node:assert/strict";
import { test } from "node:test";
import type { Endpoint } from "../../../model/server.ts";
import { mqttConnect, openEndpoints } from "./plaintext.ts";

const endpoint = (kind: Endpoint["kind"], labPort: number, port = 20_000): Endpoint => ({
  kind,
  host: "127.0.0.1",
  port,
  labPort,
  servername: "a.pruefstand.test",
  path: "/",
});
const endpoints = [
  endpoint("xmpp-client", 5222),
  endpoint("xmpp-http-plain", 5280),
  endpoint("xmpp-https", 5281, 0),
  endpoint("mqtt-plain", 1883),
];
const listeners = [5222, 5281, 1883, 4369].map((port) => ({ service: "server", port }));

test("a published port nobody listens on is not tried", () => {
  const open = openEndpoints(endpoints, listeners);
  equal(open("xmpp-client")?.labPort, 5222);
  equal(open("xmpp-http-plain"), undefined);
  equal(open("xmpp-https"), undefined, "declared, but not published");
});

test("without knowledge of listeners every published port is tried", () => {
  equal(openEndpoints(endpoints, undefined)("xmpp-http-plain")?.labPort, 5280);
});

test("a CONNECT of MQTT holds its length, flags and fields", () => {
  const short = Buffer.from(mqttConnect("a@b", "pw"));
  equal(short[0], 0x10);
  equal(short[1], short.length - 2);
  equal(short.subarray(2, 8).toString("latin1"), "\0\u0004MQTT");
  equal(short[9], 0b1100_0010);
  const long = Buffer.from(mqttConnect("a".repeat(100), "p".repeat(100)));
  equal(((long[1] ?? 0) & 0x7f) + ((long[2] ?? 0) << 7), long.length - 3);
});
