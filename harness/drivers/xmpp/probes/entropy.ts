/** Alphabets an address part may be drawn from; the smallest that fits both samples counts: it never overstates. */
const alphabets: readonly (readonly [RegExp, number])[] = [
  [/^[0-9]+$/, 10],
  [/^[0-9a-f]+$/, 16],
  [/^[0-9A-F]+$/, 16],
  [/^[a-z2-7]+$/, 32],
  [/^[0-9a-z]+$/, 36],
  [/^[0-9A-Za-z]+$/, 62],
  [/^[\w-]+$/, 64],
];

const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

function bitsOf(left: string, right: string): number {
  if (left === right) return 0;
  if (uuid4.test(left) && uuid4.test(right)) return 122;
  // RFC 9562 5.7: 48 bits of it are the time.
  if (uuid7.test(left) && uuid7.test(right)) return 74;
  const size = alphabets.find(([pattern]) => pattern.test(left) && pattern.test(right))?.[1] ?? 1;
  return Math.min(left.length, right.length) * Math.log2(size);
}

/** An upper bound of the random bits in an address, from two addresses issued for the same thing: equal parts are not random. */
export function randomBits(left: string, right: string): number {
  const [one, two] = [left, right].map((url) => new URL(url).pathname.split("/"));
  const parts = (one ?? []).map((part, index) => bitsOf(part, two?.[index] ?? ""));
  return Math.round(parts.reduce((sum, bits) => sum + bits, 0));
}
