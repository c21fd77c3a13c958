import type { ConfigName } from "../model/candidate.ts";
import type { Comparator, MeasurementDeclaration } from "../model/criterion.ts";
import type { Language, Localized } from "../model/text.ts";
import type { EvaluatedComparison } from "./conditions.ts";
import type { Observed, UnknownCause } from "./observed.ts";

/** What measurements are called; an id nobody declared is called by its id. */
export type Declarations = ReadonlyMap<string, MeasurementDeclaration>;

const formats: Readonly<Record<Language, Intl.NumberFormat>> = {
  de: new Intl.NumberFormat("de-DE", { maximumFractionDigits: 3, useGrouping: "min2" }),
  en: new Intl.NumberFormat("en-GB", { maximumFractionDigits: 3, useGrouping: "min2" }),
};

/** At most three decimals, comma in German, groups of three from 10.000 on. */
export const writeNumber = (value: number, language: Language): string => formats[language].format(value);

export const both = (write: (language: Language) => string): Localized => ({ de: write("de"), en: write("en") });

/** A configuration in a German sentence. */
export const germanConfig: Readonly<Record<ConfigName, string>> = {
  hardened: "gehärtet",
  default: "Auslieferungszustand",
};

const yes: Localized = { de: "ja", en: "yes" };
const no: Localized = { de: "nein", en: "no" };
const unlimited: Localized = { de: "unbegrenzt", en: "unlimited" };
const of: Localized = { de: "von", en: "of" };
const moreThan: Localized = { de: "über", en: "more than" };
/** A value above a bound of 0 is any value: "more than 0" would read like a result. */
const nothingShown: Localized = { de: "kein Wert bestimmt", en: "no value determined" };
const missing: Localized = { de: "Fähigkeit fehlt", en: "ability missing" };
const notApplicable: Localized = { de: "nicht anwendbar", en: "not applicable" };

const causes: Readonly<Record<UnknownCause, Localized>> = {
  "not-observed": { de: "nicht beobachtet", en: "not observed" },
  "no-document": { de: "kein Nachweis", en: "no document" },
  censored: { de: "im Beobachtungsfenster nicht entschieden", en: "not decided inside the window" },
  tie: { de: "Wiederholungen uneinig", en: "repetitions disagree" },
  "not-applicable": { de: "nicht anwendbar", en: "not applicable" },
  contradiction: { de: "widersprüchlich gemessen", en: "measured with contradicting values" },
};

export function unitOf(id: string, declarations: Declarations): string {
  const declaration = declarations.get(id);
  return declaration?.unit ?? (declaration?.type === "duration" ? "s" : "");
}

export function titleOf(id: string, declarations: Declarations, language: Language): string {
  return declarations.get(id)?.title[language] ?? id;
}

/** Units that are words; symbols such as s, bit and GiB are the same in both languages. */
const germanUnits: Readonly<Record<string, string>> = {
  years: "Jahre",
  months: "Monate",
  days: "Tage",
  rows: "Einträge",
  bit: "Bit",
  "msg/s": "Nachrichten/s",
};

function withUnit(text: string, unit: string, language: Language): string {
  if (unit === "") return text;
  return `${text} ${language === "de" ? (germanUnits[unit] ?? unit) : unit}`;
}

export function writeValue(value: number | boolean, unit: string, language: Language): string {
  if (typeof value === "boolean") return (value ? yes : no)[language];
  if (value === Number.POSITIVE_INFINITY) return unlimited[language];
  return withUnit(writeNumber(value, language), unit, language);
}

/** "20 von 20", "0,42 s", "über 50", "nicht beobachtet" */
export function writeObserved(observed: Observed, unit: string, language: Language): string {
  switch (observed.state) {
    case "missing-ability":
      return missing[language];
    case "not-applicable":
      return notApplicable[language];
    case "unknown":
      return causes[observed.cause][language];
    case "value": {
      if (observed.censored && observed.value === 0) return nothingShown[language];
      const total = observed.records[0]?.total;
      const value = writeValue(observed.value, unit, language);
      const counted = total === undefined ? value : `${value} ${of[language]} ${writeNumber(total, language)}`;
      return observed.censored ? `${moreThan[language]} ${counted}` : counted;
    }
  }
}

const comparators: Readonly<Record<Comparator, Localized>> = {
  "=": { de: "", en: "" },
  "!=": { de: "nicht ", en: "not " },
  "<": { de: "unter ", en: "below " },
  "<=": { de: "höchstens ", en: "at most " },
  ">": { de: "über ", en: "above " },
  ">=": { de: "mindestens ", en: "at least " },
};

const configSuffix: Readonly<Record<string, Localized>> = {
  default: { de: " (Auslieferungszustand)", en: " (as shipped)" },
  hardened: { de: "", en: "" },
};

/** "Zustellzeit: 0,42 s (verlangt: höchstens 10 s)" */
function writeComparison(one: EvaluatedComparison, declarations: Declarations, language: Language): string {
  const { comparison, config, observed, limit } = one;
  const { id } = comparison.left;
  const unit = unitOf(id, declarations);
  const suffix = configSuffix[config ?? "hardened"]?.[language] ?? "";
  const demanded = `${comparators[comparison.comparator][language]}${writeValue(limit, unit, language)}`;
  const required = language === "de" ? "verlangt" : "required";
  return `${titleOf(id, declarations, language)}${suffix}: ${writeObserved(observed, unit, language)} (${required}: ${demanded})`;
}

/** Each comparison once, in order. */
export function writeComparisons(
  list: readonly EvaluatedComparison[],
  declarations: Declarations,
  language: Language,
): string {
  return [...new Set(list.map((one) => writeComparison(one, declarations, language)))].join("; ");
}

/** Points as printed: "7,5". */
export const writePoints = (points: number, language: Language): string => writeNumber(points, language);
