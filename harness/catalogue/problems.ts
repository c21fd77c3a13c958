import type { Document, LineCounter, Node } from "yaml";
import { isMap, isNode, isPair, isScalar } from "yaml";
import { HarnessError } from "../model/errors.ts";

/** One mistake in a catalogue or profile file, with the place a person has to go to. Lines and columns start at 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `criteria[3].ufab.gp` */
  readonly path: string;
  readonly expected: string;
  readonly got: string;
}

export type Path = readonly (string | number)[];

/** Collects every problem of a file before anything is refused. */
export class Problems {
  readonly #found: Problem[] = [];
  readonly #file: string;
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(file: string, document: Document, lines: LineCounter) {
    this.#file = file;
    this.#document = document;
    this.#lines = lines;
  }

  get found(): readonly Problem[] {
    return this.#found;
  }

  /** @param key set when the key itself is wrong, so that the place is the key and not its parent. */
  add(path: Path, expected: string, got: string, key?: string): void {
    const offset = key === undefined ? this.#offsetOf(path) : this.#offsetOfKey(path, key);
    this.addAt(offset, key === undefined ? path : [...path, key], expected, got);
  }

  addAt(offset: number, path: Path, expected: string, got: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.#found.push({ file: this.#file, line, column: col, path: writePath(path), expected, got });
  }

  /** The nearest node that exists: a missing key is reported at its parent. */
  #offsetOf(path: Path): number {
    for (let length = path.length; length >= 0; length -= 1) {
      const part = path.slice(0, length);
      const node = part.length === 0 ? this.#document.contents : this.#document.getIn(part, true);
      if (isNode(node) && (node as Node).range) return (node as Node).range?.[0] ?? 0;
    }
    return 0;
  }

  #offsetOfKey(path: Path, key: string): number {
    const parent = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    const pair = isMap(parent) ? parent.items.find((item) => isPair(item) && keyText(item.key) === key) : undefined;
    const node = pair?.key;
    return isNode(node) ? (node.range?.[0] ?? this.#offsetOf(path)) : this.#offsetOf(path);
  }
}

const keyText = (key: unknown): string => String(isScalar(key) ? key.value : key);

function writePath(path: Path): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
  return text.replace(/^\./u, "") || "(file)";
}

/** @throws HarnessError `bad-input` naming all problems, sorted by place, if there are any. */
export function refuse(problems: readonly Problem[], what = "requirements catalogue"): void {
  if (problems.length === 0) return;
  const sorted = problems.toSorted(
    (a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column || a.path.localeCompare(b.path),
  );
  const lines = sorted.map(
    ({ file, line, column, path, expected, got }) =>
      `${file}:${line}:${column} ${path}: expected ${expected}, got ${got}`,
  );
  const count = sorted.length === 1 ? "1 mistake" : `${sorted.length} mistakes`;
  throw new HarnessError("bad-input", `${count} in the ${what}:\n${lines.join("\n")}`, {
    hint: "Correct the places named above; nothing was run.",
    context: { problems: sorted },
  });
}
