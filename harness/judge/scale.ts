import type { ConfigName } from "../model/candidate.ts";
import type {
  Adjustments,
  LinearRule,
  MeasurementRef,
  PointsRule,
  ScaleRule,
  ShareRule,
  SumRule,
} from "../model/criterion.ts";
import { evaluateAll } from "./conditions.ts";
import type { EvaluatedComparison, RuleContext } from "./conditions.ts";
import type { Observed, UnknownCause } from "./observed.ts";

/** Points as far as they are known: with every unknown at its worst (`low`) and at its best (`high`). */
export interface Span {
  readonly low: number;
  readonly high: number;
  /** Why low and high differ. */
  readonly causes: readonly UnknownCause[];
  /** A part gave nothing because the candidate lacks the ability. */
  readonly missing: boolean;
  /** What was looked at, for the reason: steps and parts with their conditions, or numbers. */
  readonly looked: readonly Looked[];
  /** The part of `looked` that gave the points, where the lower of two configurations counts. */
  readonly deciding?: readonly Looked[];
}

export type Looked =
  | {
      readonly kind: "step" | "part" | "cap" | "half" | "zero";
      readonly bp: number;
      readonly held: boolean | null;
      readonly comparisons: readonly EvaluatedComparison[];
    }
  | {
      readonly kind: "number";
      readonly ref: MeasurementRef;
      readonly observed: Observed;
      readonly bp: number;
      /** The scale that turned the number into points. */
      readonly rule: NumberRule;
    };

export type NumberRule = LinearRule | ShareRule | PointsRule;

const clamp = (points: number): number => Math.min(10, Math.max(0, points));
/** Two decimals, half up: more would pretend a precision that a scale does not have. */
export const rounded = (points: number): number => Math.round((points + Number.EPSILON) * 100) / 100;

/** Points of a scale with its adjustments; T-07: the lower of both configurations. */
export function scorePoints(rule: ScaleRule & { readonly adjust?: Adjustments }, context: RuleContext): Span {
  const { lowerOf } = rule.adjust ?? {};
  if (!lowerOf) return scoreOnce(rule, context);
  const spans = lowerOf.map((config) => namedFor(config, scoreOnce(rule, boundTo(context, config))));
  const lowest = spans.toSorted((one, other) => one.low - other.low)[0];
  return {
    ...(lowest && { deciding: lowest.looked }),
    low: Math.min(...spans.map(({ low }) => low)),
    high: Math.min(...spans.map(({ high }) => high)),
    causes: spans.flatMap(({ causes }) => causes),
    missing: spans.some(({ missing }) => missing),
    looked: spans.flatMap(({ looked }) => looked),
  };
}

/** The same with the configuration written beside each reference that has none of its own. */
function namedFor(config: ConfigName, span: Span): Span {
  const looked = span.looked.map((one): Looked => {
    if (one.kind === "number") return { ...one, ref: { ...one.ref, config: one.ref.config ?? config } };
    return { ...one, comparisons: one.comparisons.map((each) => ({ ...each, config: each.config ?? config })) };
  });
  return { ...span, looked };
}

/** A reference without suffix reads the named configuration. */
const boundTo = (context: RuleContext, config: ConfigName): RuleContext => ({
  ...context,
  read: (id, own) => context.read(id, own ?? config),
});

function scoreOnce(rule: ScaleRule & { readonly adjust?: Adjustments }, context: RuleContext): Span {
  const span = adjusted(score(rule, context), rule.adjust ?? {}, context);
  return { ...span, low: rounded(clamp(span.low)), high: rounded(clamp(span.high)) };
}

function score(rule: ScaleRule, context: RuleContext): Span {
  switch (rule.kind) {
    case "steps":
      return scoreSteps(rule.steps, context);
    case "sum":
      return scoreSum(rule, context);
    case "linear":
      return scoreLinear(rule, context);
    case "share":
      return scoreShare(rule, context);
    case "points":
      return scoreNumber(rule, rule.of, (value) => value * rule.factor, context);
  }
}

