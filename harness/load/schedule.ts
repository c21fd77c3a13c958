import { HarnessError } from "../model/errors.ts";
import { seededRandom } from "../model/random.ts";
import type { Schedule } from "../model/tools.ts";

/** A schedule is kept in memory and in the evidence; this bounds both. */
const mostArrivals = 1_000_000;

/**
 * Arrival times in milliseconds from start.
 *
 * A Poisson process conditioned on its count: exactly `rate × duration` arrivals, each independent and uniform over the
 * duration, sorted. So the count is the one the catalogue demands (P-01: 6000) and the gaps are those of a Poisson process.
 */
export function poissonSchedule(seed: string, ratePerSecond: number, durationSeconds: number): Schedule {
  const count = Math.round(ratePerSecond * durationSeconds);
  if (!Number.isFinite(count) || count < 1 || count > mostArrivals) {
    throw new HarnessError(
      "harness-fault",
      `expected 1 to ${mostArrivals} arrivals, got ${ratePerSecond}/s for ${durationSeconds} s`,
    );
  }
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => random.next() * durationSeconds * 1000).toSorted((a, b) => a - b);
}
