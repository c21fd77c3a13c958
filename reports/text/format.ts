// Numbers, dates and measured values as German and English readers write them. Pure: fixed time zone, no clock.
import type { MeasurementValue } from "../../harness/model/measurement.ts";
import type { Localized } from "../../harness/model/text.ts";

const locales = { de: "de-DE", en: "en-GB" } as const;
type Languages = keyof typeof locales;

/** A localized text from one function of the language. */
function both(make: (language: Languages) => string): Localized {
  return { de: make("de"), en: make("en") };
}

const numberFormats = new Map<string, Intl.NumberFormat>();

function numberFormat(language: Languages, digits: number, least: number): Intl.NumberFormat {
  const key = `${language} ${digits} ${least}`;
  const known = numberFormats.get(key);
  if (known) return known;
  const made = new Intl.NumberFormat(locales[language], {
    maximumFractionDigits: digits,
    minimumFractionDigits: least,
    useGrouping: "min2",
  });
  numberFormats.set(key, made);
  return made;
}

function digitsOf(value: number): number {
  const size = Math.abs(value);
  if (size >= 1000) return 0;
  if (size >= 100) return 1;
  return size >= 1 ? 2 : 4;
}

/** 0,4213 · 12,5 · 10.000 */
export function formatNumber(value: number, digits: number = digitsOf(value), least = 0): Localized {
  return both((language) => numberFormat(language, digits, least).format(value));
}

/** Degree of fulfilment in per cent with one decimal; "–" where nothing could be earned. */
export function formatShare(points: number, maxPoints: number): Localized {
  if (maxPoints === 0) return { de: "–", en: "–" };
  const share = formatNumber((points / maxPoints) * 100, 1, 1);
  return both((language) => `${share[language]} %`);
}

const dateFormats = {
  de: new Intl.DateTimeFormat("de-DE", { dateStyle: "long", timeZone: "Europe/Berlin" }),
  en: new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "Europe/Berlin" }),
};
const timeFormats = {
  de: new Intl.DateTimeFormat("de-DE", { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Berlin" }),
  en: new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Berlin" }),
};

/** 23. November 2026. An unreadable time stays as it came. */
export function formatDate(iso: string): Localized {
  const time = new Date(iso);
  if (Number.isNaN(time.valueOf())) return { de: iso, en: iso };
  return both((language) => dateFormats[language].format(time));
}

/** 23. November 2026, 14:05 Uhr (German local time). */
export function formatTime(iso: string): Localized {
  const time = new Date(iso);
  if (Number.isNaN(time.valueOf())) return { de: iso, en: iso };
  const date = formatDate(iso);
  return {
    de: `${date.de}, ${timeFormats.de.format(time)} Uhr`,
    en: `${date.en}, ${timeFormats.en.format(time)} (Berlin)`,
  };
}

const spans: readonly (readonly [number, Localized, Localized])[] = [
  [86_400, { de: "Tag", en: "day" }, { de: "Tage", en: "days" }],
  [3600, { de: "h", en: "h" }, { de: "h", en: "h" }],
  [60, { de: "min", en: "min" }, { de: "min", en: "min" }],
];

function longSpan(seconds: number, language: Languages): string {
  if (seconds < 120) return "";
  const span = spans.find(([size]) => seconds >= size);
  if (!span) return "";
  const count = seconds / span[0];
  const unit = (count === 1 ? span[1] : span[2])[language];
  return ` (${formatNumber(count, 1)[language]} ${unit})`;
}

/** A number with its unit; long durations also in minutes, hours or days. */
function formatQuantity(value: number, unit: string | undefined): Localized {
  // Three decimals, as the judge writes them; more only where they would all be zero.
  const number = formatNumber(value, Math.abs(value) >= 0.01 || value === 0 ? 3 : 6);
  if (unit === undefined || unit === "") return number;
  return both((language) => `${number[language]} ${unit}${unit === "s" ? longSpan(value, language) : ""}`);
}

const yes: Localized = { de: "ja", en: "yes" };
const no: Localized = { de: "nein", en: "no" };
const never: Localized = { de: "keine Grenze (nie)", en: "no limit (never)" };

/** A measured value as a sentence fragment: "3 von 20", "0,42 s", "mehr als 60 s (nicht beobachtet)". */
export function formatValue(
  value: MeasurementValue,
  details: {
    readonly unit?: string | undefined;
    readonly total?: number | undefined;
    readonly censored?: boolean | undefined;
  } = {},
): Localized {
  if (value === null) return never;
  if (typeof value === "boolean") return value ? yes : no;
  const plain = formatQuantity(value, details.unit);
  const total = details.total;
  const counted =
    total === undefined
      ? plain
      : { de: `${plain.de} von ${formatNumber(total).de}`, en: `${plain.en} of ${formatNumber(total).en}` };
  if (details.censored !== true) return counted;
  return {
    de: `mehr als ${counted.de} (bis dahin nicht beobachtet)`,
    en: `more than ${counted.en} (not seen until then)`,
  };
}

/** 24 GiB */
export function formatBytes(bytes: number): Localized {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const number = formatNumber(bytes / 1024 ** step, 1);
  return both((language) => `${number[language]} ${units[step]}`);
}
