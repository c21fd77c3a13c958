import { judge } from "../judge/judge.ts";
import { largeJournal } from "../judge/testing/large-journal.ts";
import type { Catalogue } from "../model/criterion.ts";
import { median } from "../model/statistics.ts";

export interface JudgeTime {
  readonly candidates: number;
  readonly entries: number;
  readonly verdicts: number;
  /** Median CPU time of one judging, in milliseconds: wall time would count what else runs on the machine. */
  readonly cpuMs: number;
}

/** Judges a generated run of the whole catalogue `times` times. */
export function measureJudging(catalogue: Catalogue, candidates = 10, times = 5): JudgeTime {
  const entries = largeJournal(catalogue, candidates);
  const once = (): { readonly cpuMs: number; readonly verdicts: number } => {
    const start = process.cpuUsage();
    const { verdicts } = judge({ entries, catalogue, journalSha256: "", proofs: [] });
    const { user, system } = process.cpuUsage(start);
    return { cpuMs: (user + system) / 1000, verdicts: verdicts.length };
  };
  const results = Array.from({ length: times }, once);
  return {
    candidates,
    entries: entries.length,
    verdicts: results[0]?.verdicts ?? 0,
    cpuMs: median(results.map(({ cpuMs }) => cpuMs)),
  };
}
