// What an OpenSSL session holds beside its secrets, read from its DER form: SSL_SESSION_ASN1 in ssl/ssl_asn1.c of OpenSSL 3.

/** Facts of a session that a server handed to a client. */
export interface SessionFacts {
  /** A ticket came with it (RFC 5077, RFC 8446 4.6.1). */
  readonly ticket: boolean;
  /** Seconds that the server names; 0 = it names none (TLS 1.2) or the ticket is void (TLS 1.3). */
  readonly lifetime: number;
  /** Bytes of 0-RTT data that the ticket allows; 0 = none. */
  readonly earlyDataBytes: number;
  /** RFC 7627; says nothing in TLS 1.3. */
  readonly extendedMasterSecret: boolean;
}

const tags = { lifetime: 0xa9, ticket: 0xaa, flags: 0xad, earlyData: 0xaf } as const;
const extendedMasterSecretFlag = 1;

interface Field {
  readonly tag: number;
  readonly content: Buffer;
  readonly end: number;
}

/** Throws where the bytes are none. */
function fieldAt(bytes: Buffer, at: number): Field {
  const first = bytes.readUInt8(at + 1);
  const more = first < 0x80 ? 0 : first & 0x7f;
  if (more > 4) throw new Error("expected a short DER length");
  const start = at + 2 + more;
  const end = start + (more === 0 ? first : bytes.readUIntBE(at + 2, more));
  return { tag: bytes.readUInt8(at), content: bytes.subarray(start, end), end };
}

/** Node puts a header of its own before the session: the sequence is what ends where the bytes end. */
function sequenceIn(bytes: Buffer): Buffer {
  for (let at = bytes.indexOf(0x30); at >= 0; at = bytes.indexOf(0x30, at + 1)) {
    if (at + 4 < bytes.length && bytes[at + 1] === 0x82 && at + 4 + bytes.readUInt16BE(at + 2) === bytes.length)
      return bytes.subarray(at + 4);
  }
  throw new Error("expected a TLS session in DER");
}

const integerIn = (field: Buffer | undefined): number => {
  if (field === undefined) return 0;
  const { content } = fieldAt(field, 0);
  return content.length === 0 ? 0 : content.readUIntBE(0, Math.min(content.length, 6));
};

/** Throws where the bytes hold no session. */
export function readSession(bytes: Buffer): SessionFacts {
  const sequence = sequenceIn(bytes);
  const fields = new Map<number, Buffer>();
  for (let at = 0; at < sequence.length;) {
    const { tag, content, end } = fieldAt(sequence, at);
    fields.set(tag, content);
    at = end;
  }
  return {
    ticket: fields.has(tags.ticket),
    lifetime: integerIn(fields.get(tags.lifetime)),
    earlyDataBytes: integerIn(fields.get(tags.earlyData)),
    extendedMasterSecret: (integerIn(fields.get(tags.flags)) & extendedMasterSecretFlag) !== 0,
  };
}
