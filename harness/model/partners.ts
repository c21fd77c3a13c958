import type { Candidate } from "./candidate.ts";

/**
 * Which candidates meet: `generations` = one of the two is an older generation (F-11), `implementations` = two code bases, both in
 * their newest generation (S-03).
 */
export type PartnerKind = "generations" | "implementations";

/** House rule of F-11: releases of one implementation that lie at least this far apart are two generations. */
const monthsApart = 6;

type Release = Pick<Candidate, "id" | "implementation" | "released" | "protocol" | "standard">;

/** Two of a pair, in report order. */
interface CandidatePair<C> {
  readonly first: C;
  readonly second: C;
  /** The measurement counts for both; else only for `first`, since `second` is a reference that no other product may pull down. */
  readonly mutual: boolean;
}

export const implementationOf = ({ id, implementation }: Pick<Release, "id" | "implementation">): string =>
  implementation ?? id;

const months = (month: string): number => Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7));

const isSame = (one: Release, other: Release): boolean => implementationOf(one) === implementationOf(other);

/** True when a release of the same implementation among `known` is newer by a generation. */
export function isOlderGeneration(candidate: Release, known: readonly Release[]): boolean {
  const { released } = candidate;
  if (released === undefined) return false;
  return known.some(
    (other) =>
      isSame(candidate, other) &&
      other.released !== undefined &&
      months(other.released) - months(released) >= monthsApart,
  );
}

/** What the bench brings to measure others against: a standard candidate, or an older generation of one. */
function isReference(candidate: Release, known: readonly Release[]): boolean {
  if (candidate.standard === true) return true;
  return (
    isOlderGeneration(candidate, known) && known.some((other) => other.standard === true && isSame(candidate, other))
  );
}

function meet(kind: PartnerKind, one: Release, other: Release, known: readonly Release[]): boolean {
  if (one.protocol !== other.protocol) return false;
  const [oneOld, otherOld] = [isOlderGeneration(one, known), isOlderGeneration(other, known)];
  return kind === "generations" ? oneOld !== otherOld : !oneOld && !otherOld && !isSame(one, other);
}

/**
 * The pairs among the chosen candidates, each once, in the order given. Every pair has a reference in it: a product counts against
 * references only, and two products under test never pull each other down.
 */
export function pairsOf<C extends Release>(
  kind: PartnerKind,
  chosen: readonly C[],
  known: readonly Release[],
): readonly CandidatePair<C>[] {
  return chosen.flatMap((one, index) =>
    chosen.slice(index + 1).flatMap((other): readonly CandidatePair<C>[] => {
      if (!meet(kind, one, other, known)) return [];
      const [oneCounts, otherCounts] = [isReference(one, known), isReference(other, known)];
      if (oneCounts && otherCounts) return [{ first: one, second: other, mutual: true }];
      if (otherCounts) return [{ first: one, second: other, mutual: false }];
      return oneCounts ? [{ first: other, second: one, mutual: false }] : [];
    }),
  );
}
