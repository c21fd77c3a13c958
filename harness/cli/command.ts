import type { ExitCode } from "./exit-codes.ts";

/** Takes the exit code of the command that was run. */
export type Done = (code: ExitCode) => void;

/** Examples below the options of `--help`. */
export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`;

/** A whole number from `least`; commander prints the sentence. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least)
      throw new RangeError(`expected a whole number from ${least}, got "${text}"`);
    return value;
  };
}

/** For options that may be given several times or as a list: "F-01,F-02". */
export const collect = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== ""),
];
