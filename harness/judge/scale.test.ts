import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VerdictRecord } from "../model/result.ts";
import type { Given } from "./testing/builders.ts";
import { aCatalogue, aJournal, aRun, judged, judgeOne, scenarioRun, verdictOf } from "./testing/builders.ts";

const result = ({ verdict, points }: VerdictRecord): readonly unknown[] => [verdict, points];
const judgeValues = (keys: readonly string[], values: Readonly<Record<string, Given>>): VerdictRecord =>
  judgeOne(keys, { values });
const censored = (value: number): Given => ({ value, censored: true });

describe("steps", () => {
  const keys = [
    "measurements: [x.count, x.flag]",
    "scale: { kind: steps, steps: [{ bp: 10, when: [x.count <= 10, x.flag = true] }, { bp: 5, when: [x.count <= 10 or x.flag = true] }] }",
  ];

  it("takes the first step that holds and says what the next one would have asked for", () => {
    assert.deepEqual(result(judgeValues(keys, { "x.count": 3, "x.flag": true })), ["met", 10]);
    const partly = judgeValues(keys, { "x.count": 30, "x.flag": true });
    assert.deepEqual(result(partly), ["partly", 5]);
    assert.deepEqual(partly.reason.text, {
      de: "5 Bewertungspunkte: Merkmal: ja (verlangt: ja); für 10 fehlt: Zahl: 30 (verlangt: höchstens 10).",
      en: "5 points: flag: yes (required: yes); missing for 10: count: 30 (required: at most 10).",
    });
    assert.equal(partly.arithmetic.de, "x.count = 30, x.flag = ja → 5 BP → 5 × 10 = 50 LP");
    assert.deepEqual(result(judgeValues(keys, { "x.count": 30, "x.flag": false })), ["not-met", 0]);
  });

  it("does not take a step that a window left undecided, but a lower one that is decided", () => {
    assert.deepEqual(result(judgeValues(keys, { "x.count": censored(5), "x.flag": true })), ["partly", 5]);
  });

  it("is inconclusive when a missing measurement could have earned more", () => {
    assert.deepEqual(result(judgeValues(keys, { "x.flag": true })), ["inconclusive", null]);
  });

  it("gives 0 and names the ability when it is missing", () => {
    const gone: Given = { value: null, missingAbility: "rate limits" };
    const record = judgeValues(keys, { "x.count": gone, "x.flag": false });
    assert.deepEqual([record.verdict, record.points, record.reason.code], ["not-met", 0, "missing-ability"]);
  });
});

describe("linear", () => {
  const falling = (more = ""): readonly string[] => [
    "measurements: [x.time, x.flag]",
    `scale: { kind: linear, of: x.time, points: [[60, 10], [300, 7], [3600, 4]], then: 0${more} }`,
    "report: [x.flag]",
  ];
  const pointsAt = (time: Given): number | null => judgeValues(falling(), { "x.time": time }).points;

  it("is constant before the first point, straight between, and 0 after the last if said so", () => {
    assert.deepEqual([0, 60, 180, 300, 3600, 3601].map(pointsAt), [10, 10, 8.5, 7, 4, 0]);
  });

  it("gives an unlimited duration what lies beyond the last point", () => assert.equal(pointsAt(null), 0));

  it("gives a value not seen inside the window the lowest points it may still have", () => {
    assert.equal(pointsAt(censored(120)), 0);
    const rising = [
      "measurements: [x.rate]",
      "scale: { kind: linear, of: x.rate, points: [[10, 0], [50, 5], [200, 10]] }",
    ];
    assert.equal(judgeValues(rising, { "x.rate": censored(50) }).points, 5);
    assert.equal(judgeValues(rising, { "x.rate": censored(250) }).points, 10);
  });

  it("does not write a value above nothing as if it were one", () => {
    const rising = ["measurements: [x.rate]", "scale: { kind: linear, of: x.rate, points: [[10, 0], [50, 5]] }"];
    const { reason } = judgeValues(rising, { "x.rate": censored(0) });
    assert.match(reason.text.de, /kein Wert bestimmt/u);
    assert.doesNotMatch(reason.text.de, /über 0/u);
  });

  it("writes value, points and weight as one line with German numbers", () => {
    const record = judgeValues(falling(), { "x.time": 180.25 });
    assert.equal(record.arithmetic.de, "180,25 s → 8,5 BP → 8,5 × 10 = 85 LP");
    assert.equal(
      record.reason.text.de,
      "8,5 Bewertungspunkte: Zeit: 180,25 s (60 s → 10, 300 s → 7, 3600 s → 4, darüber 0).",
    );
  });

  it("applies cap, half and zero last", () => {
    const cap = falling(", cap: { bp: 4, when: [x.flag = true] }").with(2, "report: []");
    assert.equal(judgeValues(cap, { "x.time": 1, "x.flag": true }).points, 4);
    assert.equal(judgeValues(cap, { "x.time": 1, "x.flag": false }).points, 10);
    const half = falling(", half: { when: [x.flag = true] }").with(2, "report: []");
    assert.equal(judgeValues(half, { "x.time": 1, "x.flag": true }).points, 5);
    const zero = falling(", zero: { when: [x.flag = false] }").with(2, "report: []");
    const none = judgeValues(zero, { "x.time": 1, "x.flag": false });
    assert.deepEqual(result(none), ["not-met", 0]);
    assert.equal(
      none.reason.text.de,
      "0 Bewertungspunkte: Zeit: 1 s (60 s → 10, 300 s → 7, 3600 s → 4, darüber 0); auf 0 gesetzt wegen Merkmal: nein.",
    );
  });

  it("is inconclusive when an adjustment could not be decided", () => {
    const zero = falling(", zero: { when: [x.flag = false] }").with(2, "report: []");
    assert.deepEqual(result(judgeValues(zero, { "x.time": 1 })), ["inconclusive", null]);
  });

  it("takes the mean of the values of both configurations, a value not seen counting as said", () => {
    const keys = [
      "measurements: [x.time]",
      "scale: { kind: linear, of: [x.time@default, x.time], points: [[60, 10], [900, 4], [3600, 0]], censored_as: 3600 }",
    ];
    const both = (asShipped: Given, hardened: Given): number | null =>
      judgeOne(keys, { config: "default", values: { "x.time": asShipped } }, { values: { "x.time": hardened } }).points;
    assert.equal(both(100, 20), 10);
    assert.equal(both(1780, 20), 4);
    assert.equal(both(censored(90), 3600), 0);
  });
});

