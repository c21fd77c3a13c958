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

/** Versions a handshake may use (Mindeststandard TLS 2.4; RFC 8996). */
export const allowedVersions: readonly string[] = ["TLSv1.2", "TLSv1.3"];
