import type { Candidate, Configuration, ConfigFile } from "../../model/candidate.ts";
import { hardenedTls, proxyEndpoints, proxyFile, proxyNotes, proxyService } from "../shared/matrix-proxy/proxy.ts";
import { databaseFile, databaseService, databaseStores } from "../shared/postgresql/database.ts";
import { administration } from "./administration.ts";
import { hardeningSteps, labNeeds } from "./deviations.ts";

const files: readonly ConfigFile[] = [
  { service: "dendrite", path: "/etc/dendrite/dendrite.yaml", template: "dendrite.yaml.hbs" },
  { service: "dendrite", path: "/etc/dendrite/start-dendrite", template: "start-dendrite.hbs", mode: 0o755 },
  databaseFile,
  proxyFile,
];

const variables = {
  upstream: "dendrite:8008",
  hardened: false,
  tls: undefined,
  logLevel: "info",
  /** For a control: open to everybody. */
  openRegistration: false,
  /** Set while running, by exemptFromRateLimits. */
  exemptUsers: [],
};

const plain: Configuration = { files, variables, deviations: labNeeds };

const hardened: Configuration = {
  files,
  variables: { ...variables, hardened: true, tls: hardenedTls },
  deviations: [...labNeeds, ...hardeningSteps],
};

/** Dendrite from the Go module proxy on PostgreSQL, behind the proxy that all Matrix candidates share. */
export const candidate: Candidate = {
  id: "dendrite",
  order: 12,
  standard: true,
  title: "Dendrite",
  vendor: "Element",
  licence: "AGPL-3.0-only OR LicenseRef-Element-Commercial",
  version: "0.15.2",
  protocol: "matrix",
  folder: import.meta.dirname,
  services: {
    // With this release's empty tables already in it: database/Dockerfile.
    database: { ...databaseService, image: "dendrite/database" },
    // Starts beside the database and waits for it itself.
    dendrite: {
      image: "dendrite",
      federates: true,
      // Go's TLS takes its authorities from here: the run's own instead of the public ones. Verification stays on.
      env: { SSL_CERT_FILE: "/certs/ca.pem" },
      ready: { kind: "port", port: 8008 },
      versions: ["sh", "-c", "echo dendrite $(dendrite -version)"],
    },
    proxy: proxyService,
  },
  endpoints: [...proxyEndpoints, { kind: "matrix-plain", service: "dendrite", port: 8008 }],
  subdomains: [],
  stores: [
    ...databaseStores,
    // Queues between the parts of the server hold events; they are data, not media.
    { id: "jetstream", service: "dendrite", holds: "files", read: { kind: "paths", paths: ["/data/jetstream"] } },
    { id: "media", service: "dendrite", holds: "media", read: { kind: "paths", paths: ["/data/media_store"] } },
    { id: "log-files", service: "dendrite", holds: "logs", read: { kind: "paths", paths: ["/data/logs"] } },
    { id: "dendrite-log", service: "dendrite", holds: "logs", read: { kind: "container-log" } },
    { id: "proxy-log", service: "proxy", holds: "logs", read: { kind: "container-log" } },
  ],
  configurations: { default: plain, hardened },
  endEncryption: ["megolm"],
  administration,
  // No federation-allow-list: networks (deny_networks, allow_networks) can be named, domains cannot, and only for outgoing requests.
  abilities: [
    "federation",
    "group-chat",
    "end-to-end-encryption",
    "file-transfer",
    "message-retraction",
    "history",
    "account-disabling",
    "admin-api",
    "registration-policy",
  ],
  notes: [
    ...proxyNotes,
    {
      de: "Die leeren Tabellen legt dieselbe Version beim Bau des Datenbank-Abbilds an, wie beim ersten Start nach der Installation; jede Instanz beginnt mit einer eigenen Kopie.",
      en: "The empty tables are made by the same release while the database image is built, as at the first start after an installation; each instance begins with a copy of its own.",
    },
    {
      de: "„Löschen von Konten“ ist nicht als Fähigkeit angegeben: Nach der Deaktivierung mit „erase“, dem einzigen dokumentierten Schritt, stehen Anzeigename, Profilbild und Kontodaten weiter in der Datenbank.",
      en: '"Account deletion" is not claimed: after deactivation with `erase`, the only step the documentation names, display name, picture and account data are still in the database.',
    },
  ],
  // Nothing in Dendrite ends by age: no retention of messages, media, redacted content or addresses of sessions.
  erasureLimit: { default: null, hardened: null },
};
