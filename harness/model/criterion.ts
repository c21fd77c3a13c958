import type { ConfigName, Protocol } from "./candidate.ts";
import type { MeasurementType } from "./measurement.ts";
import type { Localized } from "./text.ts";
import type { Grade } from "./verdict.ts";

/**
 * The rule language of catalogue section 2b as data. Expressions are written as text in criteria.yaml
 * ("a.b = 0", "a.b@default = false", "a.b <= $limit") and parsed at load; nothing is ever evaluated as code.
 */
export type Comparator = "=" | "!=" | "<" | "<=" | ">" | ">=";

/** `config` is set only by an explicit `@default`. */
export interface MeasurementRef {
  readonly id: string;
  readonly config?: ConfigName;
}

export type Literal = number | boolean;

/** `right` may name a parameter of the row: `$messages`. */
export interface Comparison {
  readonly kind: "comparison";
  readonly left: MeasurementRef;
  readonly comparator: Comparator;
  readonly right: Literal | { readonly param: string };
  /** As written, for reasons and `explain`. */
  readonly text: string;
}

/** "a = 1 or b = 1" in criteria.yaml. */
export interface AnyOf {
  readonly kind: "any";
  readonly of: readonly Condition[];
  readonly text: string;
}

export type Condition = Comparison | AnyOf;

/** All conditions must hold. */
export interface PassRule {
  readonly kind: "pass";
  readonly conditions: readonly Condition[];
}

/** The first step whose conditions all hold counts, else 0. */
export interface StepsRule {
  readonly kind: "steps";
  readonly steps: readonly { readonly bp: number; readonly when: readonly Condition[] }[];
}

/** Straight line between the points, constant before the first; after the last: 0 if `beyond` is 0, else constant. */
export interface LinearRule {
  readonly kind: "linear";
  /** One measurement, or the mean of several. */
  readonly of: readonly MeasurementRef[];
  readonly points: readonly (readonly [number, number])[];
  /** `then: 0` in criteria.yaml. */
  readonly beyond?: 0;
  /** A value not seen by the end of the window counts as this (F-08: 3600 s). */
  readonly censoredAs?: number;
}

/** BP = 10 × value / total. */
export interface ShareRule {
  readonly kind: "share";
  readonly of: MeasurementRef;
  readonly total: number | MeasurementRef | { readonly param: string };
}

/** BP = value × factor, at most 10. */
export interface PointsRule {
  readonly kind: "points";
  readonly of: MeasurementRef;
  readonly factor: number;
}

export interface SumPart {
  readonly kind: "part";
  readonly bp: number;
  readonly when: readonly Condition[];
}

/** Parts are added. */
export interface SumRule {
  readonly kind: "sum";
  readonly parts: readonly (SumPart | PointsRule | LinearRule | ShareRule)[];
}

export type ScaleRule = StepsRule | LinearRule | ShareRule | PointsRule | SumRule;

/** Applied last, in this order: cap, half, zero. */
export interface Adjustments {
  readonly cap?: { readonly bp: number; readonly when: readonly Condition[] };
  readonly half?: { readonly when: readonly Condition[] };
  readonly zero?: { readonly when: readonly Condition[] };
  /** T-07: the lower result of hardened and @default counts. */
  readonly lowerOf?: readonly ConfigName[];
}

export interface Source {
  readonly norm?: string;
  readonly clause: string;
  /** `house` prints "Festlegung". */
  readonly kind: "norm" | "house";
  readonly verified: "read" | "knowledge" | "none";
  readonly confidence?: "high" | "medium" | "low";
  readonly note?: string;
}

export type Ufab = { readonly type: "A" } | { readonly type: "B"; readonly gp: number; readonly minimum?: number };

/** A parameter: the full value, and the value of a compressed plan if the criterion allows compression. */
export interface Param {
  readonly full: number;
  readonly compressed?: number;
  readonly unit?: string;
}

/** One requirement: a row of criteria.yaml after validation and profile. */
export interface Criterion {
  readonly id: string;
  readonly group: string;
  readonly title: Localized;
  readonly sources: readonly Source[];
  readonly ufab: Ufab;
  readonly method: readonly ("auto-server" | "auto-client" | "attested")[];
  readonly scenarios: readonly string[];
  /** Measurements the rule, the gates or the printout read, with the denominator the row demands. */
  readonly measurements: readonly { readonly id: string; readonly total?: number | { readonly param: string } }[];
  readonly params: Readonly<Record<string, Param>>;
  readonly valid: readonly Condition[];
  readonly rule: PassRule | (ScaleRule & { readonly adjust?: Adjustments });
  readonly report: readonly MeasurementRef[];
  readonly config: ConfigName | "both";
  readonly evidenceMin: Grade;
  readonly appliesTo: readonly (Protocol | "attested")[];
  /** Abilities whose absence makes the row not-met without a run. */
  readonly needs: readonly string[];
  /** Measured between pairs of products: the pair that counts for a product (F-11: the worst, S-03: the best). */
  readonly pairs?: "worst" | "best";
  /** False: not part of the profile (O-02 outside vs-nfd). It is listed, not judged. */
  readonly active: boolean;
  /** Set by a profile whose stated need drops the function: the row is `not-applicable` for all products alike. */
  readonly dropped?: Localized;
  /** What earns 10, 5 and 0 points (B) or what must hold (A), in words. */
  readonly ruleText: Localized;
  /** What a reader should know beside the rule. */
  readonly note?: Localized;
  /** Why no scenario decides this row, for whole protocol families: the products have nothing that could be measured. */
  readonly untested?: Localized;
}

export interface MeasurementDeclaration {
  readonly id: string;
  readonly type: MeasurementType;
  readonly unit?: string;
  readonly title: Localized;
  readonly protocols?: readonly Protocol[];
}

/** criteria.yaml after loading, frozen, for one profile. */
export interface Catalogue {
  readonly path: string;
  readonly sha256: string;
  readonly profile: string;
  /** Set when the profile came from a file of its own. */
  readonly profileFile?: { readonly name: string; readonly sha256: string };
  /** All groups in report order. */
  readonly groups: readonly { readonly id: string; readonly title: Localized }[];
  /** Every row in file order, also those not active in the profile. */
  readonly criteria: readonly Criterion[];
  readonly measurements: readonly MeasurementDeclaration[];
}
