import type { Candidate, Configuration, ConfigFile } from "../../model/candidate.ts";
import { administration } from "./administration.ts";
import { hardening, labDeviations } from "./deviations.ts";

const files: readonly ConfigFile[] = [
  { service: "synapse", path: "/etc/synapse/homeserver.yaml", template: "homeserver.yaml.hbs" },
  { service: "synapse", path: "/etc/synapse/log.yaml", template: "log.yaml.hbs" },
  { service: "database", path: "/etc/messenger/database-password", template: "database-password.hbs" },
  { service: "proxy", path: "/etc/nginx/conf.d/matrix.conf", template: "../shared/matrix-proxy/matrix.conf.hbs" },
];

const variables = {
  upstream: "synapse:8008",
  hardened: false,
  tls: undefined,
  logLevel: "INFO",
  federationPartners: undefined,
  /** Set while running, by setFederationAllowList; wins over the lab's list and the partners. */
  federationDomains: undefined,
  signUpMailDomain: undefined,
};

const plain: Configuration = { files, variables, deviations: labDeviations };

const hardened: Configuration = {
  files,
  variables: {
    ...variables,
    hardened: true,
    // BSI TR-02102-2: TLS 1.2 with ECDHE and AES-GCM, TLS 1.3 without ChaCha20, groups P-256 and P-384.
    tls: {
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
    },
    federationPartners: ["a.pruefstand.test", "b.pruefstand.test", "c.pruefstand.test"],
  },
  deviations: [...labDeviations, ...hardening],
};

const day = 86_400;

/** Synapse from the Python package index on PostgreSQL, behind the proxy that all Matrix candidates share. */
export const candidate: Candidate = {
  id: "synapse",
  order: 10,
  title: "Synapse",
  vendor: "Element",
  licence: "AGPL-3.0-or-later OR LicenseRef-Element-Commercial",
  version: "1.163.2",
  protocol: "matrix",
  folder: import.meta.dirname,
  services: {
    database: {
      image: "shared/postgresql",
      ready: { kind: "port", port: 5432 },
      versions: ["dpkg-query", "--show", "postgresql-17", "libssl3t64"],
    },
    // Starts beside the database and waits for it itself.
    synapse: {
      image: "synapse",
      federates: true,
      ready: { kind: "log", pattern: "Synapse now listening on TCP port 8008" },
      versions: [
        "/opt/synapse/bin/python",
        "-c",
        "import importlib.metadata as m; print('\\n'.join(sorted(f'{d.name} {d.version}' for d in m.distributions())))",
      ],
    },
    proxy: {
      image: "shared/matrix-proxy",
      front: true,
      ready: { kind: "port", port: 443 },
      publish: [80, 443, 8448, 8449],
      versions: ["dpkg-query", "--show", "nginx", "libssl3t64"],
    },
  },
  endpoints: [
    { kind: "matrix-client", service: "proxy", port: 443 },
    { kind: "matrix-federation", service: "proxy", port: 8448 },
    { kind: "admin-http", service: "proxy", port: 8449 },
    { kind: "http-plain", service: "proxy", port: 80 },
    { kind: "matrix-plain", service: "synapse", port: 8008 },
  ],
  subdomains: [],
  stores: [
    {
      id: "postgresql",
      service: "database",
      holds: "database",
      // One INSERT per row keeps a value in one line; the dump holds every table of Synapse.
      read: { kind: "command", command: ["pg_dump", "--inserts", "messenger"] },
    },
    { id: "media", service: "synapse", holds: "media", read: { kind: "paths", paths: ["/data/media_store"] } },
    { id: "synapse-log", service: "synapse", holds: "logs", read: { kind: "container-log" } },
    { id: "database-log", service: "database", holds: "logs", read: { kind: "container-log" } },
    { id: "proxy-log", service: "proxy", holds: "logs", read: { kind: "container-log" } },
  ],
  configurations: { default: plain, hardened },
  endEncryption: ["megolm"],
  administration,
  abilities: [
    "federation",
    "federation-allow-list",
    "group-chat",
    "end-to-end-encryption",
    "file-transfer",
    "message-retraction",
    "history",
    "account-deletion",
    "account-disabling",
    "admin-api",
    "registration-policy",
  ],
  notes: [
    {
      de: "TLS endet am Reverse-Proxy (nginx aus Debian), der vor jedem Matrix-Kandidaten derselbe ist; TLS-Ergebnisse gelten für diese Aufstellung.",
      en: "TLS ends at the reverse proxy (nginx from Debian), the same in front of every Matrix candidate; TLS results hold for this set-up.",
    },
    {
      de: "Die Verwaltungsschnittstelle liegt auf einem eigenen Port (8449), den ein Betreiber nur im Verwaltungsnetz öffnet; auf 443 und 8448 ist sie in beiden Konfigurationen nicht erreichbar.",
      en: "The administration interface is on a port of its own (8449) that an operator opens in the administration network only; on 443 and 8448 it cannot be reached in either configuration.",
    },
  ],
  erasureLimit: {
    // The longest of: addresses of sessions (user_ips_max_age 28 days), content of redacted events (redaction_retention_period
    // 7 days). Profile, devices, keys, account data and media go at once (deactivate with erase, delete media).
    default: 28 * day,
    // user_ips_max_age 7 days; redaction_retention_period and forgotten_room_retention_period 1 day. The proxy's access log
    // names accounts in its paths: Debian's logrotate keeps 14 daily files of nginx.
    hardened: 15 * day,
  },
};
