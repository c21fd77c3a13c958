import type { Candidate, Configuration, ConfigFile } from "../../../model/candidate.ts";
import { hardenedTls, proxyEndpoints, proxyFile, proxyNotes, proxyService } from "../matrix-proxy/proxy.ts";
import { databaseFile, databaseService, databaseStores } from "../postgresql/database.ts";
import { administration } from "./administration.ts";
import { hardeningSteps, labNeeds } from "./deviations.ts";

/** As a candidate in a folder beside `shared` names this one. */
const here = "../shared/synapse";

const files: readonly ConfigFile[] = [
  { service: "synapse", path: "/etc/synapse/homeserver.yaml", template: `${here}/homeserver.yaml.hbs` },
  { service: "synapse", path: "/etc/synapse/log.yaml", template: `${here}/log.yaml.hbs` },
  { service: "synapse", path: "/usr/local/lib/start-synapse.py", template: `${here}/start-synapse.py` },
  databaseFile,
  proxyFile,
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

const plain: Configuration = { files, variables, deviations: labNeeds };

const hardened: Configuration = {
  files,
  variables: {
    ...variables,
    hardened: true,
    tls: hardenedTls,
    federationPartners: ["a.pruefstand.test", "b.pruefstand.test", "c.pruefstand.test"],
  },
  deviations: [...labNeeds, ...hardeningSteps],
};

const day = 86_400;

/** What one release of Synapse is, besides what all of them share. The image is built from the folder of the same name as the id. */
export type SynapseRelease = Pick<Candidate, "id" | "order" | "standard" | "title" | "version" | "released" | "folder">;

/** A release of Synapse from the Python package index on PostgreSQL, behind the proxy that all Matrix candidates share. */
export const synapse = (release: SynapseRelease): Candidate => ({
  ...release,
  implementation: "synapse",
  vendor: "Element",
  licence: "AGPL-3.0-or-later OR LicenseRef-Element-Commercial",
  protocol: "matrix",
  services: {
    // With this release's empty tables already in it: shared/synapse/database/Dockerfile.
    database: { ...databaseService, image: "shared/synapse/database" },
    // Starts beside the database and waits for it itself.
    synapse: {
      image: release.id,
      federates: true,
      ready: { kind: "log", pattern: "Synapse now listening on TCP port 8008" },
      versions: [
        "/opt/synapse/bin/python",
        "-c",
        "import importlib.metadata as m; print('\\n'.join(sorted(f'{d.name} {d.version}' for d in m.distributions())))",
      ],
    },
    proxy: proxyService,
  },
  endpoints: [...proxyEndpoints, { kind: "matrix-plain", service: "synapse", port: 8008 }],
  subdomains: [],
  stores: [
    ...databaseStores,
    { id: "media", service: "synapse", holds: "media", read: { kind: "paths", paths: ["/data/media_store"] } },
    { id: "synapse-log", service: "synapse", holds: "logs", read: { kind: "container-log" } },
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
    ...proxyNotes,
    {
      de: "Die leeren Tabellen samt ihren Nacharbeiten legt dieselbe Version beim Bau des Datenbank-Abbilds an, wie beim ersten Start nach der Installation; jede Instanz beginnt mit einer eigenen Kopie.",
      en: "The empty tables and the background updates on them are made by the same release while the database image is built, as at the first start after an installation; each instance begins with a copy of its own.",
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
});
