import { randomInt } from "node:crypto";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/** 32 of 62 characters: 190 bits. */
const length = 32;
/** Shorter values would black out ordinary words. */
const shortest = 6;
export const redacted = "[redacted]";

/** Letters and digits only: needs no quoting in any configuration language. */
export function generateSecret(): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/** Knows what must not be written down. */
export class SecretKeeper {
  readonly #values = new Set<string>();
  #pattern: RegExp | undefined;

  add(value: string): void {
    if (value.length < shortest || this.#values.has(value)) return;
    this.#values.add(value);
    this.#pattern = undefined;
  }

  /** Replaces every secret in plain, base64 (at any offset), base64url, hex and percent-encoded form. */
  redact(text: string): string {
    if (this.#values.size === 0 || text === "") return text;
    this.#pattern ??= new RegExp([...this.#values].flatMap(forms).toSorted(byLength).map(escapePattern).join("|"), "g");
    return text.replace(this.#pattern, redacted);
  }
}

/** Longest first: an alternation takes the first that fits. */
const byLength = (left: string, right: string): number => right.length - left.length;

function forms(value: string): readonly string[] {
  const bytes = Buffer.from(value, "utf8");
  const base64 = base64Cores(bytes);
  const hex = bytes.toString("hex");
  const all = [value, ...base64, ...base64.map(toUrlAlphabet), hex, hex.toUpperCase(), encodeURIComponent(value)];
  return [...new Set(all)].filter((form) => form.length >= shortest);
}

/** The characters that appear in base64 whatever stands before and after the bytes, for each of the three offsets. */
export function base64Cores(bytes: Uint8Array): readonly string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replaceAll("=", "");
    // A character holds six bits: drop those that share bits with a neighbour we do not know.
    const from = Math.ceil((offset * 8) / 6);
    const to = Math.floor(((offset + bytes.length) * 8) / 6);
    return encoded.slice(from, to);
  });
}

export const toUrlAlphabet = (base64: string): string => base64.replaceAll("+", "-").replaceAll("/", "_");

const escapePattern = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
