import type { Document } from "yaml";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import type { Path } from "./problems.ts";
import { Problems } from "./problems.ts";
import type { Salvaged } from "./salvage.ts";
import { salvage, shapeIssues } from "./salvage.ts";

/** A YAML file whose mistakes are being collected. */
export interface OpenFile {
  readonly document: Document;
  readonly problems: Problems;
}

export function openFile(text: string, file: string): OpenFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const problems = new Problems(file, document, lines);
  for (const error of document.errors) {
    const [sentence = ""] = error.message.split("\n");
    problems.addAt(error.pos[0], [], "readable YAML", sentence.replace(/ at line \d+, column \d+:?$/u, ""));
  }
  return { document, problems };
}

export interface Shaped<T> extends Omit<Salvaged, "data"> {
  readonly data: T;
}

/** Says which keys may stand at a place, for a key that may not; undefined = the general words. */
export type KeyRule = (path: Path) => string | undefined;

/** The data in its shape. What has a wrong shape is noted and replaced by something neutral so that the rest is checked too. */
export function shapeOf<T>(
  { document, problems }: OpenFile,
  schema: z.ZodType<T>,
  keyRule?: KeyRule,
): Shaped<T> | undefined {
  const data: unknown = document.toJS();
  const result = schema.safeParse(data);
  if (result.success) return { data: result.data, untyped: new Set(), unruled: new Set() };
  const issues = shapeIssues(result.error.issues);
  for (const { path, expected, unknownKey } of issues) {
    const got = unknownKey === undefined ? (JSON.stringify(valueAt(data, path)) ?? "nothing") : `"${unknownKey}"`;
    const allowed = unknownKey === undefined ? undefined : keyRule?.(path);
    problems.add(path, allowed ?? expected, shorten(got), unknownKey);
  }
  const salvaged = salvage(data, issues);
  const again = schema.safeParse(salvaged.data);
  return again.success ? { ...salvaged, data: again.data } : undefined;
}

const shorten = (text: string): string => (text.length > 120 ? `${text.slice(0, 120)}…` : text);

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined),
    data,
  );
}
