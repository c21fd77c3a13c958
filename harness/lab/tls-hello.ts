import { randomBytes } from "node:crypto";

// One ClientHello of TLS 1.2 that offers what a server must not take up, and the ServerHello that answers it in the clear
// (RFC 5246, 7.4.1). No library of today can still offer compression, heartbeat or truncated_hmac.

/** IANA's numbers of the extensions that matter here. */
export const extensions = {
  serverName: 0,
  truncatedHmac: 4,
  groups: 10,
  pointFormats: 11,
  signatures: 13,
  heartbeat: 15,
  extendedMasterSecret: 23,
  sessionTicket: 35,
  renegotiationInfo: 0xff_01,
} as const;

const cbcSuites = [0xc0_23, 0xc0_24, 0xc0_27, 0xc0_28, 0xc0_09, 0xc0_0a, 0xc0_13, 0xc0_14, 0x33, 0x39, 0x67, 0x6b];
const staticCbcSuites = [0x2f, 0x35, 0x3c, 0x3d];
const otherSuites = [0xc0_2b, 0xc0_2c, 0xc0_2f, 0xc0_30, 0xcc_a8, 0xcc_a9, 0x9e, 0x9f, 0x9c, 0x9d];

/** `any` suite, or only those with an HMAC that could be truncated. */
const suites = {
  any: [...otherSuites, ...cbcSuites, ...staticCbcSuites],
  "with-hmac": [...cbcSuites, ...staticCbcSuites],
} as const;
export type OfferedSuites = keyof typeof suites;

const u16 = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff);
const numbers = (values: readonly number[]): Buffer => Buffer.concat(values.map(u16));
/** With its length in one or two bytes before it. */
const short = (content: Uint8Array): Buffer => Buffer.concat([Buffer.of(content.length), content]);
const long = (content: Uint8Array): Buffer => Buffer.concat([u16(content.length), content]);
const extension = (type: number, content: Uint8Array = Buffer.alloc(0)): Buffer =>
  Buffer.concat([u16(type), long(content)]);

const deflate = 1;
const groups = [23, 24, 25, 29, 26, 27, 28, 256, 257];
const signatures = [0x04_03, 0x05_03, 0x06_03, 0x08_04, 0x08_05, 0x08_06, 0x04_01, 0x05_01, 0x06_01, 0x02_03, 0x02_01];

/** A whole record with the hello. */
export function clientHello(servername: string, offered: OfferedSuites): Buffer {
  const name = Buffer.concat([Buffer.of(0), long(Buffer.from(servername, "ascii"))]);
  const all = Buffer.concat([
    extension(extensions.serverName, long(name)),
    extension(extensions.truncatedHmac),
    extension(extensions.groups, long(numbers(groups))),
    extension(extensions.pointFormats, short(Buffer.of(0))),
    extension(extensions.signatures, long(numbers(signatures))),
    // peer_allowed_to_send (RFC 6520, 2)
    extension(extensions.heartbeat, Buffer.of(1)),
    extension(extensions.extendedMasterSecret),
    extension(extensions.sessionTicket),
    extension(extensions.renegotiationInfo, Buffer.of(0)),
  ]);
  const body = Buffer.concat([
    u16(0x03_03),
    randomBytes(32),
    short(Buffer.alloc(0)),
    long(numbers(suites[offered])),
    short(Buffer.of(deflate, 0)),
    long(all),
  ]);
  const message = Buffer.concat([Buffer.of(1, 0), u16(body.length), body]);
  return Buffer.concat([Buffer.of(22), u16(0x03_01), long(message)]);
}

/** What the server chose, or the number of the alert by which it refused. */
export type HelloAnswer =
  | { readonly compression: number; readonly extensions: readonly number[] }
  | { readonly alert: number };

const recordHeader = 5;

/** Reads the answer; undefined while it is not complete. Throws where it is no TLS at all. */
export function readAnswer(bytes: Buffer): HelloAnswer | undefined {
  let handshake = Buffer.alloc(0);
  for (let at = 0; at + recordHeader <= bytes.length;) {
    const type = bytes[at];
    if (type !== 21 && type !== 22) throw new Error(`expected a TLS handshake, got a record of type ${type}`);
    const content = bytes.subarray(at + recordHeader, at + recordHeader + bytes.readUInt16BE(at + 3));
    if (content.length < bytes.readUInt16BE(at + 3)) return undefined;
    if (type === 21) return { alert: content[1] ?? 0 };
    handshake = Buffer.concat([handshake, content]);
    if (handshake.length >= 4 && handshake.length >= 4 + handshake.readUIntBE(1, 3)) return serverHello(handshake);
    at += recordHeader + content.length;
  }
  return undefined;
}

function serverHello(message: Buffer): HelloAnswer {
  if (message[0] !== 2) throw new Error(`expected a ServerHello, got a handshake message of type ${message[0]}`);
  // Type and length, version, random, then the session id with its length.
  const sessionId = 4 + 2 + 32;
  const compression = sessionId + 1 + message.readUInt8(sessionId) + 2;
  const end = 4 + message.readUIntBE(1, 3);
  const found: number[] = [];
  for (let at = compression + 3; at + 4 <= end; at += 4 + message.readUInt16BE(at + 2))
    found.push(message.readUInt16BE(at));
  return { compression: message.readUInt8(compression), extensions: found };
}
