import { build, encodeIntoCompressedBase64 } from "hdr-histogram-js";
import type { Percentiles } from "../model/tools.ts";

/** Nearest-rank percentile of ascending values; Infinity stands for a lost message and is never left out. */
function percentile(ascending: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(share * ascending.length));
  return ascending[rank - 1] ?? Number.POSITIVE_INFINITY;
}

/** Percentiles in the unit of the values. No values at all gives Infinity everywhere: nothing observed is never fast. */
export function percentilesOf(values: readonly number[]): Percentiles {
  const ascending = values.toSorted((a, b) => a - b);
  return {
    p50: percentile(ascending, 0.5),
    p90: percentile(ascending, 0.9),
    p95: percentile(ascending, 0.95),
    p99: percentile(ascending, 0.99),
    max: ascending.at(-1) ?? Number.POSITIVE_INFINITY,
  };
}

/** The longest value a histogram keeps, in microseconds: one hour, the longest window of any scenario. */
const highestMicroseconds = 3_600_000_000;

/** HdrHistogram (V2, compressed, base64) of the finite values in microseconds, to be merged and kept as evidence. */
export function encodeHistogram(milliseconds: readonly number[]): string {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: highestMicroseconds,
    numberOfSignificantValueDigits: 3,
  });
  for (const value of milliseconds) {
    if (Number.isFinite(value))
      histogram.recordValue(Math.min(highestMicroseconds, Math.max(1, Math.round(value * 1000))));
  }
  return encodeIntoCompressedBase64(histogram);
}
