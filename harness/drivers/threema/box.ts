import { randomBytes, randomInt } from "node:crypto";
import nacl from "tweetnacl";
import { HarnessError } from "../../model/errors.ts";

// Message format of Threema Gateway in end-to-end mode: type byte, data, PKCS#7 padding, sealed in a NaCl box
// (gateway.threema.ch, developer documentation, "Container").

export const messageTypes = { text: 0x01, deliveryReceipt: 0x80 } as const;

const nonceBytes = 24;
const keyBytes = 32;
/** Data and padding together are at least this long, so that short texts do not show their length. */
const leastPadded = 32;

/** A box as it travels. */
export interface Sealed {
  readonly nonce: Uint8Array;
  readonly box: Uint8Array;
}

/** What was inside. */
export interface Opened {
  readonly type: number;
  readonly data: Uint8Array;
}

/** Hexadecimal text of a key as 32 bytes. Throws `bad-input` that never shows the text. */
export function keyOf(hex: string, what: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/iu.test(hex)) {
    throw new HarnessError("bad-input", `Expected the ${what} as 64 hexadecimal digits, got something else.`);
  }
  return new Uint8Array(Buffer.from(hex, "hex"));
}

export const publicKeyOf = (privateKey: Uint8Array): Uint8Array => nacl.box.keyPair.fromSecretKey(privateKey).publicKey;

function padded(data: Uint8Array): Uint8Array {
  const length = Math.max(randomInt(1, 256), leastPadded - data.length);
  return Buffer.concat([data, Buffer.alloc(length, length)]);
}

/** Seals for one recipient with a fresh random nonce and padding of random length. */
export function seal({ type, data }: Opened, theirPublic: Uint8Array, ownPrivate: Uint8Array): Sealed {
  const nonce = new Uint8Array(randomBytes(nonceBytes));
  const message = new Uint8Array(Buffer.concat([Buffer.of(type), padded(data)]));
  return { nonce, box: nacl.box(message, nonce, theirPublic, ownPrivate) };
}

/** Opens a box; undefined when it was not sealed by that sender for us, was changed, or its padding is wrong. */
export function open({ nonce, box }: Sealed, theirPublic: Uint8Array, ownPrivate: Uint8Array): Opened | undefined {
  if (nonce.length !== nonceBytes || theirPublic.length !== keyBytes) return undefined;
  const message = nacl.box.open(box, nonce, theirPublic, ownPrivate);
  if (!message) return undefined;
  const padding = message.at(-1) ?? 0;
  if (padding === 0 || padding >= message.length) return undefined;
  if (message.subarray(-padding).some((byte) => byte !== padding)) return undefined;
  return { type: message[0] ?? 0, data: message.slice(1, message.length - padding) };
}
