import { cleanText } from "../../reports/text/clean.ts";

/** What a word means at a glance; never the only carrier of it. */
export type Tone = "good" | "bad" | "doubt" | "quiet" | "strong";

const codes: Readonly<Record<Tone, string>> = { good: "32", bad: "31", doubt: "33", quiet: "2", strong: "1" };

/** Paints text for a stream that is a terminal, unless NO_COLOR is set (no-color.org). */
export type Paint = (tone: Tone, text: string) => string;

export const paintFor = (stream: { readonly isTTY?: boolean }): Paint => {
  const colours = stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";
  return (tone, text) => (colours ? `\u001b[${codes[tone]}m${text}\u001b[0m` : text);
};

/** Text of candidates and files may be hostile: no control character of theirs reaches a terminal. */
export const safe = (text: string): string => cleanText(text).replaceAll("\n", " ");

/** Prints lines of a result to standard output. */
export const print = (...lines: readonly string[]): void => {
  for (const line of lines) process.stdout.write(`${line}\n`);
};

/** Prints data as JSON: one document, two spaces, nothing else on standard output. */
export const printJson = (value: unknown): void => print(JSON.stringify(value, undefined, 2));

/** Tells what goes on, on standard error. */
export const tell = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const segmenter = new Intl.Segmenter();
const combining = /^\p{Mark}/u;
/** Columns a text takes, near enough for the languages of this bench. */
const width = (text: string): number =>
  // eslint-disable-next-line no-control-regex -- colour codes take no column
  [...segmenter.segment(text.replaceAll(/\u001b\[\d+m/gu, ""))].filter(({ segment }) => !combining.test(segment))
    .length;

/** Left-aligned columns, two spaces apart; the last column is not padded. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, width(cell));
  const pad = (cell: string, index: number, row: readonly string[]): string =>
    index === row.length - 1 ? cell : cell + " ".repeat((widths[index] ?? 0) - width(cell));
  return rows.map((row) => row.map(pad).join("  ").trimEnd());
}

/** `1:05` or `1:02:03`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Cuts a text to a number of columns. */
export const fit = (text: string, room: number): string =>
  width(text) <= room
    ? text
    : `${Array.from(segmenter.segment(text), ({ segment }) => segment)
        .slice(0, Math.max(0, room - 1))
        .join("")}…`;