describe("share, points and sum", () => {
  it("gives ten times the share, in two decimals", () => {
    const keys = ["measurements: [{ id: x.count, total: 12 }]", "scale: { kind: share, of: x.count, total: 12 }"];
    assert.equal(judgeValues(keys, { "x.count": { value: 8, total: 12 } }).points, 6.67);
  });

  it("reads the total from a measurement and never divides by nothing", () => {
    const keys = ["measurements: [x.count, x.hits]", "scale: { kind: share, of: x.hits, total: x.count }"];
    assert.equal(judgeValues(keys, { "x.count": 40, "x.hits": 30 }).points, 7.5);
    assert.deepEqual(result(judgeValues(keys, { "x.count": 0, "x.hits": 0 })), ["inconclusive", null]);
  });

  it("takes the total from a parameter of the row", () => {
    const measured = "measurements: [{ id: x.count, total: $size }]";
    const keys = ["params: { size: 8 }", measured, "scale: { kind: share, of: x.count, total: $size }"];
    assert.equal(judgeValues(keys, { "x.count": { value: 6, total: 8 } }).points, 7.5);
  });

  it("multiplies points and stops at ten", () => {
    const keys = ["measurements: [x.count]", "scale: { kind: points, of: x.count, factor: 2 }"];
    assert.deepEqual(
      [3, 7].map((value) => judgeValues(keys, { "x.count": value }).points),
      [6, 10],
    );
  });

  it("adds parts, each with its own reason", () => {
    const keys = [
      "measurements: [x.flag, x.hits, x.count]",
      "scale: { kind: sum, parts: [{ bp: 4, when: [x.flag = true] }, { bp: 2.5, when: [x.hits = 0] }, { kind: points, of: x.count, factor: 1 }] }",
    ];
    const record = judgeValues(keys, { "x.flag": true, "x.hits": 1, "x.count": 3 });
    assert.deepEqual(result(record), ["partly", 7]);
    assert.equal(
      record.reason.text.de,
      "7 Bewertungspunkte: Zahl: 3 (× 1); 4 für Merkmal: ja (verlangt: ja); 0 für Treffer: 1 (verlangt: 0).",
    );
  });
});

describe("values by document", () => {
  const keys = [
    "evidence_min: E1",
    "method: [auto-server, attested]",
    "measurements: [x.flag, attest.paper]",
    "scale: { kind: steps, steps: [{ bp: 10, when: [x.flag = true, attest.paper = true] }, { bp: 3, when: [x.flag = true] }] }",
  ];

  it("earn nothing without a document, and what was measured still counts", () => {
    assert.deepEqual(result(judgeValues(keys, { "x.flag": true })), ["partly", 3]);
  });

  it("lower the grade of the verdict to their own", () => {
    const record = judgeValues(keys, {
      "x.flag": true,
      "attest.paper": { value: true, grade: "E2", scenario: "dossier" },
    });
    assert.deepEqual([record.points, record.grade], [10, "E2"]);
  });

  it("stand in for a scenario that never ran, if the row accepts their grade", () => {
    const flag: Given = { value: true, grade: "E2", scenario: "dossier" };
    const run = aRun({ scenarios: [] });
    const [, document] = scenarioRun({ values: { "x.flag": flag }, controls: {} });
    assert.ok(document);
    const of = (evidence: string): VerdictRecord => {
      const catalogue = aCatalogue([{ keys: [`evidence_min: ${evidence}`, ...keys.slice(1)] }]);
      return verdictOf(judged(catalogue, aJournal([[document]], run)));
    };
    assert.deepEqual([of("E1").points, of("E1").grade], [3, "E2"]);
    assert.deepEqual([of("E4").verdict, of("E4").reason.code], ["not-tested", "no-scenario"]);
  });

  it("do not count without any grade", () => {
    const paper: Given = { value: true, grade: "E0", scenario: "dossier" };
    assert.equal(judgeValues(keys, { "x.flag": true, "attest.paper": paper }).points, 3);
  });

  it("leave a row that rests on documents alone not tested when there is none", () => {
    const attested = [
      "method: [attested]",
      "scenarios: []",
      "evidence_min: E1",
      "measurements: [attest.paper, attest.more]",
      "scale: { kind: sum, parts: [{ bp: 5, when: [attest.paper = true] }, { bp: 5, when: [attest.more = true] }] }",
    ];
    const none = judgeOne(attested);
    assert.deepEqual([none.verdict, none.reason.code], ["not-tested", "no-document"]);
    const one = judgeValues(attested, { "attest.paper": { value: true, grade: "E3", scenario: "dossier" } });
    assert.deepEqual([one.verdict, one.points, one.grade], ["partly", 5, "E3"]);
  });
});
