import { comparisonsOf } from "../../catalogue/conditions.ts";
import type { Catalogue, Criterion } from "../../model/criterion.ts";
import type { JournalEntry } from "../../model/journal.ts";
import { aCandidate, aJournal, aRun, scenarioRun } from "./builders.ts";
import type { Given } from "./builders.ts";

/** What the `valid` conditions of the row demand, so that its rule is reached. */
function demandedBy(row: Criterion): ReadonlyMap<string, number | boolean> {
  const comparisons = row.valid.flatMap(comparisonsOf);
  return new Map(
    comparisons.map(({ left, right }) => [
      left.id,
      typeof right === "object" ? (row.params[right.param]?.full ?? 0) : right,
    ]),
  );
}

/** Every measurement of the row with a plausible value and the total the row demands. */
function valuesOf(row: Criterion, types: ReadonlyMap<string, string>): readonly (readonly [string, Given])[] {
  const demanded = demandedBy(row);
  return row.measurements.map(({ id, total }) => {
    const full = typeof total === "object" ? row.params[total.param]?.full : total;
    const value = demanded.get(id) ?? (types.get(id) === "boolean" ? true : (full ?? 1));
    return [id, { value, ...(full !== undefined && { total: full }) }];
  });
}

/** A completed run of every scenario of the catalogue on both configurations of `candidates` products. */
export function largeJournal(catalogue: Catalogue, candidates: number): readonly JournalEntry[] {
  const types = new Map(catalogue.measurements.map(({ id, type }) => [id, type]));
  const rowsOf = (scenario: string): readonly Criterion[] =>
    catalogue.criteria.filter((row) => row.scenarios.includes(scenario));
  const ids = [...new Set(catalogue.criteria.flatMap(({ scenarios }) => scenarios))];
  const run = aRun({
    candidates: Array.from({ length: candidates }, (_, index) => aCandidate({ id: `candidate-${index}` })),
    scenarios: ids.map((id) => ({ id, title: { de: id, en: id }, verifies: rowsOf(id).map((row) => row.id) })),
  });
  const parts = run.candidates.flatMap((candidate) =>
    ids.flatMap((scenario) =>
      (["default", "hardened"] as const).map((config) => {
        const rows = rowsOf(scenario).filter(({ scenarios: [first] }) => first === scenario);
        const values = Object.fromEntries(rows.flatMap((row) => valuesOf(row, types)));
        return scenarioRun({ scenario, candidate: candidate.id, config, values });
      }),
    ),
  );
  return aJournal(parts, run);
}
