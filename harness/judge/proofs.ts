import type { ProofRecord } from "../model/control.ts";
import type { Proof } from "../model/result.ts";

/** Hash of what each control exercises now (scenario source, control, candidate folder), by control id. */
export type Subjects = Readonly<Record<string, string>>;

/**
 * Whether the check behind a criterion was shown able to fail, per protocol family: one product's caught control proves
 * the scenario for the family. A lab-broken control (expects `inconclusive`) and one that only shows a reported value can
 * spoil a proof but never make one.
 */
export function proofOf(
  criterion: string,
  protocol: string,
  proofs: readonly ProofRecord[],
  subjects: Subjects | undefined,
): Proof {
  const own = proofs.filter((proof) => proof.criterion === criterion && proof.protocol === protocol);
  const latest = latestOf(own);
  const controls = latest.map(({ control }) => control);
  const isStale = ({ control, subject }: ProofRecord): boolean =>
    subjects !== undefined && subjects[control] !== subject;
  const fresh = latest.filter((proof) => !isStale(proof));
  if (fresh.some(({ outcome }) => outcome === "missed")) return { state: "missed", ...lastOf(fresh), controls };
  const caught = latest.filter(
    ({ outcome, expected, shows }) => outcome === "caught" && expected !== "inconclusive" && shows === undefined,
  );
  const valid = caught.filter((proof) => !isStale(proof));
  if (valid.length > 0) return { state: "proven", ...lastOf(valid), controls };
  if (caught.length > 0) return { state: "stale", ...lastOf(caught), controls };
  return { state: "unproven", controls };
}

/** The last record of each control, by control id. */
function latestOf(proofs: readonly ProofRecord[]): readonly ProofRecord[] {
  const sorted = proofs.toSorted((a, b) => compare(a.control, b.control) || compare(a.at, b.at));
  return sorted.filter((proof, index) => sorted[index + 1]?.control !== proof.control);
}

const compare = (left: string, right: string): number => (left < right ? -1 : Number(left > right));

function lastOf(proofs: readonly ProofRecord[]): { readonly at?: string } {
  const at = proofs
    .map((proof) => proof.at)
    .toSorted()
    .at(-1);
  return at === undefined ? {} : { at };
}
