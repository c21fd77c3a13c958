import type { Ability, Account, ConfigName, HttpAnswer, HttpRequest, Protocol } from "./candidate.ts";

export type EndpointKind =
  | "matrix-client" // HTTPS of the reverse proxy, port 443
  | "matrix-federation" // HTTPS, port 8448
  | "matrix-plain" // the homeserver's own listener behind the proxy; published by no service, probed from inside
  | "http-plain" // port 80 of the front
  | "xmpp-client" // STARTTLS, 5222
  | "xmpp-client-tls" // direct TLS, 5223 (XEP-0368)
  | "xmpp-server" // STARTTLS s2s, 5269
  | "xmpp-server-tls" // direct TLS s2s, 5270
  | "xmpp-websocket" // RFC 7395
  | "xmpp-bosh" // XEP-0206
  | "xmpp-https" // HTTPS port that carries uploads, WebSocket, BOSH
  | "xmpp-http-plain" // the same over http, if the product opens it
  | "mqtt-plain" // MQTT without TLS, where a product opens it beside XMPP
  | "threema-gateway" // HTTPS API of a remote Threema Gateway
  | "irc-tls" // IRC with TLS from the first byte, 6697
  | "irc-plain" // IRC without TLS, 6667; declared also where a product opens it to itself only
  | "imap-tls" // IMAP with TLS from the first byte, 993 (RFC 8314)
  | "imap" // IMAP with STARTTLS, 143
  | "smtp-tls" // submission of mail with TLS from the first byte, 465 (RFC 8314)
  | "smtp-submission" // submission with STARTTLS, 587
  | "smtp-server" // between mail servers, STARTTLS, 25
  | "admin-http"; // administration interface over http(s)

/** A reachable endpoint: connect to `host:port`, speak TLS with `servername` where the kind has TLS. */
export interface Endpoint {
  readonly kind: EndpointKind;
  /** 127.0.0.1 */
  readonly host: string;
  /** Published port on the host. */
  readonly port: number;
  /** Port inside the lab, the one a user would see. */
  readonly labPort: number;
  /** Name for SNI and certificate verification. */
  readonly servername: string;
  readonly path: string;
}

/** A person with an account on one server. */
export interface Person extends Account {
  readonly server: RunningServer;
  /** `@alice-x:a.pruefstand.test` or `alice-x@a.pruefstand.test` */
  readonly address: string;
}

/** One hit of a search through a server's stores. The excerpt is bounded and may be hostile text. */
export interface SearchHit {
  readonly needle: string;
  readonly store: string;
  readonly holds: "database" | "files" | "media" | "logs";
  /** File name inside the store, or the dump. */
  readonly location: string;
  /** plain, base64, base64url, hex, json, percent */
  readonly encoding: string;
  readonly excerpt: string;
}

export interface SearchResult {
  readonly hits: readonly SearchHit[];
  /** What was read, so that "0 hits" is never "nothing was searched". */
  readonly scanned: readonly {
    readonly store: string;
    readonly holds: string;
    readonly bytes: number;
    readonly files: number;
  }[];
}

/** A server instance that is up, as a scenario sees it. */
export interface RunningServer {
  /** "a", "b", "c" */
  readonly id: string;
  readonly domain: string;
  readonly config: ConfigName;
  readonly candidate: {
    readonly id: string;
    readonly title: string;
    /** The code base; several candidates may be releases of one. */
    readonly implementation?: string;
    readonly protocol: Protocol;
    readonly abilities: readonly Ability[];
    readonly erasureLimit: number | null;
    readonly roles: readonly string[];
  };
  readonly endpoints: readonly Endpoint[];
  endpoint(kind: EndpointKind): Endpoint | undefined;
  /** PEM of the run's certificate authority. */
  readonly ca: string;
  /** HTTPS (or http for the plain kinds) with the run's CA. Bounded, never follows redirects, never throws on a status. */
  request(endpoint: Endpoint, path: string, init?: HttpRequest): Promise<HttpAnswer>;
  /**
   * Searches every store (database dump, files, media, logs) for each needle in plain, base64, hex, JSON- and percent-encoded form.
   * `holds` narrows the kinds. Throws `lab-fault` when a store cannot be read: an unreadable store is not "no hits".
   */
  search(
    needles: Readonly<Record<string, string>>,
    options?: { readonly holds?: readonly SearchHit["holds"][] },
  ): Promise<SearchResult>;
  /** Administration of this product, already bound to this server. */
  readonly administration: BoundAdministration;
  /**
   * TCP ports on which this server's containers take connections from other machines (not from loopback only), read inside the
   * containers: what is published here may have nobody behind it, and what is not declared may be open all the same.
   */
  listeners?(): Promise<readonly Listener[]>;
  /**
   * Containers of this server that ended by themselves (a fault of their process, or out of memory); empty = all run. Those
   * become the product's doing: the lab's own health check leaves them out, and no other scenario gets these servers. So this
   * is for scenarios that feed hostile input, to which the server answered right before. Throws `lab-fault` where a container
   * was ended from outside (SIGKILL, SIGTERM), is gone, frozen, restarted or cut off.
   */
  collapsed?(): Promise<readonly CollapsedService[]>;
  /** One sample of CPU, memory and network use over all containers of this instance. */
  resources(): Promise<readonly ResourceSample[]>;
}

/** A TCP port that is really open, of one service. */
export interface Listener {
  readonly service: string;
  readonly port: number;
}

/** A container that ended, or lost a process for want of memory, although nobody asked it to. */
export interface CollapsedService {
  readonly service: string;
  /** Above 128: 128 + the number of the signal. Null while it still runs. */
  readonly exitCode: number | null;
  readonly outOfMemory: boolean;
  /** ISO time of the container engine; null while it still runs. */
  readonly endedAt: string | null;
  /** Last lines of its output, bounded; may be hostile text. */
  readonly log: string;
}

/** {@link Administration} bound to a server; optional functions are absent where the product lacks them. */
export interface BoundAdministration {
  createAccounts(accounts: readonly Account[]): Promise<void>;
  disableAccount(name: string): Promise<void>;
  deleteAccount(name: string): Promise<void>;
  setFederationAllowList?(domains: readonly string[]): Promise<{ readonly restarted: boolean }>;
  exemptFromRateLimits?(names: readonly string[]): Promise<void>;
  enableDebugLog?(): Promise<void>;
  enableDomainBoundRegistration?(mailDomain: string): Promise<void>;
  grantRole?(name: string, role: string): Promise<void>;
  letTimePass?(seconds: number): Promise<void>;
}

export interface ResourceSample {
  readonly service: string;
  /** Monotonic milliseconds of the harness. */
  readonly atMs: number;
  /** CPU time used since container start, in seconds. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** Breaks things on purpose. Every fault ends with the scenario, whether or not the scenario undoes it. */
export interface Faults {
  /** Cuts the network between servers; both stay reachable for their own clients. Disposing heals it. Returns when the cut is effective. */
  cutFederation(...servers: readonly RunningServer[]): Promise<AsyncDisposable>;
  /** SIGKILL to a service (default: all services of the server). Disposing starts it again and waits until ready. */
  kill(server: RunningServer, service?: string): Promise<AsyncDisposable>;
  /** Freezes all processes (cgroup freezer): ports stay open, nothing answers. */
  pause(server: RunningServer, service?: string): Promise<AsyncDisposable>;
}
