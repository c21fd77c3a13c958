import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { explainCriterion } from "./explain.ts";
import { aCatalogue, aJournal, judged, scenarioRun } from "./testing/builders.ts";

const catalogue = aCatalogue([
  {
    keys: [
      "params: { size: { full: 20, compressed: 5 } }",
      "measurements: [{ id: x.count, total: $size }, x.time]",
      "valid: [x.count = $size]",
      "scale: { kind: linear, of: x.time, points: [[1, 10], [5, 0]] }",
    ],
  },
]);

describe("explaining a criterion", () => {
  it("gives rule, parameters and measurements without a run", () => {
    const { rule, params, reads, verdicts, maxPoints } = explainCriterion(catalogue, "t-01");
    assert.deepEqual(rule, ["linear(x.time): 1 → 10, 5 → 0", "valid: x.count = $size"]);
    assert.deepEqual(params, [{ name: "size", full: 20, compressed: 5 }]);
    assert.deepEqual(
      reads.map(({ id, total, unit }) => [id, total, unit]),
      [
        ["x.count", "$size", undefined],
        ["x.time", undefined, "s"],
      ],
    );
    assert.deepEqual([verdicts.length, maxPoints], [0, 100]);
  });

  it("adds the arithmetic and the measurements of a judged run", () => {
    const values = { "x.count": { value: 20, total: 20 }, "x.time": 2 };
    const result = judged(catalogue, aJournal([scenarioRun({ values })]));
    const [verdict] = explainCriterion(catalogue, "T-01", result).verdicts;
    assert.equal(verdict?.arithmetic.en, "2 s → 7.5 BP → 7.5 × 10 = 75 weighted points (LP)");
    assert.deepEqual(
      verdict?.measurements.map(({ id, role, value }) => [id, role, value]),
      [
        ["x.time", "rule", 2],
        ["x.count", "valid", 20],
        ["control.sz-01.positive", "control", true],
        ["control.sz-01.negative", "control", true],
      ],
    );
    assert.deepEqual(verdict?.evidence.slice(0, 1), ["evidence/x.time.txt"]);
  });

  it("refuses a row that does not exist", () => {
    assert.throws(() => explainCriterion(catalogue, "Z-99"), { code: "bad-input" });
  });
});
