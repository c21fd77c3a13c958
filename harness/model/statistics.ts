/** Median of at least one value. */
export function median(values: readonly number[]): number {
  const ascending = values.toSorted((a, b) => a - b);
  const middle = Math.floor(ascending.length / 2);
  const upper = ascending[middle] ?? Number.NaN;
  return ascending.length % 2 === 1 ? upper : ((ascending[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * Whether two samples of times differ by more than chance: two-sided rank-sum test (Mann and Whitney), exact by counting
 * for small samples, so that no normal approximation is stretched.
 *
 * @returns probability of a rank sum at least this extreme if both came from the same distribution; 1 when a sample is empty.
 */
export function rankSumP(left: readonly number[], right: readonly number[]): number {
  if (left.length === 0 || right.length === 0) return 1;
  // U: pairs in which left is larger; a tie counts half.
  const u = left.reduce((sum, a) => sum + right.reduce((inner, b) => inner + (a > b ? 1 : a === b ? 0.5 : 0), 0), 0);
  const most = left.length * right.length;
  const extreme = Math.min(u, most - u);
  const ways = waysToReach(left.length, right.length);
  const total = ways.reduce((sum, count) => sum + count, 0);
  const tail = ways.slice(0, Math.floor(extreme) + 1).reduce((sum, count) => sum + count, 0);
  return Math.min(1, (2 * tail) / total);
}

/** How many orderings of m and n distinct values give U = 0, 1, … m·n (recurrence of Mann and Whitney, 1947). */
function waysToReach(m: number, n: number): readonly number[] {
  let table: number[][] = Array.from({ length: n + 1 }, () => [1]);
  for (let i = 1; i <= m; i += 1) {
    const next: number[][] = [[1]];
    for (let j = 1; j <= n; j += 1) {
      const withoutRight = next[j - 1] ?? [];
      const withoutLeft = table[j] ?? [];
      next.push(
        Array.from({ length: i * j + 1 }, (_, u) => (withoutRight[u] ?? 0) + (u >= j ? (withoutLeft[u - j] ?? 0) : 0)),
      );
    }
    table = next;
  }
  return table[n] ?? [1];
}
