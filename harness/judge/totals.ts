import type { Criterion } from "../model/criterion.ts";
import type { CandidateTotal, VerdictRecord } from "../model/result.ts";
import { grades } from "../model/verdict.ts";
import type { Grade } from "../model/verdict.ts";
import { performancePoints } from "./explain-rule.ts";
import { isTested } from "./outcome.ts";
import { rounded } from "./scale.ts";

interface Decided {
  readonly row: Criterion;
  readonly record: VerdictRecord;
}

const gpOf = ({ ufab }: Criterion): number => (ufab.type === "B" ? ufab.gp : 0);
const lpOf = ({ row, record }: Decided): number => performancePoints(record.points ?? 0, gpOf(row));
const isA = ({ row }: Decided): boolean => row.ufab.type === "A";

/** Best possible Leistungspunkte of rows: 10 × Σ GP, computed, never a constant. Rows the stated need drops do not count. */
function maximumPoints(rows: readonly Criterion[]): number {
  return 10 * rows.filter(({ active }) => active).reduce((sum, row) => sum + gpOf(row), 0);
}

/** Sums of one candidate over its deciding records. A row not tested gives no points; it never counts as met. */
export function totalOf(
  candidate: string,
  rows: readonly Criterion[],
  groups: readonly { readonly id: string }[],
  records: readonly VerdictRecord[],
): CandidateTotal {
  const own = new Map(
    records.filter((one) => one.decides && one.candidate === candidate).map((one) => [one.criterion, one]),
  );
  const decided = rows.flatMap((row): readonly Decided[] => {
    const record = own.get(row.id);
    return record && row.active ? [{ row, record }] : [];
  });
  const excludedBy = decided.filter(excludes).map(({ row }) => row.id);
  const openRows = decided.filter(leavesOpen).map(({ row }) => row.id);
  const required = decided.filter(isA);
  return {
    candidate,
    standing: excludedBy.length > 0 ? "excluded" : openRows.length > 0 ? "open" : "eligible",
    excludedBy,
    openRows,
    points: sum(decided),
    maxPoints: maximumPoints(decided.map(({ row }) => row)),
    groups: groups.map(({ id }) => {
      const inGroup = decided.filter(({ row }) => row.group === id);
      return { group: id, points: sum(inGroup), maxPoints: maximumPoints(inGroup.map(({ row }) => row)) };
    }),
    grades: Object.fromEntries(grades.map((grade) => [grade, shareOf(grade, decided)])) as CandidateTotal["grades"],
    requiredTested: { tested: required.filter(({ record }) => isTested(record)).length, required: required.length },
  };
}

const sum = (decided: readonly Decided[]): number => rounded(decided.reduce((total, one) => total + lpOf(one), 0));

/** An A "no", or a minimum that was measured and missed. */
function excludes({ row, record }: Decided): boolean {
  if (row.ufab.type === "A") return record.verdict === "not-met";
  return row.ufab.minimum !== undefined && isTested(record) && (record.points ?? 0) < row.ufab.minimum;
}

/** An A row, or a B row with a minimum, that nobody could decide. */
function leavesOpen({ row, record }: Decided): boolean {
  const weighty = row.ufab.type === "A" || row.ufab.minimum !== undefined;
  return weighty && (record.verdict === "not-tested" || record.verdict === "inconclusive");
}

/** A rows are counted, B rows give their points; the two are never added. */
function shareOf(grade: Grade, decided: readonly Decided[]): { readonly a: number; readonly points: number } {
  const own = decided.filter(({ record }) => record.grade === grade);
  return { a: own.filter(isA).length, points: sum(own) };
}
