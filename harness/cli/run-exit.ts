import type { Result, VerdictRecord } from "../model/result.ts";
import type { VerdictWord } from "../model/verdict.ts";
import { exitCodes } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";

/** Criteria that the scenarios of this run decide. */
export const plannedCriteria = ({ run }: Result): ReadonlySet<string> =>
  new Set(run.scenarios.flatMap(({ verifies }) => verifies));

/**
 * Exit code of a judged run (design, section 9): the required rows of the selection decide; a selection without any is
 * decided by all its rows, of which some points are enough. `part`: the plan was narrowed by --only, other rows do not count.
 */
export function exitOf(result: Result, part: boolean, engineGone: boolean): ExitCode {
  if (result.runOutcome === "interrupted") return exitCodes.interrupted;
  if (engineGone) return exitCodes.inconclusive;
  const planned = plannedCriteria(result);
  const decided = result.verdicts.filter(({ decides, criterion }) => decides && (!part || planned.has(criterion)));
  const required = decided.filter(({ criterion }) => result.criteria.find(({ id }) => id === criterion)?.type === "A");
  if (required.length > 0) return codeOf(required, ["met", "not-applicable"]);
  return codeOf(decided, ["met", "not-applicable", "partly"]);
}

function codeOf(records: readonly VerdictRecord[], good: readonly VerdictWord[]): ExitCode {
  if (records.some(({ verdict }) => verdict === "inconclusive")) return exitCodes.inconclusive;
  const all = records.length > 0 && records.every(({ verdict }) => good.includes(verdict));
  return all ? exitCodes.met : exitCodes.notMet;
}
