import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Catalogue } from "../model/criterion.ts";
import { coverage } from "./coverage.ts";
import { ruleLines } from "./describe.ts";
import { loadCatalogue } from "./load.ts";
import { planProfile, planProfileNames } from "./plan-profiles.ts";
import { allReferences, ruleReferences } from "./references.ts";

/** The requirements catalogue as it is: counts and sums that a procurement file quotes. */
const path = new URL("../../criteria.yaml", import.meta.url).pathname;
const load = (profile?: string): Promise<Catalogue> => loadCatalogue(path, { profile });
const catalogue = await load();

const active = ({ criteria }: Catalogue) => criteria.filter((row) => row.active);
const gpOf = (loaded: Catalogue): number =>
  active(loaded).reduce((sum, { ufab }) => sum + (ufab.type === "B" ? ufab.gp : 0), 0);
const count = (loaded: Catalogue, type: "A" | "B"): number =>
  active(loaded).filter(({ ufab }) => ufab.type === type).length;

describe("the catalogue", () => {
  it("has the 110 agreed rows, 18 A and 92 B, each once", () => {
    const numbers = { T: 10, E: 14, I: 12, F: 12, R: 8, P: 6, D: 14, O: 11, C: 12, S: 7, G: 4 };
    const ids = Object.entries(numbers).flatMap(([group, last]) =>
      Array.from({ length: last }, (_, index) => `${group}-${String(index + 1).padStart(2, "0")}`),
    );
    assert.deepEqual(
      catalogue.criteria.map(({ id }) => id),
      ids,
    );
    assert.equal(catalogue.criteria.filter(({ ufab }) => ufab.type === "A").length, 18);
  });

  it("gives each group its weight", () => {
    const weights = catalogue.groups.map(({ id }) => [
      id,
      catalogue.criteria.reduce((sum, { group, ufab }) => sum + (group === id && ufab.type === "B" ? ufab.gp : 0), 0),
    ]);
    assert.deepEqual(Object.fromEntries(weights), {
      T: 80,
      E: 140,
      I: 110,
      F: 110,
      R: 80,
      P: 60,
      D: 130,
      O: 100,
      C: 100,
      S: 60,
      G: 30,
    });
  });

  it("adds up as agreed in each profile", async () => {
    const sums = await Promise.all(
      ["interministerial", "market-survey", "vs-nfd"].map(async (profile) => {
        const loaded = await load(profile);
        return [profile, count(loaded, "A"), count(loaded, "B"), gpOf(loaded)];
      }),
    );
    assert.deepEqual(sums, [
      ["interministerial", 17, 92, 1000],
      ["market-survey", 14, 95, 1120],
      ["vs-nfd", 18, 92, 1000],
    ]);
  });

  it("declares every measurement once and reads each of them", () => {
    const declared = new Set(catalogue.measurements.map(({ id }) => id));
    const listed = new Set(catalogue.criteria.flatMap((row) => row.measurements.map(({ id }) => id)));
    assert.deepEqual([...declared].toSorted(), [...listed].toSorted());
    for (const row of catalogue.criteria) {
      for (const { id } of allReferences(row)) assert.ok(declared.has(id), `${row.id} reads ${id}`);
    }
    // 312 of the automatic rows, 15 of the rows by document alone, 3 that only profile market-survey reads, and
    // hostile-input.service-answers, which no row of the catalogue asks for and F-09 reports.
    assert.equal(declared.size, 312 + 15 + 3 + 1);
  });

  it("gives a parameter one value in all rows of a scenario", () => {
    const seen = new Map<string, unknown>();
    for (const row of catalogue.criteria) {
      for (const scenario of row.scenarios) {
        for (const [name, param] of Object.entries(row.params)) {
          const key = `${scenario} ${name}`;
          assert.deepEqual(param, seen.get(key) ?? param, `${key} in ${row.id}`);
          seen.set(key, param);
        }
      }
    }
  });

  it("marks every value of the project's own as such", () => {
    const house = (id: string): boolean =>
      catalogue.criteria.find((row) => row.id === id)?.sources.some(({ kind }) => kind === "house") ?? false;
    const own = "I-02 I-03 F-03 F-07 F-08 F-11 R-01 R-02 R-06 R-07 R-08 P-01 P-02 P-03 P-04 P-05 P-06 O-03 O-11";
    const untied =
      "T-10 E-10 E-12 I-06 I-07 I-08 F-01 F-10 F-12 R-03 R-04 R-05 D-03 D-07 D-10 D-13 O-06 O-07 O-08 C-01 C-02 C-09 C-11 S-03 S-06 G-03";
    for (const id of `${own} ${untied}`.split(" ")) assert.ok(house(id), id);
  });

  it("shows A rows on both configurations, and T-07, F-08, I-09 and T-09 read the one as shipped", () => {
    const both = catalogue.criteria.filter(({ config }) => config === "both").map(({ id }) => id);
    const a = catalogue.criteria.filter(({ ufab }) => ufab.type === "A").map(({ id }) => id);
    assert.deepEqual(both.toSorted(), [...a, "T-07", "F-08", "I-09"].toSorted());
    const reading = catalogue.criteria.filter((row) => ruleReferences(row).some(({ config }) => config === "default"));
    assert.deepEqual(reading.map(({ id }) => id).toSorted(), ["F-08", "I-09", "T-09"]);
  });

  it("says in two different languages what a row asks for, without English words where German has its own", () => {
    for (const { id, title, ruleText } of catalogue.criteria) {
      for (const text of [title, ruleText]) assert.notEqual(text.de, text.en, id);
      assert.doesNotMatch(
        `${title.de} ${ruleText.de}`,
        /\b(?:and|the|with|none|Score|Feature|User|Performance|Compliance)\b/u,
        id,
      );
      assert.match(ruleText.de, /\.$/u, id);
    }
  });

  it("writes every rule in the notation of the catalogue", () => {
    const lines = (id: string): readonly string[] => {
      const row = catalogue.criteria.find((one) => one.id === id);
      assert.ok(row);
      return ruleLines(row);
    };
    assert.deepEqual(lines("F-03"), [
      "linear(defederation.time-to-effect): 60 → 10, 300 → 7, 3600 → 4; then 0",
      "cap 4 if defederation.restart-needed = true",
      "zero if defederation.possible = false",
    ]);
    assert.deepEqual(lines("E-03"), [
      "pass: e2ee.file.canary-hits = 0",
      "valid: e2ee.file.control-hits >= 1 and e2ee.file.recipient-decrypts = true",
    ]);
  });
});

