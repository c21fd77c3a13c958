import type { ConfigName } from "../model/candidate.ts";
import type { Comparator, Comparison, Condition } from "../model/criterion.ts";
import type { Observed, Reader, UnknownCause } from "./observed.ts";

/** What a condition is worth: `undefined` = skipped because the measurement has no meaning for this protocol. */
export interface Truth {
  readonly held: boolean | null | undefined;
  /** Why `held` is null. */
  readonly cause?: UnknownCause;
  /** It failed because the candidate lacks the ability. */
  readonly missing?: boolean;
}

export interface EvaluatedComparison extends Truth {
  readonly comparison: Comparison;
  readonly config: ConfigName | undefined;
  readonly observed: Observed;
  /** The right side with its parameter put in. */
  readonly limit: number | boolean;
}

export interface Evaluation extends Truth {
  readonly comparisons: readonly EvaluatedComparison[];
}

export interface RuleContext {
  readonly read: Reader;
  /** Parameters of this run, as the scenario got them. */
  readonly params: Readonly<Record<string, number>>;
}

const tests: Readonly<Record<Comparator, (left: number | boolean, right: number | boolean) => boolean>> = {
  "=": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
};

/**
 * The real value is above `bound`. Decided only if that settles the comparison: `<= x` is false for x at or below
 * the bound, everything else about it stays unknown (catalogue 2b, censored values).
 */
function compareCensored(bound: number, comparator: Comparator, limit: number): boolean | null {
  if (limit > bound) return null;
  return comparator === ">" || comparator === ">=" || comparator === "!=";
}

function compare(observed: Observed, comparator: Comparator, limit: number | boolean): Truth {
  switch (observed.state) {
    case "not-applicable":
      return { held: undefined };
    case "missing-ability":
      return { held: false, missing: true };
    case "unknown":
      return { held: null, cause: observed.cause };
    case "value": {
      const { value, censored } = observed;
      if (!censored) return { held: tests[comparator](value, limit) };
      const held = compareCensored(Number(value), comparator, Number(limit));
      return held === null ? { held, cause: "censored" } : { held };
    }
  }
}

function evaluateComparison(comparison: Comparison, { read, params }: RuleContext): EvaluatedComparison {
  const { left, comparator, right } = comparison;
  const limit = typeof right === "object" ? (params[right.param] ?? Number.NaN) : right;
  const observed = read(left.id, left.config);
  return { comparison, config: left.config, observed, limit, ...compare(observed, comparator, limit) };
}

/** One condition; `or` holds if a member holds. */
function evaluate(condition: Condition, context: RuleContext): Evaluation {
  if (condition.kind === "comparison") {
    const only = evaluateComparison(condition, context);
    const { held, cause, missing } = only;
    return { held, ...(cause && { cause }), ...(missing && { missing }), comparisons: [only] };
  }
  const members = condition.of.map((member) => evaluate(member, context));
  const comparisons = members.flatMap((member) => member.comparisons);
  const applicable = members.filter(({ held }) => held !== undefined);
  if (applicable.length === 0) return { held: undefined, comparisons };
  if (applicable.some(({ held }) => held === true)) return { held: true, comparisons };
  const open = applicable.find(({ held }) => held === null);
  if (open) return { held: null, cause: open.cause ?? "not-observed", comparisons };
  return { held: false, ...(applicable.every(({ missing }) => missing) && { missing: true }), comparisons };
}

/** All conditions must hold. If every one was skipped nothing was shown, so the whole is unknown, never true. */
export function evaluateAll(conditions: readonly Condition[], context: RuleContext): Evaluation {
  const evaluations = conditions.map((condition) => evaluate(condition, context));
  const comparisons = evaluations.flatMap((evaluation) => evaluation.comparisons);
  const failed = evaluations.filter(({ held }) => held === false);
  if (failed.length > 0) {
    return { held: false, ...(failed.some(({ missing }) => missing) && { missing: true }), comparisons };
  }
  const open = evaluations.filter(({ held }) => held === null);
  if (open.length > 0) return { held: null, cause: worstCause(open), comparisons };
  if (!evaluations.some(({ held }) => held === true)) return { held: null, cause: "not-applicable", comparisons };
  return { held: true, comparisons };
}

const causeOrder: readonly UnknownCause[] = [
  "contradiction",
  "not-observed",
  "not-applicable",
  "tie",
  "censored",
  "no-document",
];

/** The cause that weighs most: our own gaps before what a document or a window leaves open. */
function worstCause(truths: readonly Truth[]): UnknownCause {
  return causeOrder.find((cause) => truths.some((truth) => truth.cause === cause)) ?? "not-observed";
}
