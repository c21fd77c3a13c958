import type { ConfigName } from "../model/candidate.ts";
import { HarnessError, hasCode } from "../model/errors.ts";

/**
 * `failed`: the candidate does not keep the contract. `unclear`: the bench could not find out. `not-run`: a step before it did
 * not pass. `not-claimed`: the candidate does not say that it can do this.
 */
export type StepOutcome = "passed" | "failed" | "unclear" | "not-run" | "not-claimed";

/** What one step of the contract suite found, with all a vendor needs to mend it. */
export interface StepResult {
  readonly config: ConfigName;
  readonly id: string;
  readonly title: string;
  readonly outcome: StepOutcome;
  readonly expected: string;
  /** Empty when passed. May hold hostile text of the candidate. */
  readonly observed: string;
  /** Clause of a standard, or line of the contract in harness/model. */
  readonly clause: string;
  readonly fix: string;
  readonly tookMs: number;
}

/** What a step throws when the candidate does something else than the contract says. */
export class Breach extends Error {
  override readonly name = "Breach";
  readonly expected: string | undefined;

  constructor(observed: string, expected?: string) {
    super(observed);
    this.expected = expected;
  }
}

/** Throws a {@link Breach} with what was observed unless the condition holds. */
export function holds(condition: boolean, observed: string, expected?: string): asserts condition {
  if (!condition) throw new Breach(observed, expected);
}

/** What a step throws when the bench itself cannot find out. */
export class Unclear extends Error {
  override readonly name = "Unclear";
}

const maxObserved = 2_000;

/** Turns what a step threw into its outcome: only what the candidate did or did not do is `failed`. */
export function outcomeOf(error: unknown): { readonly outcome: StepOutcome; readonly observed: string } {
  const observed = (error instanceof Error ? error.message : String(error)).slice(0, maxObserved);
  if (error instanceof Breach) return { outcome: "failed", observed };
  if (hasCode(error, "interrupted")) throw error;
  // `unsupported` comes from drivers that looked and found that the server does not offer something, unless they lack it.
  const ours = error instanceof HarnessError && error.context["lacking"] === "driver";
  if (ours) return { outcome: "unclear", observed };
  const itsOwn = hasCode(error, "refused", "deadline", "disconnected", "unsupported", "bad-input");
  if (itsOwn) return { outcome: "failed", observed };
  if (error instanceof Unclear) return { outcome: "unclear", observed };
  if (error instanceof HarnessError) return { outcome: "unclear", observed: `${error.code}: ${observed}` };
  return { outcome: "unclear", observed: `fault of the bench: ${observed}` };
}
