import type { Result, VerdictRecord } from "../model/result.ts";
import type { VerdictWord } from "../model/verdict.ts";
import { exitCodes } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";

/** Reasons of rows that were never meant to be decided by a part of the plan (--only). */
const outside: ReadonlySet<string> = new Set(["not-in-plan", "no-scenario", "no-document"]);

/**
 * Exit code of a judged run (design, section 9): the required rows of the selection decide; a selection without any is
 * decided by all its rows, of which some points are enough. `part`: the plan was narrowed by --only, rows outside of it do not count.
 */
export function exitOf(result: Result, part: boolean, engineGone: boolean): ExitCode {
  if (result.runOutcome === "interrupted") return exitCodes.interrupted;
  if (engineGone) return exitCodes.inconclusive;
  const decided = result.verdicts.filter(({ decides, reason }) => decides && !(part && outside.has(reason.code)));
  const required = decided.filter(({ criterion }) => result.criteria.find(({ id }) => id === criterion)?.type === "A");
  return required.length > 0
    ? codeOf(required, ["met", "not-applicable"])
    : codeOf(decided, ["met", "not-applicable", "partly"]);
}

function codeOf(records: readonly VerdictRecord[], good: readonly VerdictWord[]): ExitCode {
  if (records.some(({ verdict }) => verdict === "inconclusive")) return exitCodes.inconclusive;
  const all = records.length > 0 && records.every(({ verdict }) => good.includes(verdict));
  return all ? exitCodes.met : exitCodes.notMet;
}
