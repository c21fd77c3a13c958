import { HarnessError } from "./errors.ts";

/** Swapped neighbours are the commonest slip and keep all letters: nearer than another letter. */
const swapCost = 0.5;

/** Edits (insert, delete, replace, swap of neighbours) that turn one word into the other. */
function distance(left: string, right: string): number {
  const rows: number[][] = Array.from({ length: left.length + 1 }, (_, index) => [index]);
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let column = 0; column <= right.length; column++) (rows[0] as number[])[column] = column;
  for (let row = 1; row <= left.length; row++) {
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let best = Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + (same ? 0 : 1));
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) best = Math.min(best, at(row - 2, column - 2) + swapCost);
      (rows[row] as number[])[column] = best;
    }
  }
  return at(left.length, right.length);
}

/** The known name most like the wrong one, or undefined when none is near enough to be meant. */
export function nearest(wrong: string, known: readonly string[]): string | undefined {
  const plain = wrong.toLowerCase();
  const ranked = known
    .map((name) => ({ name, edits: distance(plain, name.toLowerCase()) }))
    .toSorted((left, right) => left.edits - right.edits);
  const best = ranked[0];
  if (best === undefined) return undefined;
  return best.edits <= Math.max(2, Math.floor(best.name.length / 2)) ? best.name : undefined;
}

/** ` (did you mean "x"?)`, or nothing when no name is near: the end of a sentence that quotes the wrong name. */
export function suggestion(wrong: string, known: Iterable<string>): string {
  const best = nearest(wrong, [...known]);
  return best === undefined ? "" : ` (did you mean "${best}"?)`;
}

/** @returns the `bad-input` error for a name that does not exist, with the nearest one as a hint. */
export function unknownName(kind: string, wrong: string, known: readonly string[]): HarnessError {
  const best = nearest(wrong, known);
  return new HarnessError("bad-input", `There is no ${kind} "${wrong}".`, {
    hint: best === undefined ? `Known: ${known.slice(0, 40).join(", ")}.` : `Did you mean "${best}"?`,
    context: { kind, name: wrong, ...(best === undefined ? {} : { nearest: best }) },
  });
}