function scoreSteps(steps: Extract<ScaleRule, { kind: "steps" }>["steps"], context: RuleContext): Span {
  const looked: Looked[] = [];
  const causes: UnknownCause[] = [];
  let high: number | undefined;
  let missing = false;
  for (const { bp, when } of steps) {
    const evaluation = evaluateAll(when, context);
    const { held, comparisons } = evaluation;
    looked.push({ kind: "step", bp, held: held ?? null, comparisons });
    missing ||= evaluation.missing ?? false;
    if (held === true) return { low: bp, high: high ?? bp, causes, missing, looked };
    if (held === null) {
      high ??= bp;
      causes.push(evaluation.cause ?? "not-observed");
    }
  }
  return { low: 0, high: high ?? 0, causes, missing, looked };
}

function scoreSum({ parts }: SumRule, context: RuleContext): Span {
  const spans = parts.map((part): Span => {
    if (part.kind !== "part") return score(part, context);
    const { held, cause, missing, comparisons } = evaluateAll(part.when, context);
    return {
      low: held === true ? part.bp : 0,
      high: held === false ? 0 : part.bp,
      causes: held === null ? [cause ?? "not-observed"] : [],
      missing: missing ?? false,
      looked: [{ kind: "part", bp: part.bp, held: held ?? null, comparisons }],
    };
  });
  return {
    low: spans.reduce((sum, { low }) => sum + low, 0),
    high: spans.reduce((sum, { high }) => sum + high, 0),
    causes: spans.flatMap(({ causes }) => causes),
    missing: spans.some(({ missing }) => missing),
    looked: spans.flatMap(({ looked }) => looked),
  };
}

/** Lowest and highest points that a value above `bound` may still have. */
type Beyond = (bound: number) => { readonly low: number; readonly high: number };

/** For shares and points: more is better, the bound itself is the least. */
const rising: Beyond = () => ({ low: Number.NaN, high: 10 });

function scoreNumber(
  rule: ShareRule | PointsRule,
  ref: MeasurementRef,
  pointsOf: (value: number) => number,
  context: RuleContext,
): Span {
  const observed = context.read(ref.id, ref.config);
  return spanOf(rule, observed, [{ ref, observed }], pointsOf, rising);
}

function spanOf(
  rule: NumberRule,
  observed: Observed,
  refs: readonly { readonly ref: MeasurementRef; readonly observed: Observed }[],
  pointsOf: (value: number) => number,
  beyond: Beyond,
): Span {
  const looked = (bp: number): readonly Looked[] =>
    refs.map((one) => ({ kind: "number", ...one, bp: rounded(clamp(bp)), rule }));
  switch (observed.state) {
    case "missing-ability":
      return { low: 0, high: 0, causes: [], missing: true, looked: looked(0) };
    case "not-applicable":
      return { low: 0, high: 10, causes: ["not-applicable"], missing: false, looked: looked(0) };
    case "unknown":
      return { low: 0, high: 10, causes: [observed.cause], missing: false, looked: looked(0) };
    case "value": {
      const value = Number(observed.value);
      const points = clamp(pointsOf(value));
      if (!observed.censored) return { low: points, high: points, causes: [], missing: false, looked: looked(points) };
      const { low, high } = beyond(value);
      const least = Number.isNaN(low) ? points : low;
      return { low: least, high, causes: least === high ? [] : ["censored"], missing: false, looked: looked(least) };
    }
  }
}

/** Straight lines between the points (catalogue 2b, `linear`). */
function interpolate({ points, beyond }: Pick<LinearRule, "points" | "beyond">, value: number): number {
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last) return 0;
  if (value <= first[0]) return first[1];
  if (value > last[0]) return beyond ?? last[1];
  const index = points.findIndex(([x]) => value <= x);
  const [rightX, rightBp] = points[index] ?? last;
  const [leftX, leftBp] = points[index - 1] ?? first;
  return leftBp + ((value - leftX) / (rightX - leftX)) * (rightBp - leftBp);
}

