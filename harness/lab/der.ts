/**
 * The few ASN.1 types (X.690, DER) that a certificate needs. Node signs and parses certificates but cannot make them,
 * and the `openssl` program is not there on every machine the bench must run on.
 */
const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag, length, content. */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(tags.sequence, ...parts);
export const setOf = (...parts: readonly Uint8Array[]): Buffer => tlv(tags.set, ...parts);
export const octets = (content: Uint8Array): Buffer => tlv(tags.octetString, content);
export const utf8 = (text: string): Buffer => tlv(tags.utf8, Buffer.from(text, "utf8"));
export const truth = (value: boolean): Buffer => tlv(tags.boolean, Buffer.from([value ? 0xff : 0]));

/** A non-negative integer from its big-endian bytes: a leading bit of 1 gets a zero byte before it. */
export function integer(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const trimmed = bytes.subarray(start);
  const signed = (trimmed[0] ?? 0) >= 0x80 ? [Buffer.from([0]), trimmed] : [trimmed];
  return tlv(tags.integer, ...signed);
}

/** A bit string; `unused` counts the unused bits of the last byte. */
export const bits = (content: Uint8Array, unused = 0): Buffer => tlv(tags.bitString, Buffer.from([unused]), content);

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tlv(tags.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): readonly number[] {
  const groups = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) groups.unshift((rest & 0x7f) | 0x80);
  return groups;
}

/** Seconds precision, UTC, as RFC 5280 4.1.2.5.2 wants it. */
export function time(at: Date): Buffer {
  const compact = at.toISOString().replaceAll(/[-:T]|\.\d{3}/g, "");
  return tlv(tags.generalizedTime, Buffer.from(compact, "ascii"));
}
