import type { ConfigName } from "../model/candidate.ts";
import type { JournalEntry } from "../model/journal.ts";

/** When one scenario of one candidate and configuration did what; milliseconds since the run began. */
export interface JobTiming {
  readonly id: string;
  readonly scenario: string;
  readonly candidate: string;
  readonly config: ConfigName;
  readonly run: number;
  /** Its servers were ordered. */
  readonly startMs: number;
  readonly endMs: number;
  /** Until its servers were ready; 0 where it got those of another reading scenario. */
  readonly deployMs: number;
  /** Waited for the machine to itself. */
  readonly waitedMs: number;
  readonly tookMs: number;
}

/** One link of the chain that decided how long the run took. */
export interface CriticalLink {
  readonly job: string;
  /** What the run waited for in this job, from the end of the link before on. */
  readonly ms: number;
  /** Between the end of the link before and the start of this job: servers being removed, no place, no headroom. */
  readonly gapMs: number;
}

export interface Timings {
  readonly totalMs: number;
  /** Longest first. */
  readonly jobs: readonly JobTiming[];
  /** In order of time. */
  readonly criticalPath: readonly CriticalLink[];
}

const nameOf = (entry: {
  readonly scenario: string;
  readonly candidate: string;
  readonly config: ConfigName;
  readonly partner?: string;
}): string =>
  `${entry.scenario} ${entry.candidate}${entry.partner === undefined ? "" : ` + ${entry.partner}`} ${entry.config}`;

/** Times of every job and the chain of jobs that the end of the run waited for; a pure function of the journal. */
export function timingsOf(entries: readonly JournalEntry[]): Timings {
  const began = Date.parse(entries[0]?.at ?? "");
  const since = (entry: JournalEntry): number => Date.parse(entry.at) - began;
  const deployed = new Map<string, number>();
  const started = new Map<string, { readonly startMs: number; readonly deployMs: number }>();
  const jobs: JobTiming[] = [];
  for (const entry of entries) {
    if (entry.type === "deployed") deployed.set(nameOf(entry), entry.tookMs);
    if (entry.type === "scenario-started") {
      const deployMs = deployed.get(nameOf(entry)) ?? 0;
      deployed.delete(nameOf(entry));
      started.set(`${nameOf(entry)} ${entry.run}`, { startMs: since(entry) - deployMs, deployMs });
    }
    if (entry.type === "scenario-ended") {
      const { scenario, candidate, config, run, tookMs, waitedMs = 0 } = entry;
      const id = run === 1 ? nameOf(entry) : `${nameOf(entry)} #${run}`;
      const start = started.get(`${nameOf(entry)} ${run}`) ?? { startMs: since(entry) - tookMs, deployMs: 0 };
      jobs.push({ id, scenario, candidate, config, run, ...start, endMs: since(entry), waitedMs, tookMs });
    }
  }
  const last = entries.at(-1);
  return {
    totalMs: last === undefined ? 0 : since(last),
    jobs: jobs.toSorted((left, right) => right.endMs - right.startMs - (left.endMs - left.startMs)),
    criticalPath: criticalPathOf(jobs),
  };
}

/** From the job that ended last back to the one whose end let it begin, and so on. */
function criticalPathOf(jobs: readonly JobTiming[]): readonly CriticalLink[] {
  const links: CriticalLink[] = [];
  const ended = jobs.toSorted((left, right) => left.endMs - right.endMs);
  for (let job = ended.at(-1); job !== undefined;) {
    const { id, endMs, startMs, waitedMs } = job;
    // The chain only goes back: a clock that was set back may let a job start after its end.
    // One that waited for the machine was let go on by the last end before its own, whenever its servers were ordered.
    const before = ended.findLast((other) => other.endMs < (waitedMs > 0 ? endMs : Math.min(startMs, endMs)));
    const from = Math.max(startMs, before?.endMs ?? 0);
    links.unshift({ job: id, ms: endMs - from, gapMs: from - (before?.endMs ?? 0) });
    job = before;
  }
  return links;
}
