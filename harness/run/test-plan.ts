import type { Catalogue, Criterion, MeasurementDeclaration } from "../model/criterion.ts";
import type { Scenario } from "../model/scenario.ts";
import type { FoundScenario } from "./scenarios.ts";

// Small builders for the engine's tests.

const text = (words: string): { de: string; en: string } => ({ de: words, en: words });

export const aScenario = (changes: Partial<Scenario> = {}): Scenario => ({
  id: "SZ-90",
  title: text("an example"),
  shows: text("nothing"),
  area: "federation",
  verifies: ["X-01"],
  measures: ["example.count"],
  protocols: ["xmpp"],
  servers: 1,
  timeBudget: 30,
  run: async ({ measure }) => measure("example.count", 1),
  ...changes,
});

export const found = (scenario: Scenario): FoundScenario => ({
  scenario,
  slug: `slug-${scenario.id.toLowerCase()}`,
  path: "none",
  sourceHash: "0",
});

export const aCriterion = (changes: Partial<Criterion> = {}): Criterion => ({
  id: "X-01",
  group: "X",
  title: text("An example"),
  sources: [],
  ufab: { type: "A" },
  method: ["auto-server"],
  scenarios: ["SZ-90"],
  measurements: [{ id: "example.count" }],
  params: {},
  valid: [],
  rule: { kind: "pass", conditions: [] },
  report: [],
  config: "hardened",
  evidenceMin: "E4",
  appliesTo: ["xmpp"],
  needs: [],
  active: true,
  ruleText: text("is one"),
  ...changes,
});

export const aDeclaration = (changes: Partial<MeasurementDeclaration> = {}): MeasurementDeclaration => ({
  id: "example.count",
  type: "count",
  title: text("a count"),
  ...changes,
});

export const aCatalogue = (
  criteria: readonly Criterion[] = [aCriterion()],
  measurements: readonly MeasurementDeclaration[] = [aDeclaration()],
): Catalogue => ({
  path: "criteria.yaml",
  sha256: "0",
  profile: "interministerial",
  groups: [],
  criteria,
  measurements,
});
