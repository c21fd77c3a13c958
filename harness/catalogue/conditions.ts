import type { ConfigName } from "../model/candidate.ts";
import type { Comparator, Comparison, Condition, Literal, MeasurementRef } from "../model/criterion.ts";

const refPattern = /^([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+)(?:@(default|hardened))?$/u;
const comparisonPattern = /^(\S+)\s+(=|!=|<=|>=|<|>)\s+(\S+)$/u;

/** "a.b" or "a.b@default"; undefined if the text is neither. */
export function parseRef(text: string): MeasurementRef | undefined {
  const [, id, config] = refPattern.exec(text.trim()) ?? [];
  if (id === undefined) return undefined;
  return config === undefined ? { id } : { id, config: config as ConfigName };
}

function parseRight(text: string): Literal | { readonly param: string } | undefined {
  if (text === "true" || text === "false") return text === "true";
  if (/^\$[a-z][a-z0-9-]*$/u.test(text)) return { param: text.slice(1) };
  return /^-?\d+(\.\d+)?$/u.test(text) ? Number(text) : undefined;
}

function parseComparison(text: string): Comparison | undefined {
  const [, left, comparator, rightText] = comparisonPattern.exec(text) ?? [];
  if (left === undefined || rightText === undefined) return undefined;
  const ref = parseRef(left);
  const right = parseRight(rightText);
  if (ref === undefined || right === undefined) return undefined;
  return { kind: "comparison", left: ref, comparator: comparator as Comparator, right, text };
}

/** "a.b <= 10", "a.b@default = false", "a = 1 or b = 1"; undefined if the text is none of them. Nothing is evaluated. */
export function parseCondition(text: string): Condition | undefined {
  const written = text.trim().replaceAll(/\s+/gu, " ");
  const members = written.split(" or ").map((member) => parseComparison(member.trim()));
  const parsed = members.filter((member) => member !== undefined);
  if (parsed.length !== members.length) return undefined;
  const [only] = parsed;
  return parsed.length === 1 && only ? only : { kind: "any", of: parsed, text: written };
}

/** Every comparison inside a condition. */
export function comparisonsOf(condition: Condition): readonly Comparison[] {
  return condition.kind === "comparison" ? [condition] : condition.of.flatMap(comparisonsOf);
}
