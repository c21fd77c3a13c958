import type { Candidate, Configuration } from "../../../model/candidate.ts";

/** What differs between generations of Prosody from Debian. */
export interface ProsodyGeneration
  extends
    Pick<Candidate, "id" | "title" | "version" | "released" | "folder" | "administration">,
    Partial<Pick<Candidate, "order" | "standard" | "notes">> {
  /** The packages that hold its libraries, beside prosody, prosody-modules and Lua. */
  readonly libraries: readonly string[];
  /** 13.0 and later: disabling, roles and push are part of the product. */
  readonly since13: boolean;
  readonly deviations: Readonly<Record<"default" | "hardened", Configuration["deviations"]>>;
}

const day = 24 * 60 * 60;
const own = "../shared/prosody";
/** Contents of uploaded files; their metadata (who, when, what name) stay with the data. */
const uploads = String.raw`/http_file_share/.*\.bin$`;
const connectToConsole = String.raw`assert(require("socket.unix").stream():connect("/var/lib/prosody/prosody.sock"))`;
const configFile = "/etc/prosody/prosody.cfg.lua";

/** Prosody from Debian; the folder of the generation holds its Dockerfile. */
export function prosody({ libraries, since13, deviations, notes = [], ...facts }: ProsodyGeneration): Candidate {
  const variables = { logLevel: "info", unlimitedJids: [], since13 };
  return {
    ...facts,
    implementation: "prosody",
    vendor: "Prosody IM",
    licence: "MIT",
    protocol: "xmpp",
    services: {
      prosody: {
        image: facts.id,
        front: true,
        // A port takes connections before Prosody looks at them; a connection to the console shows that it does.
        ready: { kind: "ports", ports: [5222, 5269, 5281], command: ["lua5.4", "-e", connectToConsole] },
        publish: [5222, 5223, 5269, 5270, 5280, 5281],
        versions: ["dpkg-query", "-W", "prosody", "prosody-modules", "lua5.4", ...libraries],
        memoryMiB: 1024,
      },
    },
    endpoints: [
      { kind: "xmpp-client", service: "prosody", port: 5222 },
      { kind: "xmpp-client-tls", service: "prosody", port: 5223, configurations: ["hardened"] },
      { kind: "xmpp-server", service: "prosody", port: 5269 },
      { kind: "xmpp-server-tls", service: "prosody", port: 5270, configurations: ["hardened"] },
      { kind: "xmpp-https", service: "prosody", port: 5281 },
      { kind: "xmpp-websocket", service: "prosody", port: 5281, path: "/xmpp-websocket" },
      { kind: "xmpp-bosh", service: "prosody", port: 5281, path: "/http-bind" },
      { kind: "xmpp-http-plain", service: "prosody", port: 5280 },
    ],
    subdomains: ["conference", "share"],
    stores: [
      {
        id: "data",
        service: "prosody",
        holds: "database",
        read: { kind: "paths", paths: ["/var/lib/prosody"], except: uploads },
      },
      {
        id: "uploads",
        service: "prosody",
        holds: "media",
        read: { kind: "paths", paths: ["/var/lib/prosody"], only: uploads },
      },
      { id: "log", service: "prosody", holds: "logs", read: { kind: "paths", paths: ["/var/log/prosody"] } },
    ],
    configurations: {
      default: {
        files: [{ service: "prosody", path: configFile, template: `${own}/default.cfg.lua.hbs` }],
        variables,
        deviations: deviations.default,
      },
      hardened: {
        files: [
          { service: "prosody", path: configFile, template: `${own}/hardened.cfg.lua.hbs` },
          { service: "prosody", path: "/etc/logrotate.d/prosody", template: `${own}/logrotate.hbs` },
        ],
        variables,
        deviations: deviations.hardened,
      },
    },
    endEncryption: ["omemo"],
    abilities: [
      "federation",
      // mod_host_guard of bookworm's prosody-modules fails on 0.12.3 as soon as a list is set.
      ...(since13 ? (["federation-allow-list", "defederation-while-running"] as const) : []),
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
      ...notes,
      {
        de: "Alle Daten liegen in Dateien (mod_storage_internal), wie Debian es ausliefert; eine SQL-Datenbank ist möglich.",
        en: "All data are kept in files (mod_storage_internal), as Debian ships it; an SQL database is possible.",
      },
    ],
    // What a deletion leaves for later: archives of partners and of rooms (1 week), uploads (1 week), both cleared once a day;
    // the log longest: Debian's logrotate keeps 52 weekly files, the hardened one 7 daily files.
    erasureLimit: { default: 53 * 7 * day, hardened: 8 * day },
  };
}
