import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { AckQueue } from "./acks.ts";

const queue = (): AckQueue => new AckQueue(60_000, () => new Error("too late"));

test("an acknowledgement settles all stanzas up to its count and no other", async () => {
  const acks = queue();
  const [one, two, three] = [acks.add(1), acks.add(2), acks.add(5)];
  acks.acknowledge(4);
  assert.ok((await one) <= (await two));
  acks.fail(new Error("gone"));
  await assert.rejects(three, /gone/);
});

test("counters wrap at 2^32", async () => {
  const acks = queue();
  const [before, after] = [acks.add(0xff_ff_ff_ff), acks.add(0)];
  acks.acknowledge(0xff_ff_ff_ff);
  await before;
  acks.acknowledge(0);
  await after;
});

test("each stanza has its own time limit", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const acks = new AckQueue(0, () => new Error("too late"));
    const lost = acks.add(1);
    mock.timers.tick(1);
    await assert.rejects(lost, /too late/);
    const answered = acks.add(2);
    acks.acknowledge(2);
    assert.equal(typeof (await answered), "number");
  } finally {
    mock.timers.reset();
  }
});
