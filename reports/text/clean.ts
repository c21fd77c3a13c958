// What a candidate, a vendor or a document sent is hostile until shown otherwise. Every report passes
// its whole input through `cleanDeep` once, so that no template can forget to.

/** Longest text a report prints; longer ones are cut with a note that says how long they were. */
const textLimit = 2000;
/** Configuration diffs are read in full by auditors, so they may be longer. */
const diffLimit = 100_000;

// C0 (without tab and line feed), DEL, C1; invisible and bidi characters, which can make a text read
// differently from what it is; line separators, tags and noncharacters, which XML 1.0 forbids.
const suspicious =
  // eslint-disable-next-line no-control-regex -- control characters are the point
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\u{e0000}-\u{e007f}]/gu;

function visible(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  if (code === 0xfffd) return char;
  return `[U+${code.toString(16).toUpperCase().padStart(4, "0")}]`;
}

function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const length = text.length.toLocaleString("de-DE");
  return `${text.slice(0, limit)} … [gekürzt/shortened: ${length} Zeichen/characters]`;
}

/** Text that is safe to read: control, invisible and bidi characters made visible, over-long text cut with a note. */
export function cleanText(text: string, limit: number = textLimit): string {
  return shorten(text, limit).toWellFormed().replace(suspicious, visible);
}

/** The same data with every text in it, keys included, passed through {@link cleanText}. */
export function cleanDeep<T>(value: T): T {
  return cleaned(value, textLimit) as T;
}

function cleaned(value: unknown, limit: number): unknown {
  if (typeof value === "string") return cleanText(value, limit);
  if (Array.isArray(value)) return value.map((item) => cleaned(item, limit));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [cleanText(key), cleaned(item, key === "diff" ? diffLimit : textLimit)]),
  );
}

/** A page anchor made of given parts: letters, digits and hyphens stay, everything else is spelled in hex. */
export function anchor(...parts: readonly string[]): string {
  return parts
    .map((part) => part.replace(/[^A-Za-z0-9-]/gu, (char) => `_${char.codePointAt(0)?.toString(16)}`))
    .join("-");
}

/**
 * Link from the report folder to an evidence file of the same run, or undefined if the path is not a plain
 * path below `evidence/`: no scheme, no parent folder, no absolute path, no control characters.
 */
export function evidenceHref(path: string): string | undefined {
  const segments = path.split("/");
  const plain = segments.every((segment) => /^[\w@+=,~-][\w.@+=,~ -]*$/u.test(segment));
  if (segments[0] !== "evidence" || segments.length < 2 || !plain) return undefined;
  return `../${segments.map(encodeURIComponent).join("/")}`;
}

/** An argument as a POSIX shell takes it literally. */
export function shellArgument(text: string): string {
  return /^[\w.,:@%+=/-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