/** A line only rises or only falls (the loader checks it), so its ends hold the extremes. */
function beyondOnLine(rule: LinearRule): Beyond {
  return (bound) => {
    const start =
      bound >= (rule.points.at(-1)?.[0] ?? 0) ? interpolate(rule, Number.POSITIVE_INFINITY) : interpolate(rule, bound);
    const end = interpolate(rule, Number.POSITIVE_INFINITY);
    return { low: Math.min(start, end), high: Math.max(start, end) };
  };
}

function scoreLinear(rule: LinearRule, context: RuleContext): Span {
  const refs = rule.of.map((ref) => {
    const observed = context.read(ref.id, ref.config);
    return { ref, observed: rule.censoredAs === undefined ? observed : uncensored(observed, rule.censoredAs) };
  });
  return spanOf(
    rule,
    mean(refs.map(({ observed }) => observed)),
    refs,
    (value) => interpolate(rule, value),
    beyondOnLine(rule),
  );
}

/** F-08: a partition not healed inside the window counts as the window of the catalogue. */
function uncensored(observed: Observed, as: number): Observed {
  if (observed.state !== "value") return observed;
  const open = observed.censored || observed.value === Number.POSITIVE_INFINITY;
  return open ? { ...observed, value: as, censored: false } : observed;
}

/** Mean of the values, not of the points (catalogue 2c, F-08). */
function mean(observations: readonly Observed[]): Observed {
  const [first] = observations;
  const odd = observations.find(({ state }) => state !== "value");
  if (odd || !first) return odd ?? { state: "unknown", cause: "not-observed", records: [] };
  const values = observations.filter((observation) => observation.state === "value");
  const sum = values.reduce((total, { value }) => total + Number(value), 0);
  return {
    state: "value",
    value: sum / values.length,
    censored: values.some(({ censored }) => censored),
    records: values.flatMap(({ records }) => records),
  };
}

function scoreShare(rule: ShareRule, context: RuleContext): Span {
  const { of } = rule;
  // The catalogue was read: the parameter is there.
  const total =
    typeof rule.total === "object" && "param" in rule.total
      ? (context.params[rule.total.param] ?? Number.NaN)
      : rule.total;
  if (typeof total === "number") return scoreNumber(rule, of, (value) => (10 * value) / total, context);
  const whole = context.read(total.id, total.config);
  if (whole.state !== "value" || Number(whole.value) <= 0) {
    const cause = whole.state === "unknown" ? whole.cause : "not-observed";
    const observed: Observed = { state: "unknown", cause, records: whole.records };
    return spanOf(rule, observed, [{ ref: total, observed: whole }], () => 0, rising);
  }
  return scoreNumber(rule, of, (value) => (10 * value) / Number(whole.value), context);
}

/** Order of the catalogue: cap, half, zero. An adjustment that cannot be decided lowers `low` only. */
function adjusted(span: Span, { cap, half, zero }: Adjustments, context: RuleContext): Span {
  let result = span;
  if (cap) result = adjust(result, "cap", cap.bp, cap.when, (points) => Math.min(points, cap.bp), context);
  if (half) result = adjust(result, "half", 0, half.when, (points) => points / 2, context);
  if (zero) result = adjust(result, "zero", 0, zero.when, () => 0, context);
  return result;
}

function adjust(
  span: Span,
  kind: "cap" | "half" | "zero",
  bp: number,
  when: NonNullable<Adjustments["half"]>["when"],
  lower: (points: number) => number,
  context: RuleContext,
): Span {
  const { held, cause, comparisons } = evaluateAll(when, context);
  const looked: readonly Looked[] = [...span.looked, { kind, bp, held: held ?? null, comparisons }];
  // A function that the candidate lacks cannot trigger the adjustment; its own part of the scale already gave nothing.
  if (held === false) return { ...span, looked };
  if (held === true) return { ...span, low: lower(clamp(span.low)), high: lower(clamp(span.high)), looked };
  if (cause === "not-applicable") return { ...span, looked };
  return { ...span, low: lower(clamp(span.low)), causes: [...span.causes, cause ?? "not-observed"], looked };
}
