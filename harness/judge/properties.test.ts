import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { loadCatalogue } from "../catalogue/load.ts";
import { allReferences } from "../catalogue/references.ts";
import type { Catalogue, Criterion } from "../model/criterion.ts";
import type { JournalEvent } from "../model/journal.ts";
import type { VerdictRecord } from "../model/result.ts";
import { aCandidate, aJournal, aRun, judged, scenarioRun, verdictOf } from "./testing/builders.ts";
import type { Given, ScenarioRun } from "./testing/builders.ts";
import { aCatalogue } from "./testing/builders.ts";

/** Properties that hold for every rule of the real catalogue, whatever was measured. */
const catalogue = await loadCatalogue(new URL("../../criteria.yaml", import.meta.url).pathname, { profile: "vs-nfd" });
const rows = catalogue.criteria;
const types = new Map(catalogue.measurements.map(({ id, type }) => [id, type]));

const number = fc.oneof(
  fc.integer({ min: 0, max: 25 }),
  fc.double({ min: 0, max: 5000, noNaN: true }),
  fc.constantFrom(20, 40, 100, 400, 600, 1000, 6000, 86_400, 2_592_000, 31_536_000),
);

/** A value of the right type, sometimes censored, not applicable, missing or absent. */
function valueOf(id: string, totals: ReadonlyMap<string, number>): fc.Arbitrary<Given | undefined> {
  const total = totals.get(id);
  const plain: fc.Arbitrary<number | boolean> = types.get(id) === "boolean" ? fc.boolean() : number;
  const told = plain.map((value): Given => (total === undefined ? { value } : { value, total }));
  const odd = fc.constantFrom<Given | undefined>(
    undefined,
    { value: null, notApplicable: "n" },
    { value: null, missingAbility: "m" },
    { value: null },
  );
  const late = number.map((value): Given => ({ value, censored: true, ...(total !== undefined && { total }) }));
  return fc.oneof({ weight: 8, arbitrary: told }, { weight: 1, arbitrary: odd }, { weight: 1, arbitrary: late });
}

const totalsOf = (row: Criterion): ReadonlyMap<string, number> =>
  new Map(
    row.measurements.flatMap(({ id, total }): [string, number][] => {
      const value = typeof total === "object" ? row.params[total.param]?.full : total;
      return value === undefined ? [] : [[id, value]];
    }),
  );

type Values = Readonly<Record<string, Given>>;

/** Any measurements a scenario could have written for the row. */
function valuesOf(row: Criterion): fc.Arbitrary<Values> {
  const totals = totalsOf(row);
  const ids = [...new Set(allReferences(row).map(({ id }) => id))];
  return fc
    .tuple(...ids.map((id) => valueOf(id, totals)))
    .map((values) =>
      Object.fromEntries(
        ids.flatMap((id, index): [string, Given][] => (values[index] === undefined ? [] : [[id, values[index]]])),
      ),
    );
}

function judgeRow(row: Criterion, values: Values, more: Partial<ScenarioRun> = {}): VerdictRecord {
  const small: Catalogue = { ...catalogue, criteria: [row] };
  const scenarios = row.scenarios.map((id) => ({ id, title: { de: id, en: id }, verifies: [row.id] }));
  const places = row.scenarios.length > 0 ? row.scenarios : ["dossier"];
  const graded = Object.fromEntries(
    Object.entries(values).map(([id, value]) => [id, id.startsWith("attest.") ? asDocument(value) : value]),
  );
  const parts = places.flatMap((scenario, index) =>
    (["default", "hardened"] as const).map((config) =>
      scenarioRun({ scenario, config, values: index === 0 ? graded : {}, ...more }),
    ),
  );
  return verdictOf(judged(small, aJournal(parts, aRun({ scenarios }))), row.id);
}

const asDocument = (value: Given): Given =>
  typeof value === "object" && value !== null ? { ...value, grade: "E2" } : { value, grade: "E2" };

const anyRow = fc.constantFrom(...rows);
const anyCase = anyRow.chain((row) => valuesOf(row).map((values) => ({ row, values })));

describe("for every row of the catalogue and whatever was measured", () => {
  it("points stay within 0..10 and go with the word", () => {
    fc.assert(
      fc.property(anyCase, ({ row, values }) => {
        const { verdict, points } = judgeRow(row, values);
        if (row.ufab.type === "A") return assert.equal(points, null);
        if (points === null) return assert.ok(verdict === "not-tested" || verdict === "inconclusive");
        assert.ok(points >= 0 && points <= 10, `${points}`);
        assert.equal(verdict, points === 10 ? "met" : points === 0 ? "not-met" : "partly");
      }),
      { numRuns: 600 },
    );
  });

  it("taking a measurement away never turns the row into met and never earns points", () => {
    const smaller = anyCase.chain(({ row, values }) =>
      fc.constantFrom(...Object.keys(values), "none").map((gone) => ({ row, values, gone })),
    );
    fc.assert(
      fc.property(smaller, ({ row, values, gone }) => {
        const { [gone]: _, ...rest } = values;
        const before = judgeRow(row, values);
        const after = judgeRow(row, rest);
        if (before.verdict !== "met" && gone !== "none") {
          const wasGate = before.verdict === "not-tested" || before.verdict === "inconclusive";
          assert.ok(after.verdict !== "met" || wasGate, `${row.id} without ${gone}`);
        }
        if (before.points !== null && after.points !== null)
          assert.ok(after.points <= before.points || isAdjustment(row, gone));
      }),
      { numRuns: 600 },
    );
  });

  it("a fault of ours is never met, partly or not met", () => {
    fc.assert(
      fc.property(
        anyCase,
        fc.constantFrom("harness-fault", "deadline", "lab-fault", "disconnected"),
        ({ row, values }, code) => {
          if (row.scenarios.length === 0) return;
          assert.equal(judgeRow(row, values, { fault: { code, message: "m" } }).verdict, "inconclusive");
        },
      ),
      { numRuns: 200 },
    );
  });

  it("is never met when a control failed", () => {
    fc.assert(
      fc.property(anyCase, ({ row, values }) => {
        if (row.scenarios.length === 0) return;
        const { verdict } = judgeRow(row, values, { controls: { positive: true, negative: false } });
        assert.ok(verdict !== "met" && verdict !== "partly");
      }),
      { numRuns: 200 },
    );
  });
});

