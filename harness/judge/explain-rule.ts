import type { Criterion } from "../model/criterion.ts";
import type { Language, Localized } from "../model/text.ts";
import type { Evaluation } from "./conditions.ts";
import type { Looked, NumberRule, Span } from "./scale.ts";
import { rounded } from "./scale.ts";
import type { Declarations } from "./wording.ts";
import {
  both,
  titleOf,
  unitOf,
  writeComparisons,
  writeNumber,
  writeObserved,
  writePoints,
  writeValue,
} from "./wording.ts";

type Conditional = Exclude<Looked, { kind: "number" }>;
const isConditional = (looked: Looked): looked is Conditional => looked.kind !== "number";

/** The sentence of an A row: what failed or stayed open if anything did, else what held. */
export function passReason({ comparisons, held }: Evaluation, declarations: Declarations): Localized {
  const deciding = comparisons
    .filter((one) => held === true || one.held !== true)
    .filter((one) => one.held !== undefined);
  return both((language) => sentence(writeComparisons(deciding, declarations, language)));
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const bp: Localized = { de: "Bewertungspunkte", en: "points" };

/** The sentence of a B row: what earned the points and what the next step would have asked for. */
export function scaleReason(span: Span, points: number, declarations: Declarations): Localized {
  return both((language) => {
    const sentences = [...numbers(span, declarations, language), ...steps(span, declarations, language)];
    const rest = [...parts(span, declarations, language), ...adjustments(span, declarations, language)];
    const what = [...sentences, ...rest].filter((text) => text !== "").join("; ");
    return `${writePoints(points, language)} ${bp[language]}: ${what}.`;
  });
}

function numbers({ looked }: Span, declarations: Declarations, language: Language): readonly string[] {
  return looked
    .filter((one) => one.kind === "number")
    .map(({ ref, observed, rule }) => {
      const value = writeObserved(observed, unitOf(ref.id, declarations), language);
      const shipped = ref.config === "default" ? { de: " (Auslieferungszustand)", en: " (as shipped)" }[language] : "";
      const scale = scaleText(rule, unitOf(ref.id, declarations), language);
      return `${titleOf(ref.id, declarations, language)}${shipped}: ${value} (${scale})`;
    });
}

/** What the number was held against: "60 s → 10, 300 s → 7, darüber 0". */
function scaleText(rule: NumberRule, unit: string, language: Language): string {
  if (rule.kind === "points") return `× ${writeNumber(rule.factor, language)}`;
  if (rule.kind === "share") return { de: "10 × Anteil", en: "10 × share" }[language];
  const points = rule.points.map(
    ([value, earned]) => `${writeValue(value, unit, language)} → ${writePoints(earned, language)}`,
  );
  const beyond = rule.beyond === 0 ? [{ de: "darüber 0", en: "above 0" }[language]] : [];
  return [...points, ...beyond].join(", ");
}

function steps({ looked, deciding }: Span, declarations: Declarations, language: Language): readonly string[] {
  const all = (deciding ?? looked).filter(isConditional).filter(({ kind }) => kind === "step");
  const reached = all.find(({ held }) => held === true);
  const above = all.findLast(({ held }) => held !== true);
  const failing = (above?.comparisons ?? []).filter(({ held }) => held === false || held === null);
  const lacking = { de: "für", en: "missing for" }[language];
  const lacks = { de: " fehlt", en: "" }[language];
  return [
    reached
      ? writeComparisons(
          reached.comparisons.filter(({ held }) => held === true),
          declarations,
          language,
        )
      : "",
    above && failing.length > 0
      ? `${lacking} ${writePoints(above.bp, language)}${lacks}: ${writeComparisons(failing, declarations, language)}`
      : "",
  ];
}

function parts({ looked }: Span, declarations: Declarations, language: Language): readonly string[] {
  return looked
    .filter(isConditional)
    .filter(({ kind }) => kind === "part")
    .map(({ bp: worth, held, comparisons }) => {
      const earned = writePoints(held === true ? worth : 0, language);
      return `${earned} ${{ de: "für", en: "for" }[language]} ${writeComparisons(comparisons, declarations, language)}`;
    });
}

const adjustmentTexts: Readonly<Record<"cap" | "half" | "zero", Localized>> = {
  cap: { de: "gedeckelt auf {bp} wegen", en: "capped at {bp} because of" },
  half: { de: "halbiert wegen", en: "halved because of" },
  zero: { de: "auf 0 gesetzt wegen", en: "set to 0 because of" },
};

/** Only adjustments that took effect, or that could not be excluded. */
function adjustments({ looked }: Span, declarations: Declarations, language: Language): readonly string[] {
  return looked.filter(isConditional).flatMap(({ kind, bp: limit, held, comparisons }) => {
    if (kind === "step" || kind === "part" || held === false) return [];
    const deciding = comparisons.filter((one) => one.held !== false && one.held !== undefined);
    if (deciding.length === 0) return [];
    const text = adjustmentTexts[kind][language].replace("{bp}", writePoints(limit, language));
    const values = deciding.map(({ comparison, observed }) => {
      const { id } = comparison.left;
      return `${titleOf(id, declarations, language)}: ${writeObserved(observed, unitOf(id, declarations), language)}`;
    });
    return [`${text} ${values.join("; ")}`];
  });
}

/** Leistungspunkte of a row (UfAB 3.2). */
export const performancePoints = (points: number, gp: number): number => rounded(points * gp);

/** value → BP → BP × GP = LP with the numbers put in. Several values carry their ids. */
export function arithmeticOf(row: Criterion, span: Span, points: number, declarations: Declarations): Localized {
  const { ufab } = row;
  if (ufab.type === "A") return { de: "", en: "" };
  return both((language) => {
    const values = usedValues(span, declarations, language);
    const earned = writePoints(points, language);
    const sum = writeNumber(performancePoints(points, ufab.gp), language);
    const unit = language === "de" ? "LP" : "weighted points (LP)";
    return `${values} → ${earned} BP → ${earned} × ${ufab.gp} = ${sum} ${unit}`;
  });
}

function usedValues({ looked }: Span, declarations: Declarations, language: Language): string {
  const reads = looked.flatMap((one) =>
    one.kind === "number"
      ? [{ id: one.ref.id, config: one.ref.config, observed: one.observed }]
      : one.comparisons.map(({ comparison, config, observed }) => ({ id: comparison.left.id, config, observed })),
  );
  const texts = new Map(
    reads.map(({ id, config, observed }) => [
      `${id}${config === "default" ? "@default" : ""}`,
      writeObserved(observed, unitOf(id, declarations), language),
    ]),
  );
  const [only] = texts.values();
  if (texts.size === 1 && only !== undefined) return only;
  return [...texts].map(([id, value]) => `${id} = ${value}`).join(", ");
}
