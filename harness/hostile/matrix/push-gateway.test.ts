import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { PushGateway } from "./push-gateway.ts";

test("notifications are counted, and pages that are fetched are kept beside them", async () => {
  const seat = { id: "x", domain: "localhost", address: "127.0.0.1", chain: "", key: "", ca: "" };
  await using gateway = await PushGateway.open(seat);
  const [address = ""] = gateway.addresses;
  const [canary = ""] = gateway.canaries;
  const told = await fetch(address, { method: "POST", body: '{"notification":{"event_id":"$one"}}' });
  equal(await told.text(), '{"rejected":[]}');
  const page = await fetch(`${canary}/link-1`);
  ok((await page.text()).includes("canary"));
  equal(gateway.notifications(), 1);
  ok(gateway.received().includes("$one"));
  ok(gateway.received().includes("GET /canary/link-1"));
});

test("what it keeps has a bound", async () => {
  const seat = { id: "x", domain: "localhost", address: "127.0.0.1", chain: "", key: "", ca: "" };
  await using gateway = await PushGateway.open(seat);
  const [address = ""] = gateway.addresses;
  for (let index = 0; index < 12; index += 1) {
    await fetch(address, { method: "POST", body: "x".repeat(250 * 1024) });
  }
  equal(gateway.notifications(), 12);
  ok(gateway.received().length <= 2 * 1024 * 1024);
});
