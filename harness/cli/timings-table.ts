import type { JobTiming, Timings } from "../run/timings.ts";
import { columns, duration } from "./output.ts";

const row = ({ id, startMs, endMs, deployMs, waitedMs, tookMs }: JobTiming): readonly string[] => [
  id,
  duration(startMs),
  duration(deployMs),
  duration(waitedMs),
  duration(tookMs),
  duration(endMs),
];

/** Every job, the longest first, and what the end of the run waited for. */
export function timingLines({ totalMs, jobs, criticalPath }: Timings): readonly string[] {
  const path = criticalPath.map(({ job, ms, gapMs }) => [
    job,
    duration(ms),
    gapMs < 500 ? "" : `after ${duration(gapMs)}`,
  ]);
  return [
    ...columns([["job", "ordered", "servers", "waited", "measured", "ended"], ...jobs.map(row)]),
    "",
    `The run took ${duration(totalMs)}; it waited for`,
    ...columns(path.map((cells) => [`  ${cells[0] ?? ""}`, ...cells.slice(1)])),
  ];
}
