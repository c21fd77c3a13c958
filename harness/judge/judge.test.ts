import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VerdictRecord } from "../model/result.ts";
import {
  aCandidate,
  aCatalogue,
  aJournal,
  aRun,
  judged,
  judgeOne,
  scenarioRun,
  verdictOf,
} from "./testing/builders.ts";

const pass = ["measurements: [x.hits, x.time]", "pass: [x.hits = 0, x.time <= 10]"];
const word = ({ verdict, points, reason }: VerdictRecord): readonly unknown[] => [verdict, points, reason.code];

describe("a row of type A", () => {
  it("is met when every condition holds, and says so with value, unit and threshold in both languages", () => {
    const record = judgeOne(pass, { values: { "x.hits": 0, "x.time": 0.42 } });
    assert.deepEqual(word(record), ["met", null, "threshold-held"]);
    assert.deepEqual(record.reason.text, {
      de: "Treffer: 0 (verlangt: 0); Zeit: 0,42 s (verlangt: höchstens 10 s).",
      en: "Hits: 0 (required: 0); time: 0.42 s (required: at most 10 s).",
    });
    assert.equal(record.grade, "E4");
  });

  it("is not met when one condition fails, and names only what failed", () => {
    const record = judgeOne(pass, { values: { "x.hits": 3, "x.time": 0.42 } });
    assert.deepEqual(word(record), ["not-met", null, "threshold-missed"]);
    assert.equal(record.reason.text.de, "Treffer: 3 (verlangt: 0).");
  });

  it("is inconclusive when a measurement was not observed", () => {
    const record = judgeOne(pass, { values: { "x.hits": 0 } });
    assert.deepEqual(word(record), ["inconclusive", null, "nothing-observed"]);
    assert.equal(record.grade, "E0");
  });

  it("takes an unlimited duration as larger than any limit", () => {
    assert.equal(judgeOne(pass, { values: { "x.hits": 0, "x.time": null } }).verdict, "not-met");
  });

  it("is open when a value was not seen inside a window shorter than the threshold", () => {
    const record = judgeOne(pass, { values: { "x.hits": 0, "x.time": { value: 5, censored: true } } });
    assert.deepEqual(word(record), ["inconclusive", null, "censored"]);
  });

  it("is not met when a value was not seen inside a window as long as the threshold", () => {
    const record = judgeOne(pass, { values: { "x.hits": 0, "x.time": { value: 10, censored: true } } });
    assert.deepEqual(word(record), ["not-met", null, "threshold-missed"]);
    assert.equal(record.reason.text.de, "Zeit: über 10 s (verlangt: höchstens 10 s).");
  });

  it("skips a condition whose measurement has no meaning for the protocol", () => {
    const values = { "x.hits": 0, "x.time": { value: null, notApplicable: "no such thing" } };
    assert.equal(judgeOne(pass, { values }).verdict, "met");
  });

  it("is never met when every condition was skipped", () => {
    const gone = { value: null, notApplicable: "no such thing" };
    assert.deepEqual(word(judgeOne(pass, { values: { "x.hits": gone, "x.time": gone } })), [
      "inconclusive",
      null,
      "nothing-observed",
    ]);
  });

  it("is not met when the scenario found the ability missing, even if controls could not run", () => {
    const values = { "x.hits": { value: null, missingAbility: "file transfer" }, "x.time": 1 };
    const record = judgeOne(pass, { values, controls: {} });
    assert.deepEqual(word(record), ["not-met", null, "missing-ability"]);
    assert.equal(record.reason.text.de, "Dem Produkt fehlt, was das Kriterium verlangt: file transfer.");
  });
});

