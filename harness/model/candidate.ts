import type { Endpoint, EndpointKind } from "./server.ts";
import type { Localized } from "./text.ts";

export type Protocol = "matrix" | "xmpp" | "irc" | "email" | "threema";
export type ConfigName = "default" | "hardened";
export const configNames: readonly ConfigName[] = ["default", "hardened"];

/** What a candidate claims. An unclaimed ability that a criterion asks for is `not-met`, never skipped. */
export const abilities = [
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
] as const;
export type Ability = (typeof abilities)[number];

const abilityTitles: Readonly<Record<Ability, Localized>> = {
  federation: { de: "Föderation", en: "federation" },
  "federation-allow-list": { de: "Positivliste für die Föderation", en: "federation allow list" },
  "defederation-while-running": { de: "Ausschluss im laufenden Betrieb", en: "defederation while running" },
  "group-chat": { de: "Gruppenchat", en: "group chat" },
  "end-to-end-encryption": { de: "Ende-zu-Ende-Verschlüsselung", en: "end-to-end encryption" },
  "file-transfer": { de: "Dateiübertragung", en: "file transfer" },
  "message-retraction": { de: "Rückruf von Nachrichten", en: "message retraction" },
  history: { de: "Nachrichtenverlauf", en: "message history" },
  "account-deletion": { de: "Löschen von Konten", en: "account deletion" },
  "account-disabling": { de: "Sperren von Konten", en: "account disabling" },
  "admin-api": { de: "Verwaltungsschnittstelle", en: "administration interface" },
  "registration-policy": { de: "Regeln für die Registrierung", en: "registration policy" },
};

/** As a report names it. A catalogue or candidate of its own may name an ability the bench has no title for. */
export const abilityTitle = (ability: string): Localized =>
  (abilityTitles as Readonly<Record<string, Localized>>)[ability] ?? { de: ability, en: ability };

/** A file rendered into a container before it starts. `template` is a path below the candidate's folder, filled by handlebars. */
export interface ConfigFile {
  readonly service: string;
  /** Absolute path inside the container. */
  readonly path: string;
  readonly template: string;
  /** Octal mode, default 0o644. */
  readonly mode?: number;
}

/** One way to run a candidate. `variables` are handed to its templates. */
export interface Configuration {
  readonly files: readonly ConfigFile[];
  readonly variables: Readonly<Record<string, unknown>>;
  /** Each deviation from the vendor's default with its reason; empty for `default` except what the lab needs. */
  readonly deviations: readonly Deviation[];
}

export interface Deviation {
  readonly setting: string;
  readonly from: string;
  readonly to: string;
  readonly why: { readonly de: string; readonly en: string };
  /** `lab`: needed to start here at all; `hardening`: what a careful operator would set. */
  readonly kind: "lab" | "hardening";
}

/** One container of a server instance. */
export interface Service {
  /** Folder below `harness/candidates/` that holds the Dockerfile, e.g. "prosody" or "shared/postgresql". */
  readonly image: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  /** Names of services that must be ready before this one is started. */
  readonly after?: readonly string[];
  /** The service that terminates TLS for the domain: gets the domain's aliases on the federation network and the certificate in /certs. */
  readonly front?: boolean;
  /** Also on the federation network without being the front: a homeserver that calls out from behind its proxy. */
  readonly federates?: boolean;
  /** When this container is ready: a log line (regular expression), ports that accept, or a command that exits 0. */
  readonly ready: ReadyCondition;
  /** Ports the harness may reach, published on 127.0.0.1 only. */
  readonly publish?: readonly number[];
  /** Commands whose output names the versions of the installed packages (provenance), e.g. ["dpkg-query", …]. */
  readonly versions?: readonly string[];
  /** Command whose standard output is the server's configuration directory, tar or plain text, is not needed: rendered files are recorded by the lab. */
  readonly tmpfs?: readonly string[];
  /** Default 2048. */
  readonly memoryMiB?: number;
}

export type ReadyCondition =
  | { readonly kind: "log"; readonly pattern: string }
  | { readonly kind: "port"; readonly port: number }
  /** All of them accept: for servers that open one after the other. */
  | {
      readonly kind: "ports";
      readonly ports: readonly number[];
      /** A command inside the container that must exit 0 too: consoles for administration open last, on socket files. */
      readonly command?: readonly string[];
    }
  | { readonly kind: "command"; readonly command: readonly string[] };

/** Where a candidate keeps what it knows; searched by E-01, D-03, D-12 … */
export interface Store {
  readonly id: string;
  readonly service: string;
  readonly holds: "database" | "files" | "media" | "logs";
  /** A command that writes the whole store to standard output (pg_dump, cat), or paths that are read as a tar stream. */
  readonly read:
    | { readonly kind: "command"; readonly command: readonly string[] }
    | {
        readonly kind: "paths";
        readonly paths: readonly string[];
        /** Regular expressions on a file's path inside the store: read only these, leave these out (uploads beside a file database). */
        readonly only?: string;
        readonly except?: string;
      }
    | { readonly kind: "container-log" };
}

/** An endpoint as the candidate declares it; the lab turns it into an {@link Endpoint} with a reachable address. */
export interface DeclaredEndpoint {
  readonly kind: EndpointKind;
  readonly service: string;
  readonly port: number;
  /** Path of a WebSocket, BOSH or HTTP endpoint. */
  readonly path?: string;
  /** The configurations that open it; absent: all. */
  readonly configurations?: readonly ConfigName[];
}

