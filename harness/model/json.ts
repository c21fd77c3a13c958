import { HarnessError } from "./errors.ts";

/** Deeper than any answer of a server, far below what breaks a function that walks through it. */
const maxLevels = 200;

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [34, 92, 123, 125, 91, 93];

/** Whether brackets outside of strings lie deeper than this in each other. Looks at every character once. */
function isDeeper(text: string, levels: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      at = endOfString(text, at);
    } else if (code === openBrace || code === openBracket) {
      depth += 1;
      if (depth > levels) return true;
    } else if (code === closeBrace || code === closeBracket) depth -= 1;
  }
  return false;
}

/** Where the string that begins here ends; the end of the text if it does not. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
  return text.length;
}

/**
 * JSON of a server that is not trusted. Throws `disconnected` for what is no JSON, or is nested so deeply that it would cost
 * memory out of all proportion and overflow the stack of whoever walks through it.
 */
export function parseUntrusted(text: string, where: string): unknown {
  if (text.length > maxLevels && isDeeper(text, maxLevels)) {
    throw new HarnessError("disconnected", `expected JSON of at most ${maxLevels} levels from ${where}, got more`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    const words = JSON.stringify(text.slice(0, 80));
    throw new HarnessError("disconnected", `expected JSON from ${where}, got ${words}`, { cause });
  }
}
