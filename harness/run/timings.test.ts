import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JournalEntry } from "../model/journal.ts";
import { timingsOf } from "./timings.ts";

const at = (seconds: number): string => new Date(seconds * 1_000).toISOString();
const head = { seq: 0, previous: "" };
const place = (scenario: string) => ({ scenario, candidate: "one", config: "hardened" as const });

function job(scenario: string, startS: number, deployS: number, endS: number, waitedS = 0): readonly JournalEntry[] {
  const begun = startS + deployS;
  const times = { tookMs: (endS - begun - waitedS) * 1_000, ...(waitedS > 0 ? { waitedMs: waitedS * 1_000 } : {}) };
  return [
    { ...head, ...place(scenario), type: "deployed", at: at(begun), servers: [], images: [], tookMs: deployS * 1_000 },
    { ...head, ...place(scenario), type: "scenario-started", at: at(begun), run: 1, params: {} },
    { ...head, ...place(scenario), type: "scenario-ended", at: at(endS), run: 1, outcome: "completed", ...times },
  ];
}

function journal(...jobs: readonly (readonly JournalEntry[])[]): readonly JournalEntry[] {
  const entries = jobs.flat().toSorted((left, right) => Date.parse(left.at) - Date.parse(right.at));
  const started = { ...head, type: "run-ended" as const, outcome: "completed" as const };
  return [{ ...started, at: at(0) }, ...entries, { ...started, at: entries.at(-1)?.at ?? at(0) }];
}

describe("timings", () => {
  it("follow the end of the run back through the ends that let others begin", () => {
    const entries = journal(
      job("SZ-01", 0, 1, 5),
      job("SZ-02", 0, 2, 9),
      job("SZ-03", 6, 1, 20),
      job("SZ-04", 9, 1, 12),
    );
    const { criticalPath, totalMs, jobs } = timingsOf(entries);
    assert.equal(totalMs, 20_000);
    assert.deepEqual(criticalPath, [
      { job: "SZ-01 one hardened", ms: 5_000, gapMs: 0 },
      { job: "SZ-03 one hardened", ms: 14_000, gapMs: 1_000 },
    ]);
    assert.deepEqual(
      jobs.map(({ scenario, deployMs }) => [scenario, deployMs]),
      [
        ["SZ-03", 1_000],
        ["SZ-02", 2_000],
        ["SZ-01", 1_000],
        ["SZ-04", 1_000],
      ],
    );
  });

  it("count from the end of what was waited for where a job waited for the machine", () => {
    const { criticalPath, jobs } = timingsOf(journal(job("SZ-01", 0, 1, 10), job("SZ-24", 2, 1, 30, 6)));
    assert.deepEqual(criticalPath, [
      { job: "SZ-01 one hardened", ms: 10_000, gapMs: 0 },
      { job: "SZ-24 one hardened", ms: 20_000, gapMs: 0 },
    ]);
    assert.equal(jobs[0]?.waitedMs, 6_000);
  });

  it("hold together for a journal without jobs", () => {
    assert.deepEqual(timingsOf([]), { totalMs: 0, jobs: [], criticalPath: [] });
  });
});
