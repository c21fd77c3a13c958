import { ruleLines } from "../catalogue/describe.ts";
import type { Catalogue, Criterion, Param } from "../model/criterion.ts";
import { HarnessError } from "../model/errors.ts";
import type { CriterionFacts, Result, VerdictRecord } from "../model/result.ts";
import { factsOf } from "./judge.ts";

/** Everything `explain <criterion>` prints, as data; the command line and the report lay it out. */
export interface Explanation extends CriterionFacts {
  readonly active: boolean;
  readonly maxPoints: number;
  /** The rule in the notation of the catalogue, one line each. */
  readonly rule: readonly string[];
  readonly params: readonly (Param & { readonly name: string })[];
  readonly needs: readonly string[];
  readonly evidenceMin: string;
  readonly reads: readonly {
    readonly id: string;
    readonly title: { readonly de: string; readonly en: string };
    readonly type: string;
    readonly unit?: string;
    /** Denominator the row demands: a number, or "$name" of a parameter. */
    readonly total?: string;
  }[];
  /** Empty without a run. Deciding record first, then the column as shipped, by candidate. */
  readonly verdicts: readonly VerdictRecord[];
}

/**
 * @param result a judged run, or undefined to explain the requirement alone
 * @throws HarnessError `bad-input` when the catalogue has no such row
 */
export function explainCriterion(catalogue: Catalogue, id: string, result?: Result): Explanation {
  const row = catalogue.criteria.find((one) => one.id.toLowerCase() === id.toLowerCase());
  if (!row) throw new HarnessError("bad-input", `The catalogue has no criterion "${id}".`);
  return {
    ...factsOf(row),
    active: row.active,
    maxPoints: row.ufab.type === "B" ? 10 * row.ufab.gp : 0,
    rule: ruleLines(row),
    params: Object.entries(row.params).map(([name, param]) => ({ name, ...param })),
    needs: row.needs,
    evidenceMin: row.evidenceMin,
    reads: readsOf(row, catalogue),
    verdicts: (result?.verdicts ?? []).filter(({ criterion }) => criterion === row.id),
  };
}

function readsOf(row: Criterion, { measurements }: Catalogue): Explanation["reads"] {
  const declared = new Map(measurements.map((measurement) => [measurement.id, measurement]));
  return row.measurements.map(({ id, total }) => {
    const { title = { de: id, en: id }, type = "number", unit } = declared.get(id) ?? {};
    return {
      id,
      title,
      type,
      ...(unit !== undefined && { unit }),
      ...(total !== undefined && { total: typeof total === "number" ? String(total) : `$${total.param}` }),
    };
  });
}
