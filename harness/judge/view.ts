import { ruleReferences, validReferences } from "../catalogue/references.ts";
import type { ConfigName } from "../model/candidate.ts";
import type { Criterion, MeasurementRef } from "../model/criterion.ts";
import type { CandidateFacts } from "../model/journal.ts";
import type { Measurement } from "../model/measurement.ts";
import { grades } from "../model/verdict.ts";
import type { Grade } from "../model/verdict.ts";
import type { Attempt, JournalIndex } from "./journal-index.ts";
import { absent, median, observeOne } from "./observed.ts";
import type { Observed } from "./observed.ts";
import type { Declarations } from "./wording.ts";

/** One cell of the matrix: a criterion, a candidate, and the configuration a reference without suffix reads. */
export interface Cell {
  readonly row: Criterion;
  readonly candidate: CandidateFacts;
  readonly base: ConfigName;
  /** The plain column "as shipped": every reference reads the default configuration, also `@hardened`. */
  readonly plain: boolean;
  readonly index: JournalIndex;
  readonly declarations: Declarations;
}

export const configOf = (cell: Cell, config: ConfigName | undefined): ConfigName =>
  cell.plain ? cell.base : (config ?? cell.base);

/** The row as this cell reads it: in the plain column there is nothing to take the lower of. */
export function ruleOf({ row, plain }: Cell): Criterion["rule"] {
  const { rule } = row;
  if (!plain || rule.kind === "pass" || !rule.adjust?.lowerOf) return rule;
  const { lowerOf: _, ...adjust } = rule.adjust;
  return { ...rule, adjust };
}

/** Configurations whose measurements decide the cell. */
export function configsOf(cell: Cell): readonly ConfigName[] {
  const rule = ruleOf(cell);
  const lowerOf = rule.kind === "pass" ? undefined : rule.adjust?.lowerOf;
  const read = [...ruleReferences(cell.row), ...validReferences(cell.row)];
  const plainReads = lowerOf ?? [configOf(cell, undefined)];
  const configs = read.flatMap(({ config }) => (config ? [configOf(cell, config)] : plainReads));
  return (["default", "hardened"] as const).filter((config) => configs.includes(config));
}

/** Attempts of every scenario of the row on every configuration it reads. */
export function attemptsOf(cell: Cell): readonly Attempt[] {
  return configsOf(cell).flatMap((config) =>
    cell.row.scenarios.flatMap((scenario) => cell.index.attempts(scenario, cell.candidate.id, config)),
  );
}

const isDocument = ({ grade }: Measurement): boolean => grade !== "E4";
const rank = (grade: Grade): number => grades.indexOf(grade);

/** A value by document counts from E1 where the id is `attest.`, else from the row's own minimum. */
function accepted(row: Criterion, { id, grade }: Measurement): boolean {
  return rank(grade) >= rank(id.startsWith("attest.") ? "E1" : row.evidenceMin);
}

/** Documents speak about a product, not about a repetition or a configuration. */
export function documentsOf(cell: Cell, id: string): readonly Measurement[] {
  const { index, candidate, row } = cell;
  const all = [...index.measurements(id, candidate.id, "hardened"), ...index.measurements(id, candidate.id, "default")];
  return all.filter((record) => isDocument(record) && accepted(row, record)).slice(0, 1);
}

function recordsOf(cell: Cell, id: string, config: ConfigName, run: number): readonly Measurement[] {
  const { index, candidate, row } = cell;
  const measured = index
    .measurements(id, candidate.id, config)
    .filter((record) => record.run === run && !isDocument(record) && accepted(row, record));
  for (const scenario of row.scenarios) {
    const own = measured.filter((record) => record.scenario === scenario);
    if (own.length > 0) return own;
  }
  return documentsOf(cell, id);
}

function readRun(cell: Cell, ref: MeasurementRef, run: number): Observed {
  const records = recordsOf(cell, ref.id, configOf(cell, ref.config), run);
  if (records.length === 0) return absent(ref.id.startsWith("attest.") || attemptsOf(cell).length === 0);
  return observeOne(records, cell.declarations.get(ref.id)?.type === "duration");
}

/** Reads one repetition, or the median of several. */
export function readRuns(cell: Cell, ref: MeasurementRef, runs: readonly number[]): Observed {
  return median(runs.map((run) => readRun(cell, ref, run)));
}

/** Parameters as the scenarios got them in this run; what no scenario got has its full value. */
export function paramsOf(cell: Cell): Readonly<Record<string, number>> {
  const full = Object.fromEntries(Object.entries(cell.row.params).map(([name, param]) => [name, param.full]));
  return attemptsOf(cell).reduce((params, attempt) => ({ ...params, ...attempt.params }), full);
}
