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
import { parseCondition, parseRef } from "./conditions.ts";
import type { Path, Problems } from "./problems.ts";
import type { CriterionFile, ScaleFile } from "./schema.ts";

const conditionShape = '"<measurement> <comparator> <number, true, false or $parameter>", members joined by " or "';
const refShape = 'a measurement id such as "a.b" or "a.b@default"';

/** Turns the texts of one row into rules; a text that cannot be read is a problem at its own place. */
export class RuleReader {
  readonly #problems: Problems;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  conditions(texts: readonly string[], path: Path): readonly Condition[] {
    return texts.flatMap((text, index) => {
      const condition = parseCondition(text);
      if (!condition) this.#problems.add([...path, index], conditionShape, JSON.stringify(text));
      return condition ? [condition] : [];
    });
  }

  ref(text: string, path: Path): MeasurementRef {
    const ref = parseRef(text);
    if (!ref) this.#problems.add(path, refShape, JSON.stringify(text));
    return ref ?? { id: text };
  }

  refs(texts: readonly string[], path: Path): readonly MeasurementRef[] {
    return texts.map((text, index) => this.ref(text, [...path, index]));
  }

  /** The rule of a row: `pass` for type A, `scale` for type B, never both. */
  rule(row: Pick<CriterionFile, "pass" | "scale" | "ufab">, path: Path): Criterion["rule"] {
    const { pass, scale, ufab } = row;
    const wanted = ufab.type === "A" ? "pass" : "scale";
    const unwanted = ufab.type === "A" ? "scale" : "pass";
    if (row[wanted] === undefined) this.#problems.add(path, `"${wanted}" for a row of type ${ufab.type}`, "none");
    if (row[unwanted] !== undefined) {
      this.#problems.add(path, `no "${unwanted}" in a row of type ${ufab.type}`, `"${unwanted}"`, unwanted);
    }
    if (scale && ufab.type === "B") return this.scale(scale, [...path, "scale"]);
    return { kind: "pass", conditions: this.conditions(pass ?? [], [...path, "pass"]) };
  }

  scale(scale: ScaleFile, path: Path): ScaleRule & { readonly adjust?: Adjustments } {
    const adjust = this.#adjustments(scale, path);
    return { ...this.#scaleOf(scale, path), ...(Object.keys(adjust).length > 0 && { adjust }) };
  }

  #scaleOf(scale: ScaleFile, path: Path): ScaleRule {
    if (scale.kind === "steps") {
      const steps = scale.steps.map(({ bp, when }, index) => ({
        bp,
        when: this.conditions(when, [...path, "steps", index, "when"]),
      }));
      return { kind: "steps", steps };
    }
    if (scale.kind === "sum") {
      return { kind: "sum", parts: scale.parts.map((part, index) => this.#part(part, [...path, "parts", index])) };
    }
    return this.#numeric(scale, path);
  }

  #part(part: Extract<ScaleFile, { kind: "sum" }>["parts"][number], path: Path): SumRule["parts"][number] {
    if ("when" in part) return { kind: "part", bp: part.bp, when: this.conditions(part.when, [...path, "when"]) };
    return this.#numeric(part, path);
  }

  #numeric(
    scale: Exclude<Extract<ScaleFile, { kind: "sum" }>["parts"][number], { when: string[] }>,
    path: Path,
  ): LinearRule | ShareRule | PointsRule {
    if (scale.kind === "points")
      return { kind: "points", of: this.ref(scale.of, [...path, "of"]), factor: scale.factor };
    if (scale.kind === "share") {
      return { kind: "share", of: this.ref(scale.of, [...path, "of"]), total: this.#total(scale.total, path) };
    }
    const of =
      typeof scale.of === "string" ? [this.ref(scale.of, [...path, "of"])] : this.refs(scale.of, [...path, "of"]);
    return {
      kind: "linear",
      of,
      points: scale.points,
      ...(scale.then === 0 && { beyond: 0 as const }),
      ...(scale.censored_as !== undefined && { censoredAs: scale.censored_as }),
    };
  }

  #total(total: number | string, path: Path): ShareRule["total"] {
    if (typeof total === "number") return total;
    return total.startsWith("$") ? { param: total.slice(1) } : this.ref(total, [...path, "total"]);
  }

  #adjustments({ cap, half, zero, lower_of: lowerOf }: ScaleFile, path: Path): Adjustments {
    return {
      ...(cap && { cap: { bp: cap.bp, when: this.conditions(cap.when, [...path, "cap", "when"]) } }),
      ...(half && { half: { when: this.conditions(half.when, [...path, "half", "when"]) } }),
      ...(zero && { zero: { when: this.conditions(zero.when, [...path, "zero", "when"]) } }),
      ...(lowerOf && { lowerOf }),
    };
  }
}
