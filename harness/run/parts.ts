import type { Candidate, Protocol } from "../model/candidate.ts";
import type { Lab } from "../model/lab.ts";
import type { Driver } from "../model/session.ts";
import type { LoadTools } from "../model/tools.ts";

/** The drivers of one run. Each is made when first asked for and ended by `close`. */
export interface DriverSet {
  /** Throws `unsupported` when the bench has no driver for the protocol. */
  plain(protocol: Protocol): Promise<Driver>;
  /** A driver whose sessions can encrypt end to end. */
  encrypting(protocol: Protocol): Promise<Driver>;
  close(): Promise<void>;
}

/** What the command line wires together for a run: the engine itself imports no driver, no lab and no load tool. */
export interface RunParts {
  createLab(runId: string): Promise<Lab>;
  createDrivers(lab: Lab): DriverSet;
  readonly load: LoadTools;
  /** True while the container engine answers. Asked after a fault, to tell a broken environment from a broken lab. */
  engineAnswers(): Promise<boolean>;
}

/** A candidate and what the engine may call it. */
export type Candidates = readonly Candidate[];
