import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { performance } from "node:perf_hooks";
import type { Conversation, LoadSession } from "../model/session.ts";
import { deliver } from "./deliver.ts";
import { evenConnections, repairOmission } from "./http.ts";
import { findKnee } from "./knee.ts";
import { percentilesOf } from "./percentiles.ts";
import { poissonSchedule } from "./schedule.ts";

const gates = { lagP99Ms: 1e6, eventLoopDelayP99Ms: 1e6, cpuShare: 100, droppedShare: 0 };
const conversation: Conversation = { kind: "direct", id: "bob" };

/** Stand-in server in memory: delivers each body after `delayMs(number)`; undefined = never (a loss). */
function standIn(delayMs: (index: number) => number | undefined): { from: LoadSession; to: LoadSession } {
  const listeners: ((body: string, at: number) => void)[] = [];
  let index = 0;
  const never = new Promise<never>(() => undefined);
  const base = {
    ended: never,
    prepare: () => Promise.resolve(conversation),
    onMessage: (listener: (body: string, at: number) => void) => listeners.push(listener),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const send = (_to: Conversation, body: string): Promise<number> => {
    const delay = delayMs(index);
    index += 1;
    if (delay !== undefined)
      setTimeout(() => listeners.forEach((listener) => listener(body, performance.now())), delay);
    return Promise.resolve(performance.now());
  };
  return { from: { ...base, address: "alice", send }, to: { ...base, address: "bob", send } };
}

const loadWith = (delayMs: (index: number) => number | undefined, schedule: readonly number[], windowMs = 500) => {
  const pair = standIn(delayMs);
  return deliver({
    schedule,
    pairs: [{ ...pair, conversation }],
    payloadBytes: 100,
    windowMs,
    servers: [],
    gates,
    signal: new AbortController().signal,
  });
};

describe("schedule", () => {
  it("has exactly the planned number of arrivals, ascending, equal for equal seeds", () => {
    const schedule = poissonSchedule("seed", 20, 300);
    assert.equal(schedule.length, 6000);
    assert.deepEqual(schedule, poissonSchedule("seed", 20, 300));
    assert.notDeepEqual(schedule, poissonSchedule("other", 20, 300));
    assert.deepEqual(
      schedule,
      schedule.toSorted((a, b) => a - b),
    );
  });

  it("has the gaps of a Poisson process: their standard deviation is near their mean", () => {
    const schedule = poissonSchedule("seed", 20, 300);
    const gaps = schedule.slice(1).map((time, index) => time - (schedule[index] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    assert.ok(Math.abs(deviation / mean - 1) < 0.1, `deviation / mean is ${deviation / mean}`);
  });
});

describe("percentiles", () => {
  it("lets losses reach into the percentile", () => {
    const values = [
      ...Array.from({ length: 94 }, () => 1),
      ...Array.from({ length: 6 }, () => Number.POSITIVE_INFINITY),
    ];
    assert.deepEqual(percentilesOf(values), {
      p50: 1,
      p90: 1,
      p95: Number.POSITIVE_INFINITY,
      p99: Number.POSITIVE_INFINITY,
      max: Number.POSITIVE_INFINITY,
    });
  });

  it("calls nothing observed infinitely slow", () => {
    assert.equal(percentilesOf([]).p50, Number.POSITIVE_INFINITY);
  });
});

describe("delivery load", () => {
  it("counts a message that never arrives as lost and infinite", async () => {
    const result = await loadWith((index) => (index === 3 ? undefined : 1), [0, 5, 10, 15, 20], 2_000);
    assert.equal(result.delivered, 4);
    assert.equal(result.lost, 1);
    assert.equal(result.latency.max, Number.POSITIVE_INFINITY);
    assert.equal(result.timeline[3]?.[1], null);
  });

  it("counts a message that arrives after its window as lost", async () => {
    const result = await loadWith((index) => (index === 0 ? 2_500 : 1), [0, 5, 10], 2_000);
    assert.equal(result.lost, 1);
  });

  it("stops when the percentile is decided, and counts the rest as lost", async () => {
    const pair = standIn(() => undefined);
    const result = await deliver({
      schedule: [...Array.from({ length: 10 }, (_, index) => index), 60_000],
      pairs: [{ ...pair, conversation }],
      payloadBytes: 50,
      windowMs: 120_000,
      giveUp: { laterThanMs: 50, share: 0.5 },
      servers: [],
      gates,
      signal: new AbortController().signal,
    });
    assert.equal(result.gaveUp, true);
    assert.equal(result.lost, 11);
    assert.equal(result.latency.p95, Number.POSITIVE_INFINITY);
  });

  it("shows a stall in the percentiles (known-slow control)", async () => {
    const stall = 300;
    const begin = performance.now() + 150;
    const result = await loadWith(
      () => Math.max(1, begin + stall - performance.now()),
      poissonSchedule("stall", 200, 0.5),
      2000,
    );
    assert.ok(result.latency.p95 > stall / 2, `p95 is ${result.latency.p95}`);
  });

  it("counts duplicates and reordering", async () => {
    const pair = standIn((index) => (index === 0 ? 60 : 1));
    const receive = pair.to.onMessage.bind(pair.to);
    const twice = {
      ...pair.to,
      onMessage: (listener: (body: string, at: number) => void) =>
        receive((body, at) => (listener(body, at), listener(body, at))),
    };
    const result = await deliver({
      schedule: [0, 10],
      pairs: [{ from: pair.from, to: twice, conversation }],
      payloadBytes: 50,
      windowMs: 500,
      servers: [],
      gates,
      signal: new AbortController().signal,
    });
    assert.equal(result.duplicates >= 1, true);
    assert.equal(result.reordered, 1);
  });

  it("fails its gate when a session is lost", async () => {
    const pair = standIn(() => 30);
    const result = await deliver({
      schedule: [0, 10],
      pairs: [
        {
          from: { ...pair.from, ended: Promise.resolve({ at: 0, error: new Error("gone") }) },
          to: pair.to,
          conversation,
        },
      ],
      payloadBytes: 50,
      windowMs: 500,
      servers: [],
      gates,
      signal: new AbortController().signal,
    });
    assert.equal(result.gates.find((gate) => gate.name === "receivers-lost")?.held, false);
  });

  it("stops at once when aborted", async () => {
    const controller = new AbortController();
    const pair = standIn(() => 1);
    const running = deliver({
      schedule: [0, 60_000],
      pairs: [{ ...pair, conversation }],
      payloadBytes: 50,
      windowMs: 60_000,
      servers: [],
      gates,
      signal: controller.signal,
    });
    controller.abort();
    await assert.rejects(running, { code: "interrupted" });
  });
});

describe("knee search", () => {
  const below = (limit: number) => (rate: number) => Promise.resolve(rate <= limit);

  it("never asks for much more than what has passed", async () => {
    const { probes } = await findKnee({ low: 10, high: 400, steps: 3, probe: below(30) });
    assert.deepEqual(
      probes.map(({ rate }) => rate),
      [10, 40, 25, 33, 29, 29],
    );
  });

  it("gives an interval around the knee", async () => {
    const knee = await findKnee({ low: 10, high: 400, steps: 6, probe: below(123) });
    assert.ok(knee.lastPassing <= 123 && (knee.firstFailing ?? 0) > 123, JSON.stringify(knee));
  });

  it("says 0 when the lowest rate fails, and no failing rate when the highest passes", async () => {
    assert.equal((await findKnee({ low: 10, high: 400, steps: 6, probe: below(5) })).lastPassing, 0);
    assert.deepEqual((await findKnee({ low: 10, high: 400, steps: 6, probe: below(1000) })).firstFailing, null);
  });

  it("does not keep a rate that failed when repeated", async () => {
    const seen = new Map<number, number>();
    const knee = await findKnee({
      low: 10,
      high: 100,
      steps: 3,
      probe: (rate) => {
        seen.set(rate, (seen.get(rate) ?? 0) + 1);
        return Promise.resolve(rate <= 50 || (rate < 60 && seen.get(rate) === 1));
      },
    });
    assert.ok(knee.lastPassing <= 50, JSON.stringify(knee));
  });
});

describe("autocannon's omission error", () => {
  it("sets each answer against the even schedule of its connection", () => {
    // 10/s; the third answer stalls 500 ms, the next ones were due meanwhile.
    const answers = [[5, 105, 700, 705, 710, 715, 720].map((atMs, index) => ({ atMs, tookMs: index === 2 ? 500 : 5 }))];
    assert.deepEqual(repairOmission(answers, 10, 7), [5, 5, 500, 405, 310, 215, 120]);
  });

  it("counts a request that was never answered as infinite", () => {
    assert.deepEqual(repairOmission([[{ atMs: 1, tookMs: 1 }]], 1, 2), [1, Number.POSITIVE_INFINITY]);
  });

  it("splits a rate evenly over connections", () => {
    assert.equal(evenConnections(50, 8), 5);
    assert.equal(evenConnections(7, 4), 1);
  });
});
