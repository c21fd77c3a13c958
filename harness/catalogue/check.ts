import type {
  Comparison,
  Condition,
  Criterion,
  LinearRule,
  MeasurementDeclaration,
  ScaleRule,
  ShareRule,
} from "../model/criterion.ts";
import type { MeasurementType } from "../model/measurement.ts";
import { comparisonsOf } from "./conditions.ts";
import { suggestion } from "../model/nearest.ts";
import type { Path, Problems } from "./problems.ts";
import { allReferences } from "./references.ts";

/** What a row is checked against. */
export interface Known {
  readonly declarations: ReadonlyMap<string, MeasurementDeclaration>;
  /** Declared, but wrongly: types are not compared. */
  readonly untyped: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  readonly profiles: ReadonlySet<string>;
  readonly abilities: ReadonlySet<string>;
}

/** Meaning of one row: ids exist, types fit, scales fall or rise one way, parameters are defined. */
export function checkCriterion(row: Criterion, path: Path, known: Known, problems: Problems): void {
  if (!known.groups.has(row.group)) {
    problems.add([...path, "group"], `one of ${[...known.groups].join(", ")}`, JSON.stringify(row.group));
  }
  row.needs.forEach((need, index) => {
    if (!known.abilities.has(need)) {
      const text = `${JSON.stringify(need)}${suggestion(need, known.abilities)}`;
      problems.add([...path, "needs", index], "an ability of harness/model/candidate.ts", text);
    }
  });
  checkMeasurements(row, path, known, problems);
  checkRule(row, path, known, problems);
  const attested = row.method.length === 1 && row.method[0] === "attested";
  if (attested !== (row.scenarios.length === 0)) {
    problems.add(
      [...path, "scenarios"],
      attested ? "none for an attested row" : "at least one scenario",
      "the opposite",
    );
  }
}

function checkMeasurements(row: Criterion, path: Path, known: Known, problems: Problems): void {
  const listed = new Set<string>();
  row.measurements.forEach(({ id, total }, index) => {
    const place = [...path, "measurements", index];
    if (!known.declarations.has(id)) {
      problems.add(place, "a measurement declared above", `"${id}"${suggestion(id, known.declarations.keys())}`);
    }
    if (listed.has(id)) problems.add(place, "each measurement once", `"${id}" again`);
    if (typeof total === "object") checkParam(total.param, row, place, problems);
    listed.add(id);
  });
  const unlisted = new Set(
    allReferences(row)
      .map(({ id }) => id)
      .filter((id) => !listed.has(id)),
  );
  for (const id of unlisted) {
    const expected = "every measurement the row reads to be in its list";
    problems.add([...path, "measurements"], expected, `"${id}" only in a rule${suggestion(id, listed)}`);
  }
}

function checkParam(name: string, row: Criterion, path: Path, problems: Problems): void {
  if (name in row.params) return;
  const text = `"$${name}"${suggestion(name, Object.keys(row.params))}`;
  problems.add(path, "a parameter defined in params", text);
}

function checkRule(row: Criterion, path: Path, known: Known, problems: Problems): void {
  const types: TypeOf = (id) => (known.untyped.has(id) ? undefined : known.declarations.get(id)?.type);
  const check = (conditions: readonly Condition[], place: Path): void =>
    conditions.forEach((condition, index) => {
      for (const comparison of comparisonsOf(condition)) {
        checkComparison(comparison, types(comparison.left.id), row, [...place, index], problems);
      }
    });
  check(row.valid, [...path, "valid"]);
  const { rule } = row;
  if (rule.kind === "pass") return check(rule.conditions, [...path, "pass"]);
  const scale = [...path, "scale"];
  checkScale(rule, scale, types, check, problems);
  for (const { total } of sharesOf(rule))
    if (typeof total === "object" && "param" in total) checkParam(total.param, row, [...scale, "total"], problems);
  for (const name of ["cap", "half", "zero"] as const) {
    const adjustment = rule.adjust?.[name];
    if (adjustment) check(adjustment.when, [...scale, name, "when"]);
  }
}

function checkComparison(
  { comparator, right, text }: Comparison,
  type: MeasurementType | undefined,
  row: Criterion,
  path: Path,
  problems: Problems,
): void {
  if (typeof right === "object") checkParam(right.param, row, path, problems);
  if (type === undefined) return;
  if ((type === "boolean") !== (typeof right === "boolean")) {
    const expected = type === "boolean" ? "true or false beside a boolean" : `a number beside a ${type}`;
    problems.add(path, expected, JSON.stringify(text));
  } else if (type === "boolean" && comparator !== "=" && comparator !== "!=") {
    problems.add(path, "= or != beside a boolean", JSON.stringify(text));
  }
}

type TypeOf = (id: string) => MeasurementType | undefined;
type CheckConditions = (conditions: readonly Condition[], place: Path) => void;

function sharesOf(rule: ScaleRule): readonly ShareRule[] {
  if (rule.kind === "share") return [rule];
  return rule.kind === "sum" ? rule.parts.filter((part) => part.kind === "share") : [];
}

function checkScale(rule: ScaleRule, path: Path, types: TypeOf, check: CheckConditions, problems: Problems): void {
  if (rule.kind === "steps") {
    rule.steps.forEach(({ bp, when }, index) => {
      check(when, [...path, "steps", index, "when"]);
      const before = rule.steps[index - 1]?.bp ?? Infinity;
      if (bp >= before)
        problems.add([...path, "steps", index, "bp"], `less than ${before}, the step before`, String(bp));
    });
  } else if (rule.kind === "sum") {
    rule.parts.forEach((part, index) => {
      const place = [...path, "parts", index];
      if (part.kind === "part") check(part.when, [...place, "when"]);
      else checkScale(part, place, types, check, problems);
    });
  } else {
    const refs = rule.kind === "linear" ? rule.of : [rule.of];
    if (refs.some(({ id }) => types(id) === "boolean")) {
      problems.add([...path, "of"], "a number, duration, ratio or count", "a boolean");
    }
    if (rule.kind === "linear") checkLine(rule, path, problems);
  }
}

/** Values rise strictly; points only rise or only fall, and `then: 0` may only follow falling points. */
function checkLine({ points, beyond }: LinearRule, path: Path, problems: Problems): void {
  const place = [...path, "points"];
  const pairs = points.slice(1).map((point, index) => [points[index] ?? point, point] as const);
  pairs.forEach(([[before], [value]], index) => {
    if (value <= before) problems.add([...place, index + 1], `a value above ${before}`, String(value));
  });
  const rises = pairs.some(([[, before], [, bp]]) => bp > before);
  const falls = pairs.some(([[, before], [, bp]]) => bp < before) || beyond === 0;
  if (rises && falls) problems.add(place, "points that only rise or only fall", JSON.stringify(points));
}
