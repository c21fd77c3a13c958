import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ProofRecord } from "../model/control.ts";
import type { Proof } from "../model/result.ts";
import { proofOf } from "./proofs.ts";
import { aCandidate, aCatalogue, aJournal, aProof, aRun, judged, scenarioRun } from "./testing/builders.ts";
import type { Given, RowText } from "./testing/builders.ts";

const rowA: RowText = { id: "T-01", keys: ["measurements: [x.hits]", "pass: [x.hits = 0]"] };
const rowB: RowText = {
  id: "T-02",
  keys: [
    "ufab: { type: B, gp: 15, minimum: 4 }",
    "measurements: [x.time]",
    "scale: { kind: linear, of: x.time, points: [[0, 10], [10, 0]] }",
  ],
};
const rowC: RowText = {
  id: "D-01",
  keys: [
    "group: D",
    "ufab: { type: B, gp: 5 }",
    "measurements: [x.flag]",
    "scale: { kind: steps, steps: [{ bp: 10, when: [x.flag = true] }] }",
  ],
};
const run = aRun({ scenarios: [{ id: "SZ-01", title: { de: "s", en: "s" }, verifies: ["T-01", "T-02", "D-01"] }] });
const totalOf = (values: Readonly<Record<string, Given>>, catalogue = aCatalogue([rowA, rowB, rowC])) => {
  const [total] = judged(catalogue, aJournal([scenarioRun({ values })], run)).totals;
  assert.ok(total);
  return total;
};

describe("totals", () => {
  it("add Bewertungspunkte times Gewichtungspunkte, by group and in all, with the maximum computed", () => {
    const total = totalOf({ "x.hits": 0, "x.time": 2.5, "x.flag": true });
    assert.equal(total.standing, "eligible");
    assert.deepEqual([total.points, total.maxPoints], [162.5, 200]);
    assert.deepEqual(total.groups, [
      { group: "T", points: 112.5, maxPoints: 150 },
      { group: "D", points: 50, maxPoints: 50 },
    ]);
    assert.deepEqual(total.grades.E4, { a: 1, points: 162.5 });
    assert.deepEqual(total.requiredTested, { tested: 1, required: 1 });
  });

  it("exclude by an A row that is not met and by a minimum that was measured and missed", () => {
    const total = totalOf({ "x.hits": 1, "x.time": 9, "x.flag": true });
    assert.equal(total.standing, "excluded");
    assert.deepEqual(total.excludedBy, ["T-01", "T-02"]);
    assert.deepEqual(total.openRows, []);
  });

  it("stay open, and give no points, for what nobody could decide", () => {
    const total = totalOf({ "x.flag": true });
    assert.equal(total.standing, "open");
    assert.deepEqual(total.openRows, ["T-01", "T-02"]);
    assert.deepEqual([total.points, total.maxPoints], [50, 200]);
    assert.deepEqual(total.requiredTested, { tested: 0, required: 1 });
    assert.deepEqual(total.grades.E0, { a: 1, points: 0 });
  });

  it("leave out a row whose function the stated need drops, for points and maximum alike", () => {
    const text = `{ id: no-flags, title: { de: p, en: p }, criteria: { D-01: { active: false, because: { de: Kein Bedarf., en: No need. } } } }`;
    const catalogue = aCatalogue([rowA, rowB, rowC], { file: "own.yaml", text });
    assert.equal(totalOf({ "x.hits": 0, "x.time": 0, "x.flag": false }, catalogue).maxPoints, 150);
    const { verdicts } = judged(catalogue, aJournal([scenarioRun()], run));
    const dropped = verdicts.find(({ criterion }) => criterion === "D-01");
    assert.deepEqual(
      [dropped?.verdict, dropped?.reason.code, dropped?.reason.text.de],
      ["not-applicable", "stated-need", "Kein Bedarf."],
    );
  });

  it("keep candidates apart", () => {
    const two = { ...run, candidates: [aCandidate(), aCandidate({ id: "beta" })] };
    const journal = aJournal(
      [scenarioRun({ values: { "x.hits": 0 } }), scenarioRun({ candidate: "beta", values: { "x.hits": 1 } })],
      two,
    );
    const { totals } = judged(aCatalogue([rowA]), journal);
    assert.deepEqual(
      totals.map(({ candidate, standing }) => [candidate, standing]),
      [
        ["alpha", "eligible"],
        ["beta", "excluded"],
      ],
    );
  });
});

describe("the proof of a criterion", () => {
  const state = (proofs: readonly ProofRecord[], subjects?: Readonly<Record<string, string>>): Proof["state"] =>
    proofOf("T-01", "xmpp", proofs, subjects).state;
  const current = { "T-01-broken-alpha": "s1" };

  it("holds for every product of the protocol family once a control was caught", () => {
    assert.equal(state([aProof()], current), "proven");
    assert.equal(state([aProof({ protocol: "matrix" })], current), "unproven");
    assert.equal(state([]), "unproven");
  });

  it("is stale when scenario, control or candidate changed since", () => {
    assert.equal(state([aProof()], { "T-01-broken-alpha": "s2" }), "stale");
    assert.equal(state([aProof()], {}), "stale");
  });

  it("counts only the last record of a control", () => {
    const later = "2026-11-22T10:00:00.000Z";
    assert.equal(state([aProof({ at: later, outcome: "missed" }), aProof()], current), "missed");
    assert.equal(state([aProof({ outcome: "missed" }), aProof({ at: later })], current), "proven");
  });

  it("is not made by a broken lab alone, nor by a control that ended in an error", () => {
    assert.equal(state([aProof({ expected: "inconclusive" })], current), "unproven");
    assert.equal(state([aProof({ shows: "x.y", expected: "met" })], current), "unproven");
    assert.equal(state([aProof({ outcome: "error" })], current), "unproven");
  });

  it("names the day it last held and every control", () => {
    const other = aProof({ control: "T-01-other", at: "2026-11-21T10:00:00.000Z" });
    assert.deepEqual(proofOf("T-01", "xmpp", [other, aProof()], undefined), {
      state: "proven",
      at: "2026-11-21T10:00:00.000Z",
      controls: ["T-01-broken-alpha", "T-01-other"],
    });
  });
});
