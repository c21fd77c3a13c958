import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import type { CertificateFlaw } from "../model/hostile.ts";
import { bits, integer, octets, oid, sequence, setOf, time, tlv, truth, utf8 } from "./der.ts";

/** PEM texts as containers find them in /certs. */
export interface ServerCertificate {
  readonly chain: string;
  readonly key: string;
}

/** The certificate authority of one run; its key never leaves this process. */
export interface CertificateAuthority {
  /** PEM of the authority's own certificate. */
  readonly certificate: string;
  /**
   * A certificate for exactly these DNS names, good for both ends of a connection (XMPP servers are clients of each other).
   * ECDSA P-256; a control may ask for a key that is too short (T-07).
   */
  issue(names: readonly string[], key?: LeafKey): ServerCertificate;
  /** A certificate for this name that nobody may accept, for one reason only; with "none" one that everybody has to accept. */
  issueFlawed(domain: string, flaw: CertificateFlaw): ServerCertificate;
}

export type LeafKey = "ecdsa-p256" | "rsa-2048";

const keyPairs: Readonly<Record<LeafKey, () => { readonly publicKey: KeyObject; readonly privateKey: KeyObject }>> = {
  "ecdsa-p256": () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  "rsa-2048": () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
};

const oids = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyId: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

const dayMs = 24 * 60 * 60 * 1000;
/** A run lasts hours; scenarios that shift clocks need some days on both sides. */
const validity = { beforeMs: 30 * dayMs, afterMs: 60 * dayMs };

/** Makes an authority with a fresh key; `runId` shows in its name. */
export function createAuthority(runId: string): CertificateAuthority {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = distinguishedName(`Pruefstand CA ${runId}`.slice(0, 64));
  const keyId = keyIdOf(pair.publicKey);
  const own = certificate({
    subject: name,
    issuer: name,
    publicKey: pair.publicKey,
    signedWith: pair.privateKey,
    extensions: [
      extension(oids.basicConstraints, sequence(truth(true), integer(Buffer.from([0]))), true),
      // keyCertSign (bit 5) and cRLSign (bit 6)
      extension(oids.keyUsage, bits(Buffer.from([0b0000_0110]), 1), true),
      extension(oids.subjectKeyId, octets(keyId)),
    ],
  });
  const order = { key: "ecdsa-p256", issuer: name, authorityKeyId: keyId, signedWith: pair.privateKey, own } as const;
  return {
    certificate: own,
    issue: (names, key = "ecdsa-p256") => issue({ ...order, names, key }),
    issueFlawed(domain, flaw) {
      const names = [domain];
      if (flaw === "self-signed") return issue({ ...order, names, selfSigned: true });
      if (flaw === "expired") return issue({ ...order, names, afterMs: -dayMs });
      if (flaw === "wrong-name") return issue({ ...order, names: [`not-${domain}`] });
      // Only looks like an authority: its certificate is in nobody's list.
      if (flaw === "unknown-authority") return createAuthority("nobody trusts").issue(names);
      return issue({ ...order, names });
    },
  };
}

function issue(order: {
  readonly names: readonly string[];
  readonly key: LeafKey;
  readonly issuer: Buffer;
  readonly authorityKeyId: Buffer;
  readonly signedWith: KeyObject;
  readonly own: string;
  readonly selfSigned?: boolean;
  /** End of validity from now, negative for the past. */
  readonly afterMs?: number;
}): ServerCertificate {
  const pair = keyPairs[order.key]();
  const subject = distinguishedName((order.names[0] ?? "").slice(0, 64));
  const alone = order.selfSigned === true;
  const leaf = certificate({
    subject,
    issuer: alone ? subject : order.issuer,
    publicKey: pair.publicKey,
    signedWith: alone ? pair.privateKey : order.signedWith,
    ...(order.afterMs === undefined ? {} : { afterMs: order.afterMs }),
    extensions: [
      extension(oids.basicConstraints, sequence(), true),
      // digitalSignature (bit 0): all that ECDHE needs
      extension(oids.keyUsage, bits(Buffer.from([0b1000_0000]), 7), true),
      extension(oids.extendedKeyUsage, sequence(oid(oids.serverAuth), oid(oids.clientAuth))),
      extension(oids.subjectAltName, sequence(...order.names.map((name) => tlv(0x82, Buffer.from(name, "ascii"))))),
      extension(oids.subjectKeyId, octets(keyIdOf(pair.publicKey))),
      extension(oids.authorityKeyId, sequence(tlv(0x80, alone ? keyIdOf(pair.publicKey) : order.authorityKeyId))),
    ],
  });
  return {
    chain: alone ? leaf : leaf + order.own,
    key: pair.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
}

/** RFC 5280 4.1 */
function certificate(facts: {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly publicKey: KeyObject;
  readonly signedWith: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly afterMs?: number;
}): string {
  const algorithm = sequence(oid(oids.ecdsaWithSha256));
  const now = Date.now();
  const toBeSigned = sequence(
    tlv(0xa0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    algorithm,
    facts.issuer,
    sequence(time(new Date(now - validity.beforeMs)), time(new Date(now + (facts.afterMs ?? validity.afterMs)))),
    facts.subject,
    facts.publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(...facts.extensions)),
  );
  const signature = sign("sha256", toBeSigned, { key: facts.signedWith, dsaEncoding: "der" });
  return pem(sequence(toBeSigned, algorithm, bits(signature)));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [truth(true)] : []), octets(value));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(setOf(sequence(oid(oids.commonName), utf8(commonName))));
}

/** RFC 7093: any unique value will do; SHA-256 cut to 160 bits. */
function keyIdOf(publicKey: KeyObject): Buffer {
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest()
    .subarray(0, 20);
}

function pem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
