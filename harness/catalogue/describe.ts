import type {
  Adjustments,
  Condition,
  Criterion,
  LinearRule,
  MeasurementRef,
  PointsRule,
  ScaleRule,
  ShareRule,
  SumRule,
} from "../model/criterion.ts";

const refText = ({ id, config }: MeasurementRef): string => (config === undefined ? id : `${id}@${config}`);
const all = (conditions: readonly Condition[]): string => conditions.map(({ text }) => text).join(" and ");

function totalText(total: ShareRule["total"]): string {
  if (typeof total === "number") return String(total);
  return "param" in total ? `$${total.param}` : refText(total);
}

function numberLine(rule: LinearRule | ShareRule | PointsRule): string {
  if (rule.kind === "points") return `points(${refText(rule.of)} × ${rule.factor})`;
  if (rule.kind === "share") {
    return `share(${refText(rule.of)} / ${totalText(rule.total)})`;
  }
  const of = rule.of.map(refText).join(" and ");
  const line = rule.points.map(([value, bp]) => `${value} → ${bp}`).join(", ");
  const beyond = rule.beyond === 0 ? "; then 0" : "";
  const censored = rule.censoredAs === undefined ? "" : `; not seen inside the window = ${rule.censoredAs}`;
  return `linear(${rule.of.length > 1 ? `mean of ${of}` : of}): ${line}${beyond}${censored}`;
}

function scaleLines(rule: ScaleRule): readonly string[] {
  if (rule.kind === "steps") return [...rule.steps.map(({ bp, when }) => `${bp} if ${all(when)}`), "else 0"];
  if (rule.kind === "sum") return rule.parts.map(partLine);
  return [numberLine(rule)];
}

const partLine = (part: SumRule["parts"][number]): string =>
  part.kind === "part" ? `+ ${part.bp} if ${all(part.when)}` : `+ ${numberLine(part)}`;

function adjustmentLines({ cap, half, zero, lowerOf }: Adjustments): readonly string[] {
  return [
    ...(cap ? [`cap ${cap.bp} if ${all(cap.when)}`] : []),
    ...(half ? [`half if ${all(half.when)}`] : []),
    ...(zero ? [`zero if ${all(zero.when)}`] : []),
    ...(lowerOf ? [`the lower of ${lowerOf.join(" and ")} counts`] : []),
  ];
}

/** The rule of a row in the notation of the catalogue, one line each: what `explain` prints and the report quotes. */
export function ruleLines({ rule, valid }: Pick<Criterion, "rule" | "valid">): readonly string[] {
  const gates = valid.length > 0 ? [`valid: ${all(valid)}`] : [];
  if (rule.kind === "pass") return [`pass: ${all(rule.conditions)}`, ...gates];
  return [...scaleLines(rule), ...adjustmentLines(rule.adjust ?? {}), ...gates];
}
