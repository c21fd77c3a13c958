// A PDF holds the moment it was printed. Equal input must give equal bytes, so the start of the run stands there instead.

const datePattern = /\/(CreationDate|ModDate) \(D:\d{14}[+-]\d{2}'\d{2}'\)/gu;

/** The same document with both of its dates set to `iso`, to the second; no byte moves, so its cross-references hold. */
export function fixDates(pdf: Uint8Array, iso: string): Uint8Array {
  const stamp = new Date(iso).toISOString().replaceAll(/\D/gu, "").slice(0, 14);
  const bytes = Buffer.from(pdf);
  for (const match of bytes.toString("latin1").matchAll(datePattern)) {
    bytes.write(`/${match[1]} (D:${stamp}+00'00')`, match.index, "latin1");
  }
  return bytes;
}