describe("plan profiles", () => {
  it("name the catalogue profile and how much is measured", () => {
    const { catalogueProfile, compressed } = planProfile("full");
    assert.deepEqual([catalogueProfile, compressed], ["interministerial", false]);
    assert.deepEqual([planProfile("interministerial").inDepth, planProfile("in-depth").inDepth], [false, true]);
    assert.ok(planProfile("quick").scenarios?.includes("SZ-16"));
    assert.deepEqual(planProfileNames, ["quick", "interministerial", "in-depth", "market-survey", "vs-nfd", "full"]);
    assert.equal(planProfile("own/profile.yaml").catalogueProfile, "own/profile.yaml");
  });

  it("refuse an unknown word with the nearest one", () => {
    assert.throws(() => planProfile("quik"), /did you mean "quick"/u);
  });
});

describe("coverage", () => {
  it("names rows without scenario, scenarios without row, claims that fail and measurements nobody emits", () => {
    const found = coverage(catalogue, [
      { id: "SZ-16", verifies: ["F-01", "F-02"], measures: ["federation.messages-delivered", "federation.colour"] },
      { id: "SZ-99", verifies: [], measures: [] },
    ]);
    assert.ok(found.criteriaWithoutScenario.includes("T-01"));
    assert.ok(!found.criteriaWithoutScenario.includes("F-01"));
    assert.deepEqual(found.attestedOnly, ["C-01", "C-07", "D-04", "O-02", "S-06", "S-07"]);
    assert.deepEqual(found.scenariosWithoutCriterion, ["SZ-99"]);
    assert.deepEqual(found.claimsWithoutRow, [{ scenario: "SZ-16", criterion: "F-02" }]);
    assert.deepEqual(found.measurementsNotEmitted, [
      { criterion: "F-01", measurement: "federation.delivery-time-max" },
    ]);
    assert.deepEqual(found.measurementsNotDeclared, [{ scenario: "SZ-16", measurement: "federation.colour" }]);
    assert.deepEqual(
      found.rowsNotDelivered.map(({ criterion }) => criterion),
      ["F-10", "O-01"],
    );
    assert.deepEqual(found.measurementsNobodyReads, []);
  });

  it("gives the catalogue's reason for a row nothing decides, and says when the reason is outdated", () => {
    const without = coverage(catalogue, []);
    assert.ok(without.withoutScenarioBecause.some(({ criterion, reason }) => criterion === "T-10" && reason !== ""));
    assert.deepEqual(without.reasonsOutdated, []);
    const decided = coverage(catalogue, [{ id: "SZ-04", verifies: ["T-10"], measures: [] }]);
    assert.deepEqual(decided.reasonsOutdated, ["T-10"]);
    assert.ok(decided.withoutScenarioBecause.every(({ criterion }) => criterion !== "T-10"));
  });
});
