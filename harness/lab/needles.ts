import { base64Cores, toUrlAlphabet } from "./secrets.ts";

/** One byte sequence to look for. */
export interface NeedleForm {
  /** Name of the needle. */
  readonly needle: string;
  /** plain, base64, base64url, hex, json, percent */
  readonly encoding: string;
  readonly bytes: Buffer;
}

/** Encoded forms shorter than this turn up by chance. */
const shortestEncoded = 8;

/** Every form in which a store may hold the values: as it is, or as databases, JSON, URLs and file names write it. */
export function formsOf(needles: Readonly<Record<string, string>>): readonly NeedleForm[] {
  return Object.entries(needles).flatMap(([needle, value]) => {
    if (value === "") return [];
    const seen = new Set<string>();
    return encodings(value).flatMap(([encoding, form]) => {
      if (seen.has(form) || (encoding !== "plain" && form.length < shortestEncoded)) return [];
      seen.add(form);
      return [{ needle, encoding, bytes: Buffer.from(form, "utf8") }];
    });
  });
}

function encodings(value: string): readonly (readonly [string, string])[] {
  const bytes = Buffer.from(value, "utf8");
  const cores = base64Cores(bytes);
  const hex = bytes.toString("hex");
  return [
    ["plain", value],
    ...cores.map((core) => ["base64", core] as const),
    ...cores.map((core) => ["base64url", toUrlAlphabet(core)] as const),
    ["hex", hex],
    ["hex", hex.toUpperCase()],
    ["json", JSON.stringify(value).slice(1, -1)],
    ["json", asciiJson(value)],
    ["percent", encodeURIComponent(value)],
    ["percent", percentAll(value, false)],
    ["percent", percentAll(value, true)],
  ];
}

/** As Python's json.dumps writes it. */
function asciiJson(value: string): string {
  return JSON.stringify(value)
    .slice(1, -1)
    .replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Everything but letters and digits, as Prosody's file names ("%2e") and strict URL encoders write it. */
function percentAll(value: string, upper: boolean): string {
  return [...Buffer.from(value, "utf8")]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      if (/[A-Za-z0-9]/.test(character)) return character;
      const hex = byte.toString(16).padStart(2, "0");
      return `%${upper ? hex.toUpperCase() : hex}`;
    })
    .join("");
}