/** An account. Names are unique per run; passwords are generated per run and redacted everywhere. */
export interface Account {
  /** Local part: lower-case letters, digits, hyphen. */
  readonly name: string;
  readonly password: string;
  readonly admin?: boolean;
}

/**
 * What an administrator can do with this product. Each function returns when the command has been acknowledged
 * by the server and throws {@link HarnessError} `refused` with the server's words when it was not.
 */
export interface Administration {
  /** All accounts exist and can log in when it returns. Batches, because 200 single calls are slow. */
  createAccounts(server: ServerAccess, accounts: readonly Account[]): Promise<void>;
  /** Central disabling of a leaver, the strongest that the product offers and its documentation names for this purpose. */
  disableAccount(server: ServerAccess, name: string): Promise<void>;
  /** Deletes the account and everything the product's documentation says belongs to an erasure, in all steps it names. */
  deleteAccount(server: ServerAccess, name: string): Promise<void>;
  /** Replaces the allow list at run time, as the product's documentation tells an administrator to. */
  setFederationAllowList?(server: ServerAccess, domains: readonly string[]): Promise<{ readonly restarted: boolean }>;
  /** Lifts rate limits for load accounts only (P rows state it). */
  exemptFromRateLimits?(server: ServerAccess, names: readonly string[]): Promise<void>;
  /** Turns the highest log level on that the product's documentation names for fault finding (D-12). Returns when active. */
  enableDebugLog?(server: ServerAccess): Promise<void>;
  /**
   * Switches self-registration on, bound to addresses of one mail domain, as the product's documentation tells (I-09).
   * Absent where the product cannot bind registration to a domain.
   */
  enableDomainBoundRegistration?(server: ServerAccess, mailDomain: string): Promise<void>;
  /** Gives an account one of {@link roles}. */
  grantRole?(server: ServerAccess, name: string, role: string): Promise<void>;
  /**
   * Lets this many seconds pass for what the product cleans up by age (D-03, D-13): moves its clock or makes its data look
   * older, then runs the product's own periodic clean-up once. The configured periods stay as they are, so that they are what
   * is tested. Absent where that cannot be done.
   */
  letTimePass?(server: ServerAccess, seconds: number): Promise<void>;
  /**
   * The separable administrator roles the product enforces, each shown by a privileged action allowed to it and one denied.
   * The lab checks nothing here: the scenario exercises them through the driver's probes.
   */
  readonly roles?: readonly string[];
}

/** What administration functions may touch: this server's containers and its published endpoints, nothing else. */
export interface ServerAccess {
  readonly id: string;
  readonly domain: string;
  readonly config: ConfigName;
  /** Secrets of this server generated by the lab, by name; handed to templates as `secrets.<name>`. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Runs a command in a container. Standard output and error are bounded to 4 MiB each. Never throws on a non-zero exit. */
  exec(
    service: string,
    command: readonly string[],
    options?: { readonly stdin?: string; readonly user?: string },
  ): Promise<ExecResult>;
  /** HTTPS (or http where the endpoint says so) to an endpoint of this server with the run's CA; body bounded to 16 MiB. */
  request(endpoint: Endpoint, path: string, init?: HttpRequest): Promise<HttpAnswer>;
  endpoint(kind: EndpointKind): Endpoint | undefined;
  /** Renders a file of the configuration again with changed variables and writes it into the running container. */
  rewriteConfig(variables: Readonly<Record<string, unknown>>): Promise<void>;
  /** Stops and starts one service and waits until it is ready again. */
  restartService(service: string): Promise<void>;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface HttpRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly timeoutMs?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  text(): string;
  json(): unknown;
}

/** A product under test. A folder `harness/candidates/<id>/`; nothing elsewhere names it. */
export interface Candidate {
  readonly id: string;
  /** Place in the report; lower comes first, default 100, then by title. */
  readonly order?: number;
  /** In the standard set: part of every run that names no candidates. All others run by `--candidate <id>` or `--candidates all`. */
  readonly standard?: boolean;
  readonly title: string;
  readonly vendor: string;
  /** SPDX identifier or expression. */
  readonly licence: string;
  readonly version: string;
  /** The code base, where several candidates are releases or compositions of one; absent: its own, named as the id. */
  readonly implementation?: string;
  /** Month of this release, "2024-12", or one it is not older than; tells generations of one implementation apart (partners.ts). */
  readonly released?: string;
  readonly protocol: Protocol;
  /** Absolute path of the candidate's folder (import.meta.dirname). */
  readonly folder: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly endpoints: readonly DeclaredEndpoint[];
  /** Names below the domain that need DNS aliases and SANs, e.g. "conference", "upload". */
  readonly subdomains: readonly string[];
  readonly stores: readonly Store[];
  readonly configurations: Readonly<Record<ConfigName, Configuration>>;
  /** End-to-end methods a client can use on this server: "megolm", "omemo", "ox", "otr". */
  readonly endEncryption: readonly string[];
  readonly administration: Administration;
  readonly abilities: readonly Ability[];
  /** Where the package puts the certificate it makes for itself when the operator gives none (T-07); absent where it makes none. */
  readonly generatedCertificate?: { readonly service: string; readonly path: string };
  /** Shown on the candidate's page of the report: what differs from the others in the lab and why. */
  readonly notes: readonly { readonly de: string; readonly en: string }[];
  /** Longest limit, in seconds, after which the product in this configuration has erased what an erasure leaves for later; null = never (D-03). */
  readonly erasureLimit: Readonly<Record<ConfigName, number | null>>;
}
