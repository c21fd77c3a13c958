import type { RunningServer, Endpoint, ResourceSample } from "./server.ts";
import type { Driver, LoadSession } from "./session.ts";

/** What a TLS scanner saw on one port. Names are IANA names. */
export interface TlsPortReport {
  readonly endpoint: Endpoint;
  /** "SSLv2" "SSLv3" "TLSv1.0" "TLSv1.1" "TLSv1.2" "TLSv1.3" that completed a handshake. */
  readonly acceptedVersions: readonly string[];
  /** Versions the scanner offered and the server refused: proof that a refusal can be seen. */
  readonly rejectedVersions: readonly string[];
  /** Accepted suites by version, IANA names. */
  readonly suites: readonly {
    readonly version: string;
    readonly name: string;
    readonly keySizeBits: number;
    readonly ephemeralGroup?: string;
  }[];
  /** Leaf first. */
  readonly chain: readonly CertificateFacts[];
  /** Key-exchange groups that ended a handshake; the hybrid ones included. */
  readonly groups: readonly string[];
  /** Non-empty: groups could not all be tried; what is missing in `groups` may still be taken. */
  readonly groupFailures?: readonly string[];
  /** Absent where the port has no TLS or was not reached. */
  readonly features?: TlsFeatures;
  /** Non-empty: the scanner itself failed here; nothing may be concluded from this port. */
  readonly localFailures: readonly string[];
}

/** What a port does with features that TR-02102-2 (3.3.4) forbids or limits. Absent = no observation settled it. */
export interface TlsFeatures {
  /** Client-initiated, in TLS 1.2; TLS 1.3 has none. */
  readonly renegotiation?: boolean;
  /** DEFLATE, offered in a hello of TLS 1.2. */
  readonly compression?: boolean;
  /** RFC 6520. */
  readonly heartbeat?: boolean;
  /** RFC 6066, 7. */
  readonly truncatedHmac?: boolean;
  /** RFC 7627, in TLS 1.2. */
  readonly extendedMasterSecret?: boolean;
  /** Largest number of 0-RTT bytes a ticket allowed (RFC 8446, 4.6.1); 0 = none. */
  readonly earlyDataBytes?: number;
  /** Every ticket that came; `seconds` is absent where the server leaves the lifetime open (RFC 5077, 3.3). Empty = no tickets. */
  readonly tickets?: readonly { readonly version: string; readonly seconds?: number }[];
  /** Why something is absent. */
  readonly failures: readonly string[];
}

export interface CertificateFacts {
  readonly subject: string;
  readonly keyType: "rsa" | "ecdsa" | "ed25519" | "other";
  readonly keyBits: number;
  /** e.g. "sha256" */
  readonly signatureHash: string;
  /** e.g. "ecdsa-with-SHA256", "sha256WithRSAEncryption", "rsassaPss" */
  readonly signatureAlgorithm: string;
  readonly selfSigned: boolean;
}

export interface TlsScanner {
  readonly name: string;
  readonly version: string;
  /** Scans every TLS endpoint of the server from inside its network. Raw output goes to `evidence`. */
  scan(server: RunningServer): Promise<{ readonly ports: readonly TlsPortReport[]; readonly raw: string }>;
  /** The certificate the product makes for itself when the operator gives none; undefined where it makes none. */
  generatedCertificate(server: RunningServer): Promise<CertificateFacts | undefined>;
}

/** A validity gate of load.md 2.3: held or not. A gate that did not hold makes the row inconclusive. */
export interface LoadGate {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly held: boolean;
}

/** Limits of the gates; they come from criteria.yaml through the scenario's parameters. */
export interface LoadGateLimits {
  readonly lagP99Ms: number;
  readonly eventLoopDelayP99Ms: number;
  /** Share of one core. */
  readonly cpuShare: number;
  readonly droppedShare: number;
}

/** Arrival schedule, milliseconds from start, ascending. Never waits for answers (open model). */
export type Schedule = readonly number[];

export interface DeliveryLoad {
  readonly schedule: Schedule;
  /** Pairs of senders and receivers; message i goes over pair i mod n. */
  readonly pairs: readonly {
    readonly from: LoadSession;
    readonly to: LoadSession;
    readonly conversation: import("./session.ts").Conversation;
  }[];
  readonly payloadBytes: number;
  /** A message not seen this long after its intended time is lost (= infinite in the percentile), in ms. */
  readonly windowMs: number;
  /**
   * Stops sending when more than this share of all messages is known to be later than this: the percentile is decided, and
   * an overloaded server need not be buried. What was not sent then counts as lost, not as dropped by the generator.
   */
  readonly giveUp?: { readonly laterThanMs: number; readonly share: number };
  /** Servers whose containers are sampled every second. */
  readonly servers: readonly RunningServer[];
  readonly gates: LoadGateLimits;
  readonly signal: AbortSignal;
}

/** Percentiles in milliseconds; Infinity where losses reach into the percentile. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface DeliveryResult {
  readonly offered: number;
  readonly sent: number;
  readonly delivered: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly reordered: number;
  readonly refused: number;
  /** Lost, refused or both: each message once. */
  readonly failed: number;
  /** True if {@link DeliveryLoad.giveUp} came true. */
  readonly gaveUp: boolean;
  /** received − intended: the user's latency, free of coordinated omission by construction. */
  readonly latency: Percentiles;
  /** received − sent: the server's part. */
  readonly serverPart: Percentiles;
  /** sent − intended: the generator's lag. */
  readonly generatorLag: Percentiles;
  readonly achievedPerSecond: number;
  readonly gates: readonly LoadGate[];
  readonly resources: readonly ResourceSample[];
  /** Latency over time for the picture: [intended second, latency ms or null if lost]. */
  readonly timeline: readonly (readonly [number, number | null])[];
  /** HdrHistogram, base64 (V2 compressed). */
  readonly histogram: string;
}

export interface HttpLoad {
  readonly endpoint: Endpoint;
  readonly ca: string;
  /** `{n}` is replaced by a running number: transaction ids must be unique. */
  readonly path: string;
  readonly method: "GET" | "PUT" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly ratePerSecond: number;
  readonly durationSeconds: number;
  readonly connections: number;
}

export interface HttpLoadResult {
  readonly requests: number;
  readonly errors: number;
  readonly non2xx: number;
  /** Repaired for coordinated omission: latency from the time the request should have been sent. */
  readonly latency: Percentiles;
  /** As autocannon itself reports it, for comparison. */
  readonly uncorrected: Percentiles;
}

/** Load tools handed to scenarios. */
export interface LoadTools {
  /** Seeded Poisson arrivals. */
  poisson(seed: string, ratePerSecond: number, durationSeconds: number): Schedule;
  deliver(load: DeliveryLoad): Promise<DeliveryResult>;
  http(load: HttpLoad): Promise<HttpLoadResult>;
  /** The highest rate that passes: upwards from `low` until one fails, then bisection. The passing end is repeated. */
  knee(search: {
    readonly low: number;
    readonly high: number;
    readonly steps: number;
    probe(rate: number): Promise<boolean>;
  }): Promise<{
    readonly lastPassing: number;
    readonly firstFailing: number | null;
    readonly probes: readonly { readonly rate: number; readonly passed: boolean }[];
  }>;
  /** Logs all people in at the schedule's times; latency until ready each; Infinity for a failure. */
  loginStorm(
    driver: Driver,
    people: readonly import("./server.ts").Person[],
    schedule: Schedule,
  ): Promise<{ readonly latency: Percentiles; readonly failures: number }>;
}
