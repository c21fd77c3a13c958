import type { Condition, Criterion, MeasurementRef, ScaleRule, SumRule } from "../model/criterion.ts";
import { comparisonsOf } from "./conditions.ts";

const ofConditions = (conditions: readonly Condition[] | undefined): readonly MeasurementRef[] =>
  (conditions ?? []).flatMap(comparisonsOf).map(({ left }) => left);

function ofPart(part: SumRule["parts"][number]): readonly MeasurementRef[] {
  return part.kind === "part" ? ofConditions(part.when) : ofScale(part);
}

function ofScale(rule: ScaleRule): readonly MeasurementRef[] {
  switch (rule.kind) {
    case "steps":
      return rule.steps.flatMap(({ when }) => ofConditions(when));
    case "linear":
      return rule.of;
    case "share":
      return typeof rule.total === "number" || "param" in rule.total ? [rule.of] : [rule.of, rule.total];
    case "points":
      return [rule.of];
    case "sum":
      return rule.parts.flatMap(ofPart);
  }
}

/** Measurements that the rule of a row reads, with an explicit `@config` where it has one; in order, with repetitions. */
export function ruleReferences({ rule }: Pick<Criterion, "rule">): readonly MeasurementRef[] {
  if (rule.kind === "pass") return ofConditions(rule.conditions);
  const { cap, half, zero } = rule.adjust ?? {};
  return [...ofScale(rule), ...ofConditions(cap?.when), ...ofConditions(half?.when), ...ofConditions(zero?.when)];
}

/** Measurements that the `valid` conditions of a row read. */
export const validReferences = ({ valid }: Pick<Criterion, "valid">): readonly MeasurementRef[] => ofConditions(valid);

/** Everything a row reads: rule, gates and printout. */
export const allReferences = (row: Pick<Criterion, "rule" | "valid" | "report">): readonly MeasurementRef[] => [
  ...ruleReferences(row),
  ...validReferences(row),
  ...row.report,
];
