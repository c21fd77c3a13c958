/** Deterministic random numbers from a text seed: same seed, same sequence, on every machine. Not for secrets. */
export interface Random {
  /** 0 <= x < 1 */
  next(): number;
  /** Whole number 0 <= n < below. */
  integer(below: number): number;
}

/** FNV-1a over UTF-16 code units: four differently salted hashes give the state of the generator. */
function hash32(text: string, salt: number): number {
  let hash = (0x811c9dc5 ^ salt) >>> 0;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}

/** The generator sfc32 (Chris Doty-Humphrey), 128 bits of state. */
export function seededRandom(seed: string): Random {
  let [a, b, c, counter] = [hash32(seed, 1), hash32(seed, 2), hash32(seed, 3), 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 0x1_0000_0000;
  };
  // The first outputs still resemble the seed.
  for (let round = 0; round < 15; round += 1) next();
  return { next, integer: (below) => Math.floor(next() * below) };
}
