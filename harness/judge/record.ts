import { ruleReferences, validReferences } from "../catalogue/references.ts";
import type { ConfigName } from "../model/candidate.ts";
import type { MeasurementRef } from "../model/criterion.ts";
import type { Measurement } from "../model/measurement.ts";
import type { Proof, UsedMeasurement, VerdictRecord } from "../model/result.ts";
import { grades } from "../model/verdict.ts";
import type { Grade } from "../model/verdict.ts";
import type { Assessment } from "./assess.ts";
import type { EvaluatedComparison } from "./conditions.ts";
import { arithmeticOf } from "./explain-rule.ts";
import { observeOne, printed } from "./observed.ts";
import { isTested } from "./outcome.ts";
import type { Cell } from "./view.ts";
import { configOf, readRuns } from "./view.ts";
import { both, unitOf, writeObserved } from "./wording.ts";

const empty = { de: "", en: "" };

/** One flat line of result.json. */
export function writeRecord(
  cell: Cell,
  { outcome, runs, unstable }: Assessment,
  decides: boolean,
  proof: Proof,
): VerdictRecord {
  const { row, candidate, base, declarations } = cell;
  const used = usedIn(cell, runs);
  const records = used.filter(({ measurement }) => measurement.role !== "report").flatMap((one) => one.records);
  const tested = isTested(outcome);
  const { span } = outcome;
  return {
    criterion: row.id,
    candidate: candidate.id,
    config: base,
    decides,
    verdict: outcome.verdict,
    points: outcome.points,
    reason: { code: outcome.code, text: outcome.text },
    arithmetic: span && outcome.points !== null ? arithmeticOf(row, span, outcome.points, declarations) : empty,
    conditions: conditionsOf(cell, outcome),
    measurements: used.map(({ measurement }) => measurement),
    evidence: [...new Set(used.flatMap((one) => one.records).flatMap(({ evidence }) => evidence))],
    grade: tested ? lowestGrade(records) : "E0",
    proof,
    ...(unstable && { unstable: { verdicts: unstable } }),
    faults: outcome.faults,
  };
}

/** Grade of a verdict: the lowest among the values its rule used. A missing ability is seen from the candidate's own claims. */
function lowestGrade(records: readonly Measurement[]): Grade {
  return grades.find((grade) => records.some((record) => record.grade === grade)) ?? "E4";
}

function conditionsOf(cell: Cell, { evaluation, span }: Assessment["outcome"]): VerdictRecord["conditions"] {
  const line =
    (prefix: string) =>
    (one: EvaluatedComparison): VerdictRecord["conditions"][number] => ({
      text: `${prefix}${one.comparison.text}${one.config === "default" && !one.comparison.left.config ? " (@default)" : ""}`,
      held: one.held ?? null,
      observed: observedText(cell, one.comparison.left.id, one.observed),
    });
  const looked = (span?.looked ?? []).flatMap((one) => {
    if (one.kind === "number") {
      const { id, config } = one.ref;
      const text = `${id}${config === "default" ? "@default" : ""} → ${one.bp}`;
      return [{ text, held: null, observed: observedText(cell, id, one.observed) }];
    }
    const prefix = one.kind === "step" || one.kind === "part" ? `${one.bp}: ` : `${one.kind}: `;
    return one.comparisons.map(line(prefix));
  });
  return [...(evaluation?.comparisons ?? []).map(line("")), ...looked];
}

const observedText = (
  cell: Cell,
  id: string,
  observed: EvaluatedComparison["observed"],
): VerdictRecord["conditions"][number]["observed"] =>
  both((language) => writeObserved(observed, unitOf(id, cell.declarations), language));

interface Used {
  readonly measurement: UsedMeasurement;
  readonly records: readonly Measurement[];
}

/** Every measurement the row reads, once for each role, configuration and id. */
function usedIn(cell: Cell, runs: readonly number[]): readonly Used[] {
  const { row } = cell;
  const roles: readonly (readonly [UsedMeasurement["role"], readonly MeasurementRef[]])[] = [
    ["rule", ruleRefs(cell)],
    ["valid", validReferences(row)],
    ["control", controlRefs(cell)],
    ["report", row.report],
  ];
  const seen = new Set<string>();
  return roles.flatMap(([role, refs]) =>
    refs.flatMap((ref) => {
      const key = `${ref.id}@${configOf(cell, ref.config)}`;
      if (seen.has(key)) return [];
      seen.add(key);
      return useOf(cell, ref, role, runs);
    }),
  );
}

/** T-07 reads each value on both configurations. */
function ruleRefs(cell: Cell): readonly MeasurementRef[] {
  const { rule } = cell.row;
  const refs = ruleReferences(cell.row);
  const lowerOf = rule.kind === "pass" || cell.plain ? undefined : rule.adjust?.lowerOf;
  return lowerOf ? refs.flatMap(({ id }) => lowerOf.map((config) => ({ id, config }))) : refs;
}

function controlRefs({ row }: Cell): readonly MeasurementRef[] {
  return row.scenarios.flatMap((scenario) =>
    ["positive", "negative"].map((kind) => ({ id: `control.${scenario.toLowerCase()}.${kind}` })),
  );
}

function useOf(
  cell: Cell,
  ref: MeasurementRef,
  role: UsedMeasurement["role"],
  runs: readonly number[],
): readonly Used[] {
  const config: ConfigName = configOf(cell, ref.config);
  const judged = runs.length > 0 ? runs : [1];
  const observed = readRuns(cell, ref, judged);
  const [first] = observed.records;
  if (!first) return [];
  const isDuration = cell.declarations.get(ref.id)?.type === "duration";
  const values = judged.map((run) =>
    printed(
      observeOne(
        observed.records.filter((record) => record.run === run),
        isDuration,
      ),
    ),
  );
  const measurement: UsedMeasurement = {
    id: ref.id,
    config,
    value: printed(observed),
    ...unitPart(first.unit ?? unitOf(ref.id, cell.declarations)),
    ...(first.total !== undefined && { total: first.total }),
    ...(observed.state === "value" && observed.censored && { censored: true }),
    ...(first.notApplicable !== undefined && { notApplicable: first.notApplicable }),
    ...(first.missingAbility !== undefined && { missingAbility: first.missingAbility }),
    ...(first.note !== undefined && { note: first.note }),
    ...(judged.length > 1 && { values }),
    role,
  };
  return [{ measurement, records: observed.records }];
}

const unitPart = (unit: string): { readonly unit?: string } => (unit === "" ? {} : { unit });