/** Without the value that a cap or a zero reads the row is open instead, which gives no points at all. */
const isAdjustment = (row: Criterion, id: string): boolean => {
  if (row.rule.kind === "pass") return false;
  return JSON.stringify(row.rule.adjust ?? {}).includes(`"${id}"`);
};

/** Rows whose points may only fall when the value of this measurement grows. */
const badThings: readonly (readonly [string, string])[] = rows.flatMap((row) =>
  row.rule.kind === "linear" && (row.rule.points[0]?.[1] ?? 0) > (row.rule.points.at(-1)?.[1] ?? 0)
    ? row.rule.of.slice(0, 1).map(({ id }) => [row.id, id] as const)
    : [],
);

describe("more of a bad thing", () => {
  it("never earns more points on a falling line", () => {
    assert.ok(badThings.length >= 10);
    const pair = fc.tuple(fc.constantFrom(...badThings), number, number);
    fc.assert(
      fc.property(pair, ([[id, measurement], one, other]) => {
        const row = rows.find((candidate) => candidate.id === id);
        assert.ok(row);
        const good = goodValues(row);
        const at = (value: number): number => judgeRow(row, { ...good, [measurement]: { value } }).points ?? -1;
        assert.ok(at(Math.max(one, other)) <= at(Math.min(one, other)), `${id} ${measurement}`);
      }),
      { numRuns: 300 },
    );
  });

  it("never earns more points in a row of counts that must be 0", () => {
    const keys = [
      "measurements: [x.hits, x.count]",
      "scale: { kind: steps, steps: [{ bp: 10, when: [x.hits = 0, x.count = 0] }, { bp: 5, when: [x.hits <= 3] }] }",
    ];
    const small = aCatalogue([{ keys }]);
    const points = (hits: number, count: number): number =>
      verdictOf(judged(small, aJournal([scenarioRun({ values: { "x.hits": hits, "x.count": count } })]))).points ?? -1;
    const natural = fc.nat({ max: 6 });
    fc.assert(
      fc.property(natural, natural, natural, natural, (hits, count, moreHits, moreCount) => {
        assert.ok(points(hits + moreHits, count + moreCount) <= points(hits, count));
      }),
    );
  });
});

/** Values with which every other condition of a linear row holds. */
function goodValues(row: Criterion): Values {
  const totals = totalsOf(row);
  return Object.fromEntries(
    row.measurements.map(({ id }): [string, Given] => {
      const total = totals.get(id);
      if (total !== undefined) return [id, { value: total, total }];
      return [id, types.get(id) === "boolean" ? { value: id !== "defederation.restart-needed" } : { value: 0 }];
    }),
  );
}

it("the order of entries of different scenarios does not matter", () => {
  const two = aCatalogue([
    {
      id: "T-01",
      keys: ["scenarios: [SZ-01, SZ-02]", "measurements: [x.hits, x.time]", "pass: [x.hits = 0, x.time <= 1]"],
    },
    {
      id: "T-02",
      keys: [
        "scenarios: [SZ-02]",
        "measurements: [x.time]",
        "scale: { kind: linear, of: x.time, points: [[0, 10], [9, 0]] }",
      ],
    },
  ]);
  const title = { de: "t", en: "t" };
  const run = aRun({
    scenarios: [
      { id: "SZ-01", title, verifies: ["T-01"] },
      { id: "SZ-02", title, verifies: ["T-01", "T-02"] },
    ],
    candidates: [aCandidate(), aCandidate({ id: "beta" })],
  });
  const parts = ["alpha", "beta"].flatMap((candidate) => [
    scenarioRun({ scenario: "SZ-01", candidate, values: { "x.hits": 0, "x.time": 7 } }),
    scenarioRun({ scenario: "SZ-02", candidate, values: { "x.time": candidate === "alpha" ? 1 : 3 } }),
  ]);
  const text = (order: readonly (readonly JournalEvent[])[]): string =>
    JSON.stringify(judged(two, aJournal(order, run)));
  const expected = text(parts);
  fc.assert(
    fc.property(fc.shuffledSubarray(parts, { minLength: parts.length }), (order) => {
      assert.equal(text(order), expected);
    }),
  );
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat({ max: parts.length - 1 })), (choices) => {
      assert.equal(text([interleave(parts, choices)]), expected);
    }),
  );
});

/** Each part keeps its own order; which part goes next is drawn. */
function interleave(parts: readonly (readonly JournalEvent[])[], choices: Iterator<number>): readonly JournalEvent[] {
  const queues = parts.map((part) => [...part]);
  const mixed: JournalEvent[] = [];
  while (queues.some((queue) => queue.length > 0)) {
    const drawn = choices.next().value as number;
    const queue = queues[drawn]?.length ? queues[drawn] : queues.find(({ length }) => length > 0);
    const next = queue?.shift();
    if (next) mixed.push(next);
  }
  return mixed;
}
