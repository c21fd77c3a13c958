import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cpuChart, kneeChart, memoryChart, percentileChart, recoveryChart } from "./charts.ts";
import type { DeliveryResult } from "./tools.ts";

const place = { candidate: "prosody", config: "hardened" } as const;
const percentiles = { p50: 1, p90: 1, p95: 1, p99: 1, max: 1 };
function load(timeline: DeliveryResult["timeline"], changed: Partial<DeliveryResult> = {}): DeliveryResult {
  const delivered = timeline.filter(([, ms]) => ms !== null).length;
  return {
    offered: timeline.length,
    sent: timeline.length,
    delivered,
    lost: timeline.length - delivered,
    duplicates: 0,
    reordered: 0,
    refused: 0,
    failed: 0,
    gaveUp: false,
    latency: percentiles,
    serverPart: percentiles,
    generatorLag: percentiles,
    achievedPerSecond: 1,
    gates: [],
    resources: [],
    timeline,
    histogram: "",
    ...changed,
  };
}
const sample = (service: string, atMs: number, cpuSeconds: number, mebibytes: number) => ({
  service,
  atMs,
  cpuSeconds,
  memoryBytes: mebibytes * 2 ** 20,
});

describe("charts", () => {
  it("show a percentile that losses reach as lost, never as fast", () => {
    const { points } = percentileChart(
      place,
      load([
        [0, 10],
        [1, 20],
        [2, 30],
        [3, null],
      ]),
    );
    assert.deepEqual(
      points.filter(([share]) => [0, 50, 75, 90, 100].includes(share)),
      [
        [0, 10],
        [50, 20],
        [75, 30],
        [90, null],
        [100, null],
      ],
    );
    assert.ok(percentileChart(place, load([])).points.every(([, value]) => value === null));
  });

  it("order load steps by rate and show a 95th percentile of losses as lost", () => {
    const lost = load([[0, null]], { latency: { ...percentiles, p95: Number.POSITIVE_INFINITY } });
    const { points } = kneeChart(place, [
      { rate: 40, result: lost },
      { rate: 10, result: load([[0, 1]]) },
    ]);
    assert.deepEqual(points, [
      [10, 1],
      [40, null],
    ]);
  });

  it("add the CPU time of all services and divide it by what was delivered", () => {
    const resources = [
      sample("app", 0, 1, 0),
      sample("app", 1000, 1.5, 0),
      sample("db", 0, 7, 0),
      sample("db", 900, 7.1, 0),
    ];
    const { points } = cpuChart(place, [
      {
        rate: 5,
        result: load(
          [
            [0, 1],
            [1, 1],
            [2, null],
          ],
          { resources },
        ),
      },
    ]);
    assert.equal(points.length, 1);
    assert.ok(Math.abs((points[0]?.[1] ?? 0) - 300) < 1e-6);
    assert.deepEqual(cpuChart(place, [{ rate: 5, result: load([[0, null]], { resources }) }]).points, []);
  });

  it("add the memory of all services second by second", () => {
    const resources = [
      sample("app", 0, 0, 100),
      sample("db", 10, 0, 50),
      sample("app", 1100, 0, 120),
      sample("db", 1110, 0, 60),
    ];
    assert.deepEqual(memoryChart(place, load([], { resources })).points, [[1, 180]]);
    assert.deepEqual(memoryChart(place, load([])).points, []);
  });

  it("keep lost messages in a recovery", () => {
    const { points } = recoveryChart(place, "group", [
      { writtenAt: 9, arrivedAfter: null },
      { writtenAt: 2, arrivedAfter: 4 },
    ]);
    assert.deepEqual(points, [
      [2, 4],
      [9, null],
    ]);
  });
});
