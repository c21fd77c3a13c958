import type { CertificatePeers, HostilePeers, Witness } from "./hostile.ts";
import type { MeasurementDetails, MeasurementValue } from "./measurement.ts";
import type { ConfigName, Protocol } from "./candidate.ts";
import type { PartnerKind } from "./partners.ts";
import type { Faults, Person, RunningServer } from "./server.ts";
import type { Driver, Deadline, OpenOptions, Session } from "./session.ts";
import type { Localized } from "./text.ts";
import type { LoadTools, TlsScanner } from "./tools.ts";

/** Values from `params` of the scenario's rows in criteria.yaml, after profile and compression; numbers in seconds or plain counts. */
export type Params = Readonly<Record<string, number>>;

/** All a scenario may touch. It measures; it compares nothing with a threshold and returns nothing. */
export interface ScenarioContext {
  readonly servers: readonly RunningServer[];
  readonly protocol: Protocol;
  /** Which configuration of the product is running. */
  readonly config: ConfigName;
  readonly params: Params;
  /** Seeded random, equal in every run with the same seed, candidate and scenario. */
  readonly random: { integer(below: number): number; id(prefix: string): string };
  readonly clock: { nowMs(): number };
  readonly faults: Faults;
  readonly load: LoadTools;
  readonly tls: TlsScanner;
  readonly signal: AbortSignal;

  /** A named step for journal and progress. An error inside ends the scenario as inconclusive unless the scenario catches it. */
  step<T>(title: string, body: () => Promise<T>): Promise<T>;
  /** Creates an account; the name is `<role>-<random>`. Returns when it can log in. */
  person(server: RunningServer, role: string, options?: { readonly admin?: boolean }): Promise<Person>;
  /** The same for many at once. */
  people(server: RunningServer, role: string, count: number): Promise<readonly Person[]>;
  /** Opens a session; it is closed at the end of the scenario if the scenario does not do it. */
  open(person: Person, options?: OpenOptions): Promise<Session>;
  /** A session that can encrypt end to end: Matrix SDK crypto, or Converse.js in Chromium for XMPP. */
  openEncrypting(person: Person): Promise<Session>;
  /** A client of this person that keeps everything it is given; closed at the end. */
  witness(person: Person): Promise<Witness>;
  /** Two hostile authorities played by the bench, reachable for all servers; closed at the end. */
  hostilePeers(): Promise<HostilePeers>;
  /** Authorities with one flawed certificate each, played by the bench. They listen where {@link hostilePeers} does: end them first. */
  certificatePeers(): Promise<CertificatePeers>;
  driver(): Driver;
  /**
   * For scenarios that are exclusive "when-asked": resolves when no other scenario works on this machine; none starts until this
   * one has ended and its servers are gone. The wait does not count against the scenario's time.
   */
  aloneFromHere(): Promise<void>;
  /** Polls `check` until it gives something other than undefined; throws `deadline` with the sentence. */
  until<T>(deadline: Deadline, check: () => Promise<T | undefined> | T | undefined): Promise<T>;
  measure(id: string, value: MeasurementValue, details?: MeasurementDetails): void;
  /** The measurement has no meaning for this protocol. */
  notApplicable(id: string, why: string): void;
  /** The candidate lacks what the measurement asks for; the judge makes the row not-met. */
  missing(id: string, what: string): void;
  /** `control.sz-NN.positive` and `.negative`: proof inside this very run that good passes and bad shows. */
  control(kind: "positive" | "negative", held: boolean, note?: string): void;
  /** Writes a file below `evidence/<scenario>/<candidate>-<config>/` and returns its path relative to the run folder. Secrets are redacted. */
  evidence(name: string, content: string | Uint8Array): Promise<string>;
}

export interface Scenario {
  /** e.g. "SZ-16" */
  readonly id: string;
  readonly title: Localized;
  /** What is shown and why it matters to the buyer, one sentence each. */
  readonly shows: Localized;
  readonly area: "security" | "federation" | "resilience" | "load" | "policy" | "privacy" | "client" | "operation";
  /** Criteria whose measurements this scenario delivers. */
  readonly verifies: readonly string[];
  /** Measurement ids it can emit, without the two control ids. */
  readonly measures: readonly string[];
  readonly protocols: readonly Protocol[];
  /** How many server instances of the product it needs, each with its own domain and store. */
  readonly servers: 1 | 2 | 3;
  /**
   * May use servers after other such scenarios of the same candidate and configuration. "read-only": works with accounts of its own
   * and leaves everything else as it was, limits that count by address included. "last": changes the server (log level …), so
   * nothing comes after it.
   */
  readonly shares?: "read-only" | "last";
  /** Needs the machine for itself (load): from its start, or from where it calls `aloneFromHere`. */
  readonly exclusive?: boolean | "when-asked";
  /** Needs the federation to start with this allow list instead of the configuration's own: server id → ids of servers it trusts. */
  readonly federation?: { readonly allow: Readonly<Record<string, readonly string[]>> };
  /**
   * Runs on pairs of candidates of one protocol: server "a" is the one, "b" the other (partners.ts). Their rows are judged pair by
   * pair; `pairs` of the row says which one counts.
   */
  readonly partners?: PartnerKind;
  /** Takes minutes on each product: left out of the standard plan, part of the plans "in-depth" and "full". */
  readonly inDepth?: true;
  /** Deadline for the whole scenario, in seconds; `params` may hold longer waits in profile full, added on top. */
  readonly timeBudget: number;
  run(context: ScenarioContext): Promise<void>;
}

/** Identity; gives the literal its type and keeps declarations uniform. */
export const defineScenario = (scenario: Scenario): Scenario => scenario;