describe("what is not a verdict about the product", () => {
  const good = { "x.hits": 0, "x.time": 1 };

  it("is inconclusive after a fault of the bench, whatever was measured before", () => {
    for (const values of [good, { "x.hits": 9, "x.time": 1 }]) {
      const record = judgeOne(pass, { values, fault: { code: "harness-fault", message: "boom", step: "send" } });
      assert.deepEqual(word(record), ["inconclusive", null, "harness-fault"]);
      assert.match(record.reason.text.de, /Schritt „send“.*„boom“/u);
      assert.equal(record.faults.length, 1);
    }
  });

  it("names a broken lab and a deadline of our own apart", () => {
    const codeOf = (code: "lab-fault" | "deadline"): string =>
      judgeOne(pass, { values: good, fault: { code, message: "m" } }).reason.code;
    assert.deepEqual([codeOf("lab-fault"), codeOf("deadline")], ["environment", "deadline"]);
  });

  it("is not tested when a control of the scenario failed", () => {
    const record = judgeOne(pass, { values: good, controls: { positive: true, negative: false } });
    assert.deepEqual(word(record), ["not-tested", null, "control-failed"]);
  });

  it("is inconclusive when a control was not observed", () => {
    const record = judgeOne(pass, { values: good, controls: { positive: true } });
    assert.deepEqual(word(record), ["inconclusive", null, "nothing-observed"]);
  });

  it("is inconclusive when our instrument was not good enough, for its row only if it names one", () => {
    const gate = (id: string): string =>
      judgeOne(pass, { values: { ...good, [id]: { value: false, note: "lag 40 ms" } } }).verdict;
    assert.equal(gate("gate.sz-01.lag"), "inconclusive");
    assert.equal(gate("gate.sz-01.t-01.lag"), "inconclusive");
    assert.equal(gate("gate.sz-01.t-02.lag"), "met");
    assert.equal(gate("gate.sz-02.lag"), "met");
  });

  it("is not tested when a valid condition fails, and inconclusive when it was not observed", () => {
    const keys = ["measurements: [x.hits, x.count]", "valid: [x.count >= 1]", "pass: [x.hits = 0]"];
    assert.deepEqual(word(judgeOne(keys, { values: { "x.hits": 0, "x.count": 0 } })), [
      "not-tested",
      null,
      "control-failed",
    ]);
    assert.equal(judgeOne(keys, { values: { "x.hits": 0 } }).verdict, "inconclusive");
    assert.equal(judgeOne(keys, { values: { "x.hits": 0, "x.count": 1 } }).verdict, "met");
  });

  it("is not tested when a count has another total than the row demands", () => {
    const keys = ["params: { size: 20 }", "measurements: [{ id: x.count, total: $size }]", "pass: [x.count = $size]"];
    const of = (total?: number): unknown[] => {
      const { verdict, reason } = judgeOne(keys, { values: { "x.count": { value: 20, ...(total && { total }) } } });
      return [verdict, reason.code];
    };
    assert.deepEqual(of(20), ["met", "threshold-held"]);
    assert.deepEqual(of(19), ["not-tested", "total-differs"]);
    assert.deepEqual(of(), ["not-tested", "total-differs"]);
  });

  it("takes parameters as the scenario got them, so a compressed plan is judged like a full one", () => {
    const keys = [
      "params: { size: { full: 6000, compressed: 600 } }",
      "measurements: [{ id: x.count, total: $size }]",
      "pass: [x.count = $size]",
    ];
    const values = { "x.count": { value: 600, total: 600 } };
    assert.equal(judgeOne(keys, { values, params: { size: 600 } }).verdict, "met");
    assert.equal(judgeOne(keys, { values }).verdict, "not-tested");
  });

  it("says whether no scenario exists, the plan left it out, or the run ended before", () => {
    const catalogue = aCatalogue([{ keys: pass }]);
    const claims = { id: "SZ-01", verifies: ["T-01"] };
    const title = { de: "t", en: "t" };
    const codeOf = (run: ReturnType<typeof aRun>, outcome: "completed" | "interrupted"): readonly unknown[] =>
      word(verdictOf(judged(catalogue, aJournal([], run, outcome))));
    assert.deepEqual(codeOf(aRun({ scenarios: [] }), "completed"), ["not-tested", null, "no-scenario"]);
    assert.deepEqual(codeOf(aRun({ scenarios: [], leftOut: [claims] }), "completed"), [
      "not-tested",
      null,
      "not-in-plan",
    ]);
    assert.deepEqual(codeOf(aRun(), "interrupted"), ["not-tested", null, "interrupted"]);
    const plan = [{ scenario: "SZ-01", candidate: "alpha", config: "hardened" as const }];
    assert.deepEqual(codeOf(aRun({ plan }), "completed"), ["inconclusive", null, "harness-fault"]);
    assert.deepEqual(codeOf(aRun({ plan: [], scenarios: [{ ...claims, title }] }), "completed"), [
      "not-tested",
      null,
      "no-driver",
    ]);
  });

  it("is inconclusive when the journal stops while the scenario runs", () => {
    const journal = aJournal([scenarioRun({ values: good, unfinished: true })], aRun(), "unfinished");
    const result = judged(aCatalogue([{ keys: pass }]), journal);
    assert.equal(result.runOutcome, "unfinished");
    assert.deepEqual(word(verdictOf(result)), ["inconclusive", null, "interrupted"]);
  });

  it("is not met without a run when the candidate does not claim a needed ability", () => {
    const run = aRun({ scenarios: [], candidates: [aCandidate({ abilities: [] })] });
    const result = judged(aCatalogue([{ keys: [...pass, "needs: [federation]"] }]), aJournal([], run));
    assert.deepEqual(word(verdictOf(result)), ["not-met", null, "missing-ability"]);
  });

  it("keeps the error page of a server out of the sentence", () => {
    const message = 'expected 201, got 502 "<html><head><title>502 Bad Gateway</title></head></html>"';
    const { reason, faults } = judgeOne(pass, { fault: { code: "harness-fault", message } });
    assert.match(reason.text.de, /„expected 201, got 502 \[Fehlerseite in HTML\]“$/u);
    assert.match(reason.text.en, /"expected 201, got 502 \[error page in HTML\]"$/u);
    assert.equal(faults[0]?.message, message);
  });

  it("keeps the stanza of a server in the sentence", () => {
    const message = "expected a result, got <message type='error'><body>x</body><error type='cancel'/></message>";
    const { reason } = judgeOne(pass, { fault: { code: "harness-fault", message } });
    assert.ok(reason.text.de.endsWith(`„${message}“`), reason.text.de);
  });

  it("is inconclusive when one repetition holds two values for one measurement", () => {
    const [started, ...rest] = scenarioRun({ values: good });
    const [, again] = scenarioRun({ values: { "x.hits": 1 } });
    assert.ok(started && again);
    const result = judged(aCatalogue([{ keys: pass }]), aJournal([[started, again, ...rest]]));
    assert.equal(verdictOf(result).verdict, "inconclusive");
  });
});
