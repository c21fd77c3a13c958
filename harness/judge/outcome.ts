import type { Fault } from "../model/journal.ts";
import type { Localized } from "../model/text.ts";
import type { ReasonCode, VerdictWord } from "../model/verdict.ts";
import type { Span } from "./scale.ts";
import type { Evaluation } from "./conditions.ts";

/** What came out for a cell, before it is written down as a record. */
export interface Outcome {
  readonly verdict: VerdictWord;
  readonly points: number | null;
  readonly code: ReasonCode;
  readonly text: Localized;
  readonly faults: readonly Fault[];
  /** What the rule looked at, if it came to that. */
  readonly evaluation?: Evaluation;
  readonly span?: Span;
}

/** Anything but a judged result: no points, and the reason in one sentence. */
export function undecided(
  verdict: "not-tested" | "inconclusive" | "not-applicable",
  code: ReasonCode,
  text: Localized,
  faults: readonly Fault[] = [],
): Outcome {
  return { verdict, points: null, code, text, faults };
}

export const isTested = ({ verdict }: Pick<Outcome, "verdict">): boolean =>
  verdict === "met" || verdict === "partly" || verdict === "not-met";
