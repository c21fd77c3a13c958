import { X509Certificate } from "node:crypto";
import type { CertificateFacts } from "../model/tools.ts";

/** Key and signature of a certificate (PEM or DER). Throws when it cannot be parsed. */
export function certificateFacts(certificate: string | Uint8Array): CertificateFacts {
  const parsed = new X509Certificate(certificate);
  const signatureAlgorithm = parsed.signatureAlgorithm ?? "unknown";
  return {
    subject: parsed.subject.replaceAll("\n", ", ").slice(0, 500),
    ...keyFacts(parsed),
    signatureAlgorithm,
    signatureHash: hashOf(signatureAlgorithm, parsed.raw),
    selfSigned: parsed.checkIssued(parsed) && parsed.verify(parsed.publicKey),
  };
}

/** Curve sizes by OpenSSL's names; node gives a size only for RSA. */
const curveBits: Readonly<Record<string, number>> = {
  prime256v1: 256,
  secp256k1: 256,
  secp384r1: 384,
  secp521r1: 521,
  secp224r1: 224,
  brainpoolP256r1: 256,
  brainpoolP384r1: 384,
  brainpoolP512r1: 512,
};

function keyFacts({ publicKey }: X509Certificate): Pick<CertificateFacts, "keyType" | "keyBits"> {
  const { modulusLength = 0, namedCurve = "" } = publicKey.asymmetricKeyDetails ?? {};
  switch (publicKey.asymmetricKeyType) {
    case "rsa":
    case "rsa-pss":
      return { keyType: "rsa", keyBits: modulusLength };
    case "ec":
      return { keyType: "ecdsa", keyBits: curveBits[namedCurve] ?? Number(/\d{3}/.exec(namedCurve)?.[0] ?? 0) };
    case "ed25519":
      return { keyType: "ed25519", keyBits: 256 };
    default:
      return { keyType: "other", keyBits: modulusLength };
  }
}

/** Object identifiers in DER: RSASSA-PSS (RFC 8017, A.2.3) names its hash in the parameters behind it. */
const pssOid = Buffer.from("06092a864886f70d01010a", "hex");
const pssHashes: readonly (readonly [name: string, oid: Buffer])[] = [
  ["sha256", Buffer.from("0609608648016503040201", "hex")],
  ["sha384", Buffer.from("0609608648016503040202", "hex")],
  ["sha512", Buffer.from("0609608648016503040203", "hex")],
  ["sha224", Buffer.from("0609608648016503040204", "hex")],
];

function hashOf(signatureAlgorithm: string, der: Uint8Array): string {
  if (/ed25519/i.test(signatureAlgorithm)) return "sha512"; // RFC 8032, section 5.1
  if (/pss/i.test(signatureAlgorithm)) return pssHash(Buffer.from(der));
  const named = /(md5|md2|sha-?3?-?\d+)/i.exec(signatureAlgorithm)?.[1];
  return named?.toLowerCase().replace("sha-", "sha") ?? "unknown";
}

/** The signature's own algorithm is the last one in the certificate; absent parameters mean SHA-1. */
function pssHash(der: Buffer): string {
  const from = der.lastIndexOf(pssOid);
  const parameters = der.subarray(from, from + 80);
  return pssHashes.find(([, oid]) => parameters.includes(oid))?.[0] ?? "sha1";
}
