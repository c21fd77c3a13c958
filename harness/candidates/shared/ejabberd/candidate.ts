import type { Candidate, ConfigFile, DeclaredEndpoint, Service } from "../../../model/candidate.ts";
import { noRoleHolders } from "./administration.ts";
import { deviationsOf } from "./deviations.ts";

/** What differs between generations of ejabberd from Debian. */
export interface EjabberdGeneration
  extends
    Pick<Candidate, "id" | "title" | "version" | "released" | "folder" | "administration">,
    Partial<Pick<Candidate, "order" | "standard">> {
  /** 24.07 and later: ejabberdctl's commands on a socket file (CTL_OVER_HTTP), and what came with them. */
  readonly current: boolean;
  /** Template of the file that Debian ships, with the lab's changes. */
  readonly shipped: string;
  /** Says when commands are taken: the console opens last. */
  readonly consoleAnswers: readonly string[];
  /** Shell line that writes a backup of the database to `search.backup`. */
  readonly backup: string;
}

const own = "../shared/ejabberd";

const serviceOf = ({ id, consoleAnswers }: EjabberdGeneration): Service => ({
  image: id,
  front: true,
  // ejabberd opens its listeners last, in an order of their own.
  ready: { kind: "ports", ports: [5222, 5269, 5443], command: consoleAnswers },
  publish: [1883, 5222, 5223, 5269, 5280, 5443, 5444],
  versions: ["dpkg-query", "-W", "ejabberd", "erlang-base", "erlang-p1-*", "libssl3*", "sqlite3"],
  memoryMiB: 2048,
});

const configFile = (template: string): ConfigFile => ({
  service: "server",
  path: "/etc/ejabberd/ejabberd.yml",
  template,
});

const endpoints: readonly DeclaredEndpoint[] = [
  { kind: "xmpp-client", service: "server", port: 5222 },
  { kind: "xmpp-client-tls", service: "server", port: 5223 },
  { kind: "xmpp-server", service: "server", port: 5269 },
  { kind: "xmpp-https", service: "server", port: 5443 },
  { kind: "xmpp-websocket", service: "server", port: 5443, path: "/ws" },
  { kind: "xmpp-bosh", service: "server", port: 5443, path: "/bosh" },
  // As shipped: MQTT without TLS, administration in the browser, and commands beside the web client's paths.
  { kind: "mqtt-plain", service: "server", port: 1883, configurations: ["default"] },
  { kind: "admin-http", service: "server", port: 5280, configurations: ["default"] },
  { kind: "admin-http", service: "server", port: 5444, configurations: ["hardened"] },
];

/**
 * A backup holds every live row of every Mnesia table with texts in one piece (the text dump breaks long ones over lines);
 * the archive is SQLite. Freed space inside the files is not searched: the same holds for the dumps of the other products.
 */
const dumpDatabase = (backup: string): string =>
  [
    "set -e",
    "cd /var/lib/ejabberd",
    backup,
    'test -s search.backup || { echo "no backup: $answer" >&2; exit 1; }',
    "cat search.backup",
    "rm search.backup",
    "if test -f archive.db; then sqlite3 -readonly archive.db .dump; fi",
  ].join("\n");

/** ejabberd from Debian; the folder of the generation holds its Dockerfile. */
export function ejabberd(generation: EjabberdGeneration): Candidate {
  const { current, shipped, consoleAnswers: _, backup, ...facts } = generation;
  const deviations = deviationsOf(current);
  return {
    ...facts,
    implementation: "ejabberd",
    vendor: "ProcessOne",
    licence: "GPL-2.0-or-later",
    protocol: "xmpp",
    services: { server: serviceOf(generation) },
    endpoints,
    subdomains: ["conference", "upload", "pubsub"],
    stores: [
      {
        id: "mnesia-and-archive",
        service: "server",
        holds: "database",
        read: { kind: "command", command: ["sh", "-c", dumpDatabase(backup)] },
      },
      {
        id: "uploads",
        service: "server",
        holds: "media",
        read: { kind: "paths", paths: ["/var/lib/ejabberd/upload"] },
      },
      { id: "log-files", service: "server", holds: "logs", read: { kind: "paths", paths: ["/var/log/ejabberd"] } },
      { id: "log", service: "server", holds: "logs", read: { kind: "container-log" } },
    ],
    configurations: {
      default: {
        files: [configFile(shipped)],
        variables: { loadAccounts: [] },
        deviations: deviations.default,
      },
      hardened: {
        files: [
          configFile(`${own}/hardened.yml.hbs`),
          { service: "server", path: "/etc/ssl/openssl.cnf", template: `${own}/openssl.cnf.hbs` },
          { service: "server", path: "/etc/logrotate.d/ejabberd", template: `${own}/logrotate.hbs` },
        ],
        variables: { loadAccounts: [], uploadDays: 30, roleHolders: noRoleHolders, current },
        deviations: deviations.hardened,
      },
    },
    endEncryption: ["omemo"],
    abilities: [
      "federation",
      "federation-allow-list",
      "defederation-while-running",
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
    generatedCertificate: { service: "server", path: "/etc/ejabberd/ejabberd.pem" },
    notes: [
      {
        de: "Debians Paket liefert ejabberd ohne Nachrichtenarchiv und ohne Datei-Upload aus; beides schaltet erst die gehärtete Konfiguration ein.",
        en: "Debian's package ships ejabberd without message archive and without file upload; only the hardened configuration switches them on.",
      },
      {
        de: "Die leeren Mnesia-Tabellen und der Übersetzungs-Cache entstehen beim Bau des Abbilds durch einen ersten Start, wie nach der Installation des Pakets.",
        en: "The empty Mnesia tables and the translation cache are made by a first start while the image is built, as after the package's installation.",
      },
    ],
    // unregister and remove_mam_for_user act at once, and mod_http_upload removes the account's files with it
    // (rm_on_unregister); copies in other people's archives are theirs. The log keeps the account's name longest: Debian's
    // logrotate turns it by size alone ("size 1M" after "weekly" wins), so by no time at all; the hardened one keeps 7 daily files.
    erasureLimit: { default: null, hardened: 8 * 86_400 },
  };
}
