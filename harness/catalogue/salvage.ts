import type { z } from "zod";
import type { Path } from "./problems.ts";

/** One leaf complaint about the shape of a file. */
export interface ShapeIssue {
  readonly path: Path;
  readonly expected: string;
  /** The key itself is unknown. */
  readonly unknownKey?: string;
}

/** Unions are opened: the variant with the fewest complaints is the one the author meant. */
export function shapeIssues(issues: readonly z.core.$ZodIssue[], base: Path = []): readonly ShapeIssue[] {
  return issues.flatMap((issue): readonly ShapeIssue[] => {
    const path: Path = [...base, ...issue.path.map((part) => (typeof part === "number" ? part : String(part)))];
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((unknownKey) => ({ path, expected: "only known keys", unknownKey }));
    }
    if (issue.code === "invalid_union" && issue.errors.length > 0) {
      return shapeIssues(issue.errors.toSorted((a, b) => a.length - b.length)[0] ?? [], path);
    }
    return [{ path, expected: expectation(issue) }];
  });
}

/** zod does not say which values a discriminator may have. */
const variants: Readonly<Record<string, string>> = {
  type: '"A" or "B"',
  kind: '"steps", "linear", "share", "points" or "sum"',
};

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return issue.expected;
  if (issue.code === "invalid_value") return issue.values.map((value) => JSON.stringify(value)).join(" or ");
  if (issue.code === "invalid_format") return issue.pattern ? `text like ${issue.pattern}` : issue.format;
  if (issue.code === "too_small") return `at least ${issue.minimum}`;
  if (issue.code === "too_big") return `at most ${issue.maximum}`;
  if (issue.code === "invalid_union") return variants[String(issue.path.at(-1))] ?? "one of the known variants";
  return issue.message.replace(/^Invalid input: expected /u, "");
}

const words = { de: "?", en: "?" };
const stand = {
  id: undefined,
  title: words,
  rule_text: words,
  source: [{ clause: "?", kind: "house" }],
  method: ["auto-server"],
  config: "hardened",
  evidence_min: "E0",
} as const;

type Loose = Record<string, unknown>;
const isLoose = (value: unknown): value is Loose => typeof value === "object" && value !== null;

export interface Salvaged {
  readonly data: unknown;
  /** Measurements whose declaration was replaced: their type is not compared. */
  readonly untyped: ReadonlySet<string>;
  /** Rows (by index) whose rule was dropped: that they have none is not a second mistake. */
  readonly unruled: ReadonlySet<number>;
}

/**
 * A copy in which everything with a wrong shape is replaced by something neutral, so that the remaining rows can still
 * be checked for their meaning and a person sees all mistakes at once. The copy is only checked, never used.
 */
export function salvage(data: unknown, issues: readonly ShapeIssue[]): Salvaged {
  const copy: unknown = structuredClone(data);
  const untyped = new Set<string>();
  for (const { path, unknownKey } of issues) {
    if (unknownKey === undefined) mend(copy, path, untyped);
    else dropKey(copy, path, unknownKey);
  }
  const unruled = issues.flatMap(({ path: [top, index, field] }) =>
    top === "criteria" && typeof index === "number" && (field === "scale" || field === "pass") ? [index] : [],
  );
  return { data: copy, untyped, unruled: new Set(unruled) };
}

function dropKey(data: unknown, path: Path, key: string): void {
  const parent = path.reduce<unknown>((value, part) => (isLoose(value) ? value[part] : undefined), data);
  if (isLoose(parent)) Reflect.deleteProperty(parent, key);
}

function mend(data: unknown, path: Path, untyped: Set<string>): void {
  const [top, key, field] = path;
  if (!isLoose(data) || top === undefined || key === undefined) return;
  const section = data[top];
  if (!isLoose(section)) return;
  if (top === "criteria" && typeof field === "string") mendRow(section[key], field);
  if (top === "measurements") {
    untyped.add(String(key));
    section[key] = { type: "count", title: words };
  }
  if (top === "profiles") section[key] = { title: words };
}

function mendRow(row: unknown, field: string): void {
  if (!isLoose(row)) return;
  const neutral = (stand as Loose)[field];
  if (neutral === undefined) Reflect.deleteProperty(row, field);
  else row[field] = neutral;
  if (field === "ufab") row["ufab"] = row["pass"] === undefined ? { type: "B", gp: 1 } : { type: "A" };
}
