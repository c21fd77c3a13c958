import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { Endpoint } from "../model/server.ts";
import { exposedPorts } from "./exposed-ports.ts";

const endpoint = (kind: Endpoint["kind"], labPort: number): Endpoint => ({
  kind,
  host: "127.0.0.1",
  port: 20_000,
  labPort,
  servername: "a.pruefstand.test",
  path: "/",
});
const endpoints = [endpoint("xmpp-client", 5222), endpoint("mqtt-plain", 1883)];
const listeners = [5222, 1883, 4369].map((port) => ({ service: "server", port }));

test("open ports that no user needs are named with their service", () => {
  deepEqual(exposedPorts(endpoints, listeners), ["server 4369"]);
  const forUsers = ({ kind }: Endpoint): boolean => kind !== "mqtt-plain";
  deepEqual(exposedPorts(endpoints, listeners, forUsers), ["server 1883", "server 4369"]);
});

test("where the open ports are not known, none counts as closed", () => {
  equal(exposedPorts(endpoints, undefined), undefined);
});
