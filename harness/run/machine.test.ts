import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { describe, it } from "node:test";
import { Machine, type MachineLimits, type Place } from "./machine.ts";

const never = new AbortController().signal;
const machineOf = (limits: Partial<MachineLimits> = {}): Machine =>
  new Machine({ places: 2, sure: 2, ready: 4, ...limits });

/** Whether the promise has resolved once everything that can go on has gone on. */
async function isDone(work: Promise<unknown>): Promise<boolean> {
  let done = false;
  void work.then(() => (done = true));
  await turn();
  return done;
}

async function twoPlaces(machine: Machine): Promise<readonly [Place, Place]> {
  return [await machine.enter("beside"), await machine.enter("beside")];
}

describe("the machine", () => {
  it("lets in as many as there are places, and the next when one has left", async () => {
    const machine = machineOf();
    const [first] = await twoPlaces(machine);
    const third = machine.enter("beside");
    assert.equal(await isDone(third), false);
    first.leave();
    assert.equal(await isDone(third), true);
  });

  it("asks for headroom only beyond the sure places", async () => {
    let asked = 0;
    let enough = false;
    const headroom = { begun: () => undefined, enough: () => ((asked += 1), enough) };
    const machine = machineOf({ places: 3, headroom });
    const [first] = await twoPlaces(machine);
    assert.equal(asked, 0);
    const third = machine.enter("beside");
    assert.equal(await isDone(third), false);
    assert.ok(asked > 0);
    enough = true;
    first.leave();
    assert.equal(await isDone(third), true);
  });

  it("gives the machine to one alone when all others have left or wait for the same", async () => {
    const machine = machineOf();
    const beside = await machine.enter("beside");
    const one = await machine.enter("alone-later");
    const first = one.alone(never);
    const other = await machine.enter("alone-later");
    const second = other.alone(never);
    assert.equal(await isDone(first), false, "somebody still works");
    beside.leave();
    assert.equal(await isDone(first), true);
    const late = machine.enter("beside");
    assert.equal(await isDone(second), false);
    assert.equal(await isDone(late), false, "nobody is let in beside it");
    one.leave();
    assert.equal(await isDone(late), true, "who can be let in comes before the next turn");
    assert.equal(await isDone(second), false);
    (await late).leave();
    assert.equal(await isDone(second), true);
  });

  it("keeps at most so many servers ready", async () => {
    const machine = machineOf({ places: 9, sure: 9, ready: 1 });
    const one = await machine.enter("alone-later");
    const next = machine.enter("alone-later");
    const turned = one.alone(never);
    assert.equal(await isDone(turned), true);
    assert.equal(await isDone(next), false);
    one.leave();
    assert.equal(await isDone(next), true);
  });

  it("lets one that needs it alone from the start in when everybody has left", async () => {
    const machine = machineOf();
    const beside = await machine.enter("beside");
    const alone = machine.enter("alone");
    assert.equal(await isDone(alone), false);
    beside.leave();
    assert.equal(await isDone(alone), true);
    await (await alone).alone(never);
    const next = machine.enter("beside");
    assert.equal(await isDone(next), false);
    (await alone).leave();
    assert.equal(await isDone(next), true);
  });

  it("gives up a turn on a signal and counts on as if it had never been asked for", async () => {
    const machine = machineOf();
    const beside = await machine.enter("beside");
    const one = await machine.enter("alone-later");
    const stop = new AbortController();
    const waiting = one.alone(stop.signal);
    stop.abort(new Error("stopped"));
    await assert.rejects(waiting, /stopped/);
    const third = machine.enter("beside");
    assert.equal(await isDone(third), false, "both places are taken again");
    one.leave();
    assert.equal(await isDone(third), true);
    beside.leave();
  });

  it("forgets the wish of one that leaves while it waits, and goes on", async () => {
    const machine = machineOf();
    const beside = await machine.enter("beside");
    const gone = await machine.enter("alone-later");
    void gone.alone(never);
    gone.leave();
    await assert.rejects(gone.alone(never), { code: "harness-fault" });
    const one = await machine.enter("alone-later");
    const turned = one.alone(never);
    assert.equal(await isDone(turned), false, "somebody still works");
    beside.leave();
    assert.equal(await isDone(turned), true);
  });
});
