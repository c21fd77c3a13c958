import assert from "node:assert/strict";
import { test } from "node:test";
import { HostileSync } from "./hostile-sync.ts";

const sync = "https://a.pruefstand.test/_matrix/client/v3/sync?since=s1&timeout=30000";
const settledNow = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);

test("a waiting event answers the next sync, under the client's own token", async () => {
  const hostile = new HostileSync();
  hostile.put("!room", { event_id: "$1" });
  assert.equal(hostile.taken, false);
  const answer = (await (await hostile.turn(sync).answer).json()) as Record<string, unknown>;
  assert.equal(hostile.taken, true);
  assert.equal(answer["next_batch"], "s1");
  assert.deepEqual(Object.keys((answer["rooms"] as { join: object }).join), ["!room"]);
});

test("an event that comes later wakes the sync that waits", async () => {
  const hostile = new HostileSync();
  const { answer } = hostile.turn(sync);
  assert.equal(await settledNow(answer), false);
  hostile.put("!room", { event_id: "$2" });
  assert.match(await (await answer).text(), /\$2/);
});

test("other requests and a first sync are left to the server", async () => {
  const hostile = new HostileSync();
  hostile.put("!room", { event_id: "$3" });
  const client = "https://a.pruefstand.test/_matrix/client/v3";
  assert.equal(await settledNow(hostile.turn(`${client}/sync`).answer), false);
  assert.equal(await settledNow(hostile.turn(`${client}/keys/query?since=1`).answer), false);
});

test("an event is never handed to a sync that the server has answered", async () => {
  const hostile = new HostileSync();
  const answered = hostile.turn(sync);
  answered.withdraw();
  hostile.put("!room", { event_id: "$4" });
  assert.equal(hostile.taken, false);
  const next = hostile.turn(sync);
  answered.withdraw();
  assert.match(await (await next.answer).text(), /\$4/);
  assert.equal(await settledNow(answered.answer), false);
});

test("an event comes with what the server last said about the device's keys", async () => {
  const hostile = new HostileSync();
  const said = { device_one_time_keys_count: { signed_curve25519: 50 }, device_unused_fallback_key_types: ["x"] };
  await hostile.learnFrom(Response.json({ next_batch: "s1", rooms: {}, ...said }));
  await hostile.learnFrom(Response.json({ next_batch: "s2", device_one_time_keys_count: { signed_curve25519: 49 } }));
  await hostile.learnFrom(new Response("<html>", { status: 502 }));
  hostile.put("!room", { event_id: "$5" });
  const answer = (await (await hostile.turn(sync).answer).json()) as Record<string, unknown>;
  assert.deepEqual(answer["device_one_time_keys_count"], { signed_curve25519: 49 });
  assert.deepEqual(answer["device_unused_fallback_key_types"], ["x"]);
  assert.equal(answer["next_batch"], "s1");
});
