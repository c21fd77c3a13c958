import type { ConfigName } from "../model/candidate.ts";
import type { Measurement, MeasurementValue } from "../model/measurement.ts";

/** Why a value is not known. */
export type UnknownCause =
  | "not-observed" // the scenario ended without it
  | "no-document" // attested value without a document
  | "censored" // larger than the window, which is shorter than the threshold
  | "tie" // repetitions of a yes/no fact split evenly
  | "not-applicable" // every condition was skipped, so nothing was shown
  | "contradiction"; // one repetition holds two different values

/** What a rule gets when it reads a measurement. */
export type Observed =
  | {
      readonly state: "value";
      readonly value: number | boolean;
      readonly censored: boolean;
      readonly records: readonly Measurement[];
    }
  | { readonly state: "not-applicable"; readonly records: readonly Measurement[] }
  | { readonly state: "missing-ability"; readonly records: readonly Measurement[] }
  | { readonly state: "unknown"; readonly cause: UnknownCause; readonly records: readonly Measurement[] };

/** How a rule reads: already bound to candidate, configuration and repetition. */
export type Reader = (id: string, config: ConfigName | undefined) => Observed;

/** @param document true for ids that only a document can give. */
export const absent = (document: boolean): Observed => ({
  state: "unknown",
  cause: document ? "no-document" : "not-observed",
  records: [],
});

/** The records of one measurement in one repetition (normally one) as an observation. */
export function observeOne(records: readonly Measurement[], isDuration: boolean): Observed {
  const [first] = records;
  if (!first) return absent(false);
  if (records.some((record) => !sameValue(record, first))) return { state: "unknown", cause: "contradiction", records };
  if (first.missingAbility !== undefined) return { state: "missing-ability", records };
  if (first.notApplicable !== undefined) return { state: "not-applicable", records };
  const censored = first.censored ?? false;
  const value = numeric(first, censored, isDuration);
  if (value === undefined || Number.isNaN(value)) return { state: "unknown", cause: "not-observed", records };
  return { state: "value", value, censored, records };
}

const sameValue = (left: Measurement, right: Measurement): boolean =>
  left.value === right.value &&
  left.censored === right.censored &&
  left.total === right.total &&
  left.missingAbility === right.missingAbility &&
  left.notApplicable === right.notApplicable;

/** `null` on a duration is "no limit": larger than any number. A censored value without number is larger than its window. */
function numeric({ value, window }: Measurement, censored: boolean, isDuration: boolean): number | boolean | undefined {
  if (value !== null) return value;
  if (censored) return window;
  return isDuration ? Number.POSITIVE_INFINITY : undefined;
}

/** B rows take the median of the values of all repetitions (catalogue 2b). */
export function median(observations: readonly Observed[]): Observed {
  const [first] = observations;
  if (!first || observations.length === 1) return first ?? absent(false);
  const records = observations.flatMap((observation) => observation.records);
  const values = observations.filter((observation) => observation.state === "value");
  if (values.length < observations.length) {
    const missing = observations.find(({ state }) => state === "missing-ability");
    if (missing) return { state: "missing-ability", records };
    if (observations.every(({ state }) => state === "not-applicable")) return { state: "not-applicable", records };
    const unknown = observations.find((observation) => observation.state === "unknown");
    return { state: "unknown", cause: unknown?.cause ?? "contradiction", records };
  }
  return values.every(({ value }) => typeof value === "boolean") ? majority(values, records) : middle(values, records);
}

type Value = Extract<Observed, { state: "value" }>;

function majority(values: readonly Value[], records: readonly Measurement[]): Observed {
  const yes = values.filter(({ value }) => value === true).length;
  if (yes * 2 === values.length) return { state: "unknown", cause: "tie", records };
  return { state: "value", value: yes * 2 > values.length, censored: false, records };
}

function middle(values: readonly Value[], records: readonly Measurement[]): Observed {
  const sorted = values.toSorted(
    (a, b) => Number(a.value) - Number(b.value) || Number(a.censored) - Number(b.censored),
  );
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (!upper || !lower) return absent(false);
  const value = lower === upper ? Number(upper.value) : (Number(lower.value) + Number(upper.value)) / 2;
  return { state: "value", value, censored: lower.censored || upper.censored, records };
}

/** The value a report prints: infinity becomes null again, as in the journal. */
export function printed(observed: Observed): MeasurementValue {
  if (observed.state !== "value") return null;
  return observed.value === Number.POSITIVE_INFINITY ? null : observed.value;
}
