import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Comparison } from "../model/criterion.ts";
import type { Scenario } from "../model/scenario.ts";
import { fakeCandidate } from "./fake-lab.ts";
import { makePlan } from "./plan.ts";
import type { Plan, PlanInput } from "./plan.ts";
import { aCatalogue, aCriterion, aScenario, found } from "./test-plan.ts";

const input = (changes: Partial<PlanInput> = {}): PlanInput => ({
  catalogue: aCatalogue(),
  scenarios: [found(aScenario())],
  candidates: [fakeCandidate("alpha"), fakeCandidate("beta")],
  size: "standard",
  seed: "1",
  repeat: 1,
  only: [],
  onlyCandidates: [],
  onlyConfigs: [],
  ...changes,
});
const names = ({ jobs }: Plan): readonly string[] =>
  jobs.map(({ scenario, candidate, config, repetition }) => `${scenario.id} ${candidate.id} ${config} ${repetition}`);

const readsDefault: Comparison = {
  kind: "comparison",
  left: { id: "example.count", config: "default" },
  comparator: "=",
  right: 1,
  text: "example.count@default = 1",
};

describe("plan", () => {
  it("lets products of one protocol meet once where a scenario is about pairs", () => {
    const scenarios = [found(aScenario({ servers: 2, partners: "implementations" }))];
    const [alpha, beta, gamma] = ["alpha", "beta", "gamma"].map(fakeCandidate);
    if (alpha === undefined || beta === undefined || gamma === undefined) throw new Error("expected three candidates");
    const candidates = [alpha, beta, { ...gamma, standard: false }, { ...gamma, id: "chat", protocol: "irc" as const }];
    const pairs = (changes: Partial<PlanInput>): readonly string[] =>
      makePlan(input({ scenarios, candidates, ...changes }))
        .jobs.map(({ candidate, partner, mutual }) => `${candidate.id} ${partner?.id} ${mutual}`)
        .toSorted();
    assert.deepEqual(pairs({}), ["alpha beta true"]);
    assert.deepEqual(pairs({ candidateSet: "all" }), ["alpha beta true", "gamma alpha false", "gamma beta false"]);
    assert.throws(() => pairs({ onlyCandidates: ["alpha"] }), /selection leaves none/u);
  });

  it("runs what the rows read: hardened, both, or hardened and @default", () => {
    const configs = (
      catalogue: PlanInput["catalogue"],
      size: PlanInput["size"] = "standard",
      scenario: Partial<Scenario> = {},
    ): readonly string[] => {
      const { jobs } = makePlan(input({ catalogue, size, scenarios: [found(aScenario(scenario))] }));
      return [...new Set(jobs.map(({ config }) => config))].toSorted();
    };
    assert.deepEqual(configs(aCatalogue()), ["hardened"]);
    const shownToo = aCatalogue([aCriterion({ config: "both" })]);
    assert.deepEqual(configs(shownToo, "standard", { shares: "read-only" }), ["default", "hardened"]);
    assert.deepEqual(configs(shownToo, "standard"), ["hardened"]);
    assert.deepEqual(configs(shownToo, "full"), ["default", "hardened"]);
    const rule = { kind: "pass", conditions: [readsDefault] } as const;
    assert.deepEqual(configs(aCatalogue([aCriterion({ rule })])), ["default", "hardened"]);
    const lower = { kind: "steps", steps: [], adjust: { lowerOf: ["hardened", "default"] } } as const;
    assert.deepEqual(configs(aCatalogue([aCriterion({ rule: lower })])), ["default", "hardened"]);
    assert.deepEqual(configs(aCatalogue(), "full"), ["default", "hardened"]);
    assert.deepEqual(configs(shownToo, "quick", { shares: "read-only" }), ["hardened"]);
  });

  it("compresses parameters and says so, except in the full plan", () => {
    const criterion = aCriterion({ params: { cut: { full: 600, compressed: 60, unit: "s" }, messages: { full: 20 } } });
    const catalogue = aCatalogue([criterion]);
    const standard = makePlan(input({ catalogue }));
    assert.deepEqual(standard.jobs[0]?.params, { cut: 60, messages: 20 });
    assert.deepEqual(standard.compression, [{ criterion: "X-01", parameter: "cut", full: 600, used: 60, factor: 10 }]);
    assert.equal(standard.jobs[0]?.deadlineSeconds, 90);
    const full = makePlan(input({ catalogue, size: "full" }));
    assert.deepEqual(full.jobs[0]?.params, { cut: 600, messages: 20 });
    assert.deepEqual(full.compression, []);
    assert.equal(full.jobs[0]?.deadlineSeconds, 630);
  });

  it("takes the standard set, all of them, or the named ones whatever set they are in", () => {
    const { standard: _, ...old } = fakeCandidate("old");
    const picked = (changes: Partial<PlanInput>): readonly string[] =>
      makePlan(input({ candidates: [fakeCandidate("alpha"), old], ...changes })).candidates.map(({ id }) => id);
    assert.deepEqual(picked({}), ["alpha"]);
    assert.deepEqual(picked({ candidateSet: "standard" }), ["alpha"]);
    assert.deepEqual(picked({ candidateSet: "all" }), ["alpha", "old"]);
    assert.deepEqual(picked({ onlyCandidates: ["old"] }), ["old"]);
  });

  it("gives one order for one seed and, sooner or later, another for another", () => {
    const scenarios = [found(aScenario()), found(aScenario({ id: "SZ-91" }))];
    const catalogue = aCatalogue([aCriterion({ scenarios: ["SZ-90", "SZ-91"], config: "both" })]);
    const order = (seed: string): string => names(makePlan(input({ scenarios, catalogue, seed }))).join();
    assert.equal(order("1"), order("1"));
    assert.ok(new Set(["1", "2", "3", "4"].map(order)).size > 1);
  });

  it("repeats everything in turn and starts long scenarios first", () => {
    const scenarios = [found(aScenario()), found(aScenario({ id: "SZ-91", timeBudget: 300 }))];
    const catalogue = aCatalogue([aCriterion({ scenarios: ["SZ-90", "SZ-91"] })]);
    const plan = makePlan(input({ scenarios, catalogue, repeat: 2, onlyCandidates: ["alpha"] }));
    assert.deepEqual(names(plan), [
      "SZ-91 alpha hardened 1",
      "SZ-90 alpha hardened 1",
      "SZ-91 alpha hardened 2",
      "SZ-90 alpha hardened 2",
    ]);
  });

  it("picks by criterion, scenario or file name, and suggests the nearest for a wrong one", () => {
    const scenarios = [found(aScenario()), found(aScenario({ id: "SZ-91" }))];
    const pick = (only: string): readonly string[] =>
      names(makePlan(input({ scenarios, only: [only], onlyCandidates: ["beta"] })));
    assert.deepEqual(pick("x-01"), ["SZ-90 beta hardened 1"]);
    assert.deepEqual(pick("slug-sz-90"), ["SZ-90 beta hardened 1"]);
    assert.deepEqual(pick("SZ-91").length, 2);
    assert.throws(() => pick("X-02"), { code: "bad-input", hint: 'Did you mean "X-01"?' });
    assert.throws(() => makePlan(input({ onlyCandidates: ["alhpa"] })), {
      code: "bad-input",
      hint: 'Did you mean "alpha"?',
    });
  });

  it("leaves out what needs no run: other protocols, rows whose ability is not claimed, rows not active", () => {
    const matrixOnly = [found(aScenario({ protocols: ["matrix"] }))];
    assert.throws(() => makePlan(input({ scenarios: matrixOnly })), { message: /leaves none/u });
    assert.throws(() => makePlan(input({ catalogue: aCatalogue([aCriterion({ needs: ["end-to-end-encryption"] })]) })));
    assert.throws(() => makePlan(input({ catalogue: aCatalogue([aCriterion({ active: false })]) })));
  });

  it("refuses two values for one parameter of a scenario", () => {
    const catalogue = aCatalogue([
      aCriterion({ params: { messages: { full: 20 } } }),
      aCriterion({ id: "X-02", params: { messages: { full: 30 } } }),
    ]);
    const scenarios = [found(aScenario({ verifies: ["X-01", "X-02"] }))];
    assert.throws(() => makePlan(input({ catalogue, scenarios })), {
      code: "bad-input",
      message: /"messages" of SZ-90 is 20/u,
    });
  });
});
