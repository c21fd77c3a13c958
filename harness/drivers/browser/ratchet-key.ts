// The public key of the Double Ratchet inside an OMEMO <key> element, as anybody on the way can read it.
// OMEMO 2: OMEMOKeyExchange / OMEMOAuthenticatedMessage / OMEMOMessage (XEP-0384, 4.3 and appendix of protobuf files).
// OMEMO 0.3: libsignal's PreKeySignalMessage and SignalMessage, a version byte in front and an 8-byte MAC behind.

type Fields = ReadonlyMap<number, Uint8Array>;

/** Length-delimited fields of a protobuf message; others are skipped. Undefined for what is not protobuf. */
function fieldsOf(bytes: Uint8Array): Fields | undefined {
  const fields = new Map<number, Uint8Array>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) return -1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return -1;
  };
  while (at < bytes.length) {
    const tag = varint();
    const kind = tag & 7;
    if (tag < 0) return undefined;
    const value = varint();
    if (value < 0 || (kind !== 0 && kind !== 2)) return undefined;
    if (kind === 0) continue;
    if (at + value > bytes.length) return undefined;
    fields.set(tag >> 3, bytes.subarray(at, at + value));
    at += value;
  }
  return fields;
}

function ofVersion2(bytes: Uint8Array): Uint8Array | undefined {
  const outer = fieldsOf(bytes);
  const exchanged = outer?.get(5);
  const authenticated = exchanged === undefined ? outer : fieldsOf(exchanged);
  const message = authenticated?.get(2);
  return message === undefined ? undefined : fieldsOf(message)?.get(3);
}

const macBytes = 8;

function ofVersion03(bytes: Uint8Array, prekey: boolean): Uint8Array | undefined {
  if (!prekey) return fieldsOf(bytes.subarray(1, -macBytes))?.get(1);
  const inner = fieldsOf(bytes.subarray(1))?.get(4);
  return inner === undefined ? undefined : ofVersion03(inner, false);
}

/** What a stanza's `<key>` for one device says: hexadecimal public key of the ratchet; undefined if it cannot be read. */
export function ratchetKeyOf(namespace: string, base64: string, prekey: boolean): string | undefined {
  const bytes = Buffer.from(base64, "base64");
  const key = namespace === "urn:xmpp:omemo:2" ? ofVersion2(bytes) : ofVersion03(bytes, prekey);
  return key === undefined || key.length < 32 ? undefined : Buffer.from(key).toString("hex");
}

const attributeOf = (attributes: string, name: string): string | undefined =>
  new RegExp(`\\b${name}\\s*=\\s*["']([^"']*)["']`).exec(attributes)?.[1];

/** The ratchet key in a message stanza for the device with this id. */
export function ratchetKeyFor(stanza: string, deviceId: string): string | undefined {
  for (const [, attributes = "", inner = ""] of stanza.matchAll(/<encrypted\b([^>]*)>(.*?)<\/encrypted>/gs)) {
    for (const [, of = "", text = ""] of inner.matchAll(/<key\b([^>]*)>([^<]*)<\/key>/g)) {
      if (attributeOf(of, "rid") !== deviceId) continue;
      const prekey = ["true", "1"].includes(attributeOf(of, "prekey") ?? "");
      return ratchetKeyOf(attributeOf(attributes, "xmlns") ?? "", text.trim(), prekey);
    }
  }
  return undefined;
}
