/**
 * BSI TR-02102-2 (2026-01) as data: which suites are on the list, which are broken.
 * Source: catalogue section 4; TLS 1.3 from Tab. 13, TLS 1.2 from Tab. 3. Names are IANA names.
 */
const listed = new Set([
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_AES_128_CCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_ECDSA_WITH_AES_128_CCM",
  "TLS_ECDHE_ECDSA_WITH_AES_256_CCM",
  // CBC and DHE: still listed with an end date; counted apart as suites-dhe-or-cbc (T-05: 4 of 10).
  "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
  "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
  "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
  "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
  "TLS_DHE_RSA_WITH_AES_128_CCM",
  "TLS_DHE_RSA_WITH_AES_256_CCM",
]);

/** No forward secrecy or broken: static RSA, static DH or ECDH, NULL, anonymous, EXPORT, RC4, DES, 3DES, MD5 (T-04). */
const broken = [/^TLS_RSA_/, /^TLS_DH_/, /^TLS_ECDH_/, /NULL/, /_anon_/i, /EXPORT/, /RC4/, /DES/, /MD5$/, /^SSL/];

export const isForbiddenSuite = (name: string): boolean => broken.some((pattern) => pattern.test(name));
export const isListedSuite = (name: string): boolean => listed.has(name);
export const isChaCha20 = (name: string): boolean => name.includes("CHACHA20_POLY1305");
export const isDheOrCbc = (name: string): boolean => name.startsWith("TLS_DHE_") || name.includes("_CBC_");

/** Tab. 6 (TLS 1.2) and Tab. 10 (TLS 1.3): elliptic curves, and finite fields of 3000 bits and more. */
const listedGroups = new Set([
  "secp256r1",
  "secp384r1",
  "secp521r1",
  "brainpoolP256r1",
  "brainpoolP384r1",
  "brainpoolP512r1",
  "ffdhe3072",
  "ffdhe4096",
]);

/** Hybrids of a classical group and ML-KEM: neither on the list nor off it, counted apart. */
export const isHybridGroup = (name: string): boolean => name.includes("MLKEM");
/** A finite-field group of the server's own ("dh2048") has no name on the list, whatever its size. */
export const isListedGroup = (name: string): boolean => listedGroups.has(name);
export const isX25519OrX448 = (name: string): boolean => name === "x25519" || name === "x448";

/** Weaker than ffdhe2048: 112 bits of security. Curves by the size in their name. */
export function isBelowFfdhe2048(name: string): boolean {
  const finite = /^(?:ff)?dhe?(\d+)$/.exec(name)?.[1];
  if (finite !== undefined) return Number(finite) < 2048;
  const curve = /(?:secp|sect|prime|brainpoolP|wap-wsg-idm-ecid-wtls)(\d+)/.exec(name)?.[1];
  return curve !== undefined && Number(curve) < 224;
}

/** Versions a handshake may use (Mindeststandard TLS 2.4; RFC 8996). */
export const allowedVersions: readonly string[] = ["TLSv1.2", "TLSv1.3"];
