import type { ConfigName } from "./candidate.ts";
import type { Grade } from "./verdict.ts";

/** Types of catalogue section 2b. */
export type MeasurementType = "count" | "number" | "duration" | "ratio" | "boolean";

/**
 * `null` on a duration means "no limit / never" and is larger than any number.
 * Counts carry their denominator in `total` where the catalogue names one.
 */
export type MeasurementValue = number | boolean | null;

/** One measured fact. A scenario writes it, nobody ever changes it. */
export interface Measurement {
  /**
   * Pattern `^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$`, declared in criteria.yaml. Two families are not declared because every
   * scenario may emit them: `control.sz-NN.positive|negative`, and `gate.sz-NN.<name>` or `gate.sz-NN.p-03.<name>`
   * (boolean; false = our instrument was not good enough, the scenario's rows or that row are inconclusive).
   */
  readonly id: string;
  readonly value: MeasurementValue;
  /** "s", "bit", "msg/s" …; absent for counts, ratios and booleans. */
  readonly unit?: string;
  /** Denominator of a count. */
  readonly total?: number;
  readonly candidate: string;
  readonly config: ConfigName;
  readonly scenario: string;
  /** Id of the other candidate, where it was measured between two products. */
  readonly partner?: string;
  /** Repetition, 1..n. */
  readonly run: number;
  /** Observation window in seconds. */
  readonly window?: number;
  /** True: not seen inside the window (or sample); the real value is larger than `value`. */
  readonly censored?: boolean;
  /** Set when the measurement has no meaning for this protocol; `value` is then null. */
  readonly notApplicable?: string;
  /** Set when the candidate lacks the ability the measurement asks for; `value` is then null. The judge makes it `not-met`. */
  readonly missingAbility?: string;
  readonly grade: Grade;
  /** Paths below the run folder. */
  readonly evidence: readonly string[];
  /** One short sentence for the reader, e.g. which ports were probed. Hostile text is possible: renderers escape it. */
  readonly note?: string;
}

/** What a scenario says when it records a measurement; the context adds the rest. */
export interface MeasurementDetails {
  readonly unit?: string;
  readonly total?: number;
  readonly window?: number;
  readonly censored?: boolean;
  readonly evidence?: readonly string[];
  readonly note?: string;
}
