import type { Candidate, ConfigFile, DeclaredEndpoint, Deviation, Service } from "../../../model/candidate.ts";
import { hardening } from "../deviation.ts";

/** The reverse proxy in front of every Matrix candidate; the service must be called "proxy". */
export const proxyService: Service = {
  image: "shared/matrix-proxy",
  front: true,
  ready: { kind: "port", port: 443 },
  publish: [80, 443, 8448, 8449],
  versions: ["dpkg-query", "--show", "nginx", "libssl3t64"],
};

export const proxyFile: ConfigFile = {
  service: "proxy",
  path: "/etc/nginx/conf.d/matrix.conf",
  template: "../shared/matrix-proxy/matrix.conf.hbs",
};

export const proxyEndpoints: readonly DeclaredEndpoint[] = [
  { kind: "matrix-client", service: "proxy", port: 443 },
  { kind: "matrix-federation", service: "proxy", port: 8448 },
  { kind: "admin-http", service: "proxy", port: 8449 },
  { kind: "http-plain", service: "proxy", port: 80 },
];

/** BSI TR-02102-2: TLS 1.2 with ECDHE and AES-GCM, TLS 1.3 without ChaCha20, groups P-256 and P-384. The template's `tls`. */
export const hardenedTls = {
  protocols: "TLSv1.2 TLSv1.3",
  ciphers: [
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
  ].join(":"),
  ciphersuites: "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256",
  curves: "prime256v1:secp384r1",
  sessionTimeout: "1d",
};

export const proxyHardening: readonly Deviation[] = [
  hardening(
    "proxy: ssl_protocols, ssl_ciphers, ssl_ecdh_curve",
    "Debian's nginx",
    "TLS 1.2/1.3, ECDHE with AES-GCM, P-256 and P-384",
    "Nur Verfahren der BSI TR-02102-2.",
    "Only what BSI TR-02102-2 lists.",
  ),
  hardening(
    "proxy: Strict-Transport-Security",
    "none",
    "1 year",
    "Browser kehren nicht zu http zurück.",
    "Browsers do not go back to http.",
  ),
];

export const proxyNotes: Candidate["notes"] = [
  {
    de: "TLS endet am Reverse-Proxy (nginx aus Debian), der vor jedem Matrix-Kandidaten derselbe ist; TLS-Ergebnisse gelten für diese Aufstellung.",
    en: "TLS ends at the reverse proxy (nginx from Debian), the same in front of every Matrix candidate; TLS results hold for this set-up.",
  },
  {
    de: "Die Verwaltungsschnittstelle liegt auf einem eigenen Port (8449), den ein Betreiber nur im Verwaltungsnetz öffnet; auf 443 und 8448 ist sie in beiden Konfigurationen nicht erreichbar.",
    en: "The administration interface is on a port of its own (8449) that an operator opens in the administration network only; on 443 and 8448 it cannot be reached in either configuration.",
  },
];
