/** Edits (insert, delete, replace) that turn one text into the other. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 0; i < left.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < right.length; j += 1) {
      const replaced = (row[j] ?? 0) + (left[i] === right[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** ` (did you mean "x"?)`, or nothing when no name is near. */
export function suggestion(name: string, names: Iterable<string>): string {
  const ranked = [...names].map((known) => ({ known, far: distance(name, known) })).toSorted((a, b) => a.far - b.far);
  const [best] = ranked;
  return best && best.far <= Math.max(2, name.length / 3) ? ` (did you mean "${best.known}"?)` : "";
}
