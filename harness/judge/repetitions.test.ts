import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VerdictRecord } from "../model/result.ts";
import { aCatalogue, aJournal, aRun, judged, judgeOne, scenarioRun, verdictOf } from "./testing/builders.ts";
import type { ScenarioRun } from "./testing/builders.ts";

const runsOf = (id: string, values: readonly (number | boolean)[]): readonly ScenarioRun[] =>
  values.map((value, index) => ({ run: index + 1, values: { [id]: value } }));
const seen = ({ verdict, points, unstable }: VerdictRecord): readonly unknown[] => [
  verdict,
  points,
  unstable?.verdicts,
];

describe("repetitions", () => {
  it("of a row of type A take the worst and are marked unstable with every word", () => {
    const record = judgeOne(["measurements: [x.hits]", "pass: [x.hits = 0]"], ...runsOf("x.hits", [0, 2, 0]));
    assert.deepEqual(seen(record), ["not-met", null, ["met", "not-met", "met"]]);
    assert.equal(record.reason.text.de, "Treffer: 2 (verlangt: 0).");
  });

  it("of a row of type B take the median of the values and show all of them", () => {
    const keys = ["measurements: [x.time]", "scale: { kind: linear, of: x.time, points: [[0, 10], [10, 0]] }"];
    const record = judgeOne(keys, ...runsOf("x.time", [9, 1, 2]));
    assert.deepEqual(seen(record), ["partly", 8, undefined]);
    assert.deepEqual(record.measurements[0]?.values, [9, 1, 2]);
    assert.deepEqual(seen(judgeOne(keys, ...runsOf("x.time", [0, 4]))), ["partly", 8, ["met", "partly"]]);
  });

  it("of a yes/no fact that split evenly earn nothing for it", () => {
    const keys = ["measurements: [x.flag]", "scale: { kind: steps, steps: [{ bp: 10, when: [x.flag = true] }] }"];
    assert.deepEqual(seen(judgeOne(keys, ...runsOf("x.flag", [true, false]))), ["not-met", 0, ["met", "not-met"]]);
    assert.deepEqual(seen(judgeOne(keys, ...runsOf("x.flag", [true, false, true])))[1], 10);
  });

  it("leave a row open when one of them had a fault, unless another showed a violation of an A row", () => {
    const fault = { run: 2, fault: { code: "lab-fault", message: "gone" } } as const;
    const pass = ["measurements: [x.hits]", "pass: [x.hits = 0]"];
    const first = (hits: number): ScenarioRun => ({ values: { "x.hits": hits } });
    assert.equal(judgeOne(pass, first(0), fault).verdict, "inconclusive");
    assert.equal(judgeOne(pass, first(1), fault).verdict, "not-met");
  });

  it("that an interruption cut short are left out if others finished", () => {
    const catalogue = aCatalogue([{ keys: ["measurements: [x.hits]", "pass: [x.hits = 0]"] }]);
    const whole = scenarioRun({ values: { "x.hits": 0 } });
    const cut = scenarioRun({ run: 2, unfinished: true });
    const result = judged(catalogue, aJournal([whole, cut], aRun({ repeat: 2 }), "interrupted"));
    assert.deepEqual(seen(verdictOf(result)), ["met", null, undefined]);
  });
});

describe("configurations", () => {
  it("show a row that is judged on hardened beside the configuration as shipped, which decides nothing", () => {
    const catalogue = aCatalogue([{ keys: ["config: both", "measurements: [x.hits]", "pass: [x.hits = 0]"] }]);
    const journal = aJournal([
      scenarioRun({ config: "default", values: { "x.hits": 4 } }),
      scenarioRun({ values: { "x.hits": 0 } }),
    ]);
    const { verdicts, totals } = judged(catalogue, journal);
    assert.deepEqual(
      verdicts.map(({ config, decides, verdict }) => [config, decides, verdict]),
      [
        ["hardened", true, "met"],
        ["default", false, "not-met"],
      ],
    );
    assert.equal(totals[0]?.standing, "eligible");
  });

  it("take the lower of both where the row says so", () => {
    const keys = [
      "config: both",
      "measurements: [x.rate]",
      "scale: { kind: steps, steps: [{ bp: 10, when: [x.rate >= 3000] }, { bp: 6, when: [x.rate >= 2000] }], lower_of: [hardened, default] }",
    ];
    const of = (asShipped: number, hardened: number): VerdictRecord =>
      judgeOne(keys, { config: "default", values: { "x.rate": asShipped } }, { values: { "x.rate": hardened } });
    assert.equal(of(2048, 3072).points, 6);
    assert.equal(of(4096, 2048).points, 6);
    assert.equal(of(4096, 4096).points, 10);
  });

  it("leave a row that reads both untested when one was not in the plan", () => {
    const keys = [
      "config: both",
      "measurements: [x.flag]",
      "scale: { kind: steps, steps: [{ bp: 10, when: [x.flag@default = false, x.flag = false] }, { bp: 5, when: [x.flag = false] }] }",
    ];
    const hardened = { values: { "x.flag": false } };
    const asShipped = (flag: boolean): ScenarioRun => ({ config: "default", values: { "x.flag": flag } });
    assert.deepEqual(judgeOne(keys, hardened).reason.code, "not-in-plan");
    assert.equal(judgeOne(keys, hardened, asShipped(true)).points, 5);
    assert.equal(judgeOne(keys, hardened, asShipped(false)).points, 10);
  });
});
