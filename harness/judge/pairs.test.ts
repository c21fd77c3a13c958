import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JournalEvent, RunFacts } from "../model/journal.ts";
import type { VerdictRecord } from "../model/result.ts";
import { aCandidate, aCatalogue, aJournal, aRun, judged, scenarioRun, verdictOf } from "./testing/builders.ts";
import type { ScenarioRun } from "./testing/builders.ts";

const scale = "scale: { kind: steps, steps: [{ bp: 10, when: [x.count = 20] }, { bp: 5, when: [x.count >= 10] }] }";
const catalogueOf = (pairs: "worst" | "best") =>
  aCatalogue([{ keys: [`pairs: ${pairs}`, "measurements: [x.count]", scale] }]);

const [alpha, beta, gamma] = ["alpha", "beta", "gamma"].map((id) => aCandidate({ id, title: id.toUpperCase() }));
const run: RunFacts = aRun({
  candidates: [alpha, beta, gamma].flatMap((one) => one ?? []),
  scenarios: [{ id: "SZ-01", title: { de: "s", en: "s" }, verifies: ["T-01"], partners: "generations" }],
  plan: [
    { scenario: "SZ-01", candidate: "alpha", config: "hardened", partner: "beta" },
    { scenario: "SZ-01", candidate: "beta", config: "hardened", partner: "alpha" },
    { scenario: "SZ-01", candidate: "alpha", config: "hardened", partner: "gamma" },
  ],
});

/** What a scenario between two products writes. */
function between(candidate: string, partner: string, mutual: boolean, given: ScenarioRun): readonly JournalEvent[] {
  return scenarioRun({ ...given, candidate }).map((event): JournalEvent => {
    if (event.type === "measurement") return { ...event, measurement: { ...event.measurement, partner } };
    if (event.type === "scenario-started") return { ...event, partner, ...(mutual && { mutual }) };
    return event.type === "scenario-ended" ? { ...event, partner } : event;
  });
}

const verdictsOf = (pairs: "worst" | "best", ...parts: readonly (readonly JournalEvent[])[]) => {
  const result = judged(catalogueOf(pairs), aJournal(parts, run));
  return (candidate: string): VerdictRecord => verdictOf(result, "T-01", candidate);
};

const good = (partner: string, mutual = true) => between("alpha", partner, mutual, { values: { "x.count": 20 } });
const bad = (partner: string, mutual = true) => between("alpha", partner, mutual, { values: { "x.count": 0 } });
const broken = (partner: string) =>
  between("alpha", partner, true, { fault: { code: "lab-fault", message: "the lab broke" } });

describe("a row judged pair by pair", () => {
  it("takes the worst pair or the best one, names the partner, and keeps all of them", () => {
    const worst = verdictsOf("worst", good("beta"), bad("gamma"))("alpha");
    assert.deepEqual([worst.verdict, worst.points], ["not-met", 0]);
    assert.match(worst.reason.text.en, /^With GAMMA: /u);
    assert.match(worst.reason.text.de, /^Mit GAMMA: /u);
    assert.deepEqual(
      worst.partners?.map(({ partner, points, decides }) => [partner, points, decides]),
      [
        ["beta", 10, false],
        ["gamma", 0, true],
      ],
    );
    assert.equal(verdictsOf("best", good("beta"), bad("gamma"))("alpha").points, 10);
  });

  it("counts a mutual pair for both, another one for its first product only", () => {
    const verdict = verdictsOf("worst", good("beta"), bad("gamma", false));
    assert.equal(verdict("beta").verdict, "met");
    assert.match(verdict("beta").reason.text.en, /^With ALPHA: /u);
    assert.deepEqual([verdict("gamma").verdict, verdict("gamma").reason.code], ["not-tested", "not-in-plan"]);
    assert.match(verdict("gamma").reason.text.en, /between two products/u);
  });

  it("stays open while a pair is broken that could still turn it", () => {
    assert.equal(verdictsOf("worst", good("beta"), broken("gamma"))("alpha").verdict, "inconclusive");
    assert.equal(verdictsOf("worst", bad("beta"), broken("gamma"))("alpha").verdict, "not-met");
    assert.equal(verdictsOf("best", good("beta"), broken("gamma"))("alpha").verdict, "met");
    assert.equal(verdictsOf("best", bad("beta"), broken("gamma"))("alpha").verdict, "inconclusive");
  });

  it("does not pass over a planned pair that never began", () => {
    assert.equal(verdictsOf("worst", good("beta"))("alpha").verdict, "inconclusive");
  });
});
