import type { Candidate, ConfigName } from "./candidate.ts";
import type { Sabotage } from "./control.ts";
import type { Seat } from "./hostile.ts";
import type { ImageFacts } from "./journal.ts";
import type { Faults, RunningServer } from "./server.ts";
import type { TlsScanner } from "./tools.ts";

/** What to start: `servers` instances of one product, domains a/b/c.pruefstand.test, federated over TLS on the standard ports. */
export interface DeployPlan {
  readonly candidate: Candidate;
  readonly config: ConfigName;
  readonly servers: 1 | 2 | 3;
  /** Server "b" is an instance of this product instead; a sabotage then breaks the servers of `candidate` only. */
  readonly partner?: Candidate;
  /** Server id → ids of the servers it may federate with; templates get their domains as `federationAllow`. Absent: the configuration decides. */
  readonly federationAllow?: Readonly<Record<string, readonly string[]>>;
  readonly sabotage?: Sabotage;
  /** Every container must be ready within this many milliseconds; default 90 s. */
  readonly readyWithinMs?: number;
  /** Ids of servers that get their certificate from an authority which no other server trusts. The harness trusts it for them. */
  readonly untrusted?: readonly string[];
  readonly signal: AbortSignal;
  /** Told about each thing that takes time. */
  progress?(what: string): void;
}

/** Servers that are up. Disposing removes containers, networks and volumes and never throws because something is already gone. */
export interface Deployment extends AsyncDisposable {
  readonly servers: readonly RunningServer[];
  readonly faults: Faults;
  readonly tls: TlsScanner;
  readonly images: readonly ImageFacts[];
  /** Milliseconds from the call of deploy until every server was ready. */
  readonly tookMs: number;
  /** What is broken although nobody broke it on purpose: containers gone, restarted, out of memory. Empty = healthy. */
  health(): Promise<readonly string[]>;
  /** Places on the federation network for peers that the bench plays itself; absent where a lab has none. */
  seats?(): Promise<readonly Seat[]>;
  /** Undoes every fault still in place. */
  heal(): Promise<void>;
  /** Bounded logs of every container, for the evidence folder: name → text. */
  logs(): Promise<Readonly<Record<string, string>>>;
  /** Applies a broken-lab fault of a control now. */
  breakLab(fault: NonNullable<Sabotage["lab"]>["fault"]): Promise<void>;
  /** Gives every container of the servers this share of one core from now on; health() does not count it as a fault. */
  starve?(cpus: number): Promise<void>;
  /**
   * Asks every container of a server to stop, as an operator does, those first that others do not wait for. Returns when all
   * have ended; what did not end within `withinMs` was killed.
   */
  stop?(server: RunningServer, withinMs: number): Promise<Stopped>;
  /** Names of the volumes that its containers use; they have no labels, because Docker makes them for an image. */
  volumes?(): Promise<readonly string[]>;
}

/** How a server's containers ended when they were asked to. */
export interface Stopped {
  readonly services: readonly {
    readonly service: string;
    readonly exitCode: number;
    readonly tookMs: number;
    readonly killed: boolean;
  }[];
  /** Starts them again, in the order of the first start, and returns when all are ready. Throws as {@link Lab.deploy} does. */
  start(): Promise<void>;
}

export interface Lab extends AsyncDisposable {
  readonly runId: string;
  /** Builds what is missing; unchanged images are never rebuilt. */
  prepare(candidates: readonly Candidate[], progress?: (what: string) => void): Promise<void>;
  deploy(plan: DeployPlan): Promise<Deployment>;
  /** Each configuration file rendered for both configurations with placeholder secrets, as a unified diff. */
  configDiff(candidate: Candidate): Promise<readonly { readonly path: string; readonly diff: string }[]>;
  /** Registers a secret; every later evidence, journal line and report shows it as "[redacted]". */
  redact(text: string): string;
  addSecret(value: string): void;
  /** What is still there of this run: containers and networks with its label, and those of the given volumes that exist. */
  leftovers?(volumes: readonly string[]): Promise<readonly string[]>;
}
