import type { Protocol } from "../model/candidate.ts";
import type { CertificatePeers, HostileOptions, HostilePeers, Seat } from "../model/hostile.ts";
import type { Lab } from "../model/lab.ts";
import type { Person, RunningServer } from "../model/server.ts";
import type { Driver, Session } from "../model/session.ts";
import type { LoadTools } from "../model/tools.ts";

/** The drivers of one run. Each is made when first asked for and ended by `close`. */
export interface DriverSet {
  /** Throws `unsupported` when the bench has no driver for the protocol. */
  plain(protocol: Protocol): Promise<Driver>;
  /** A session that can encrypt end to end; its client may reach the other servers too, where files of others lie. */
  openEncrypting(person: Person, reaches: readonly RunningServer[]): Promise<Session>;
  /** Two hostile authorities on these seats; absent where none can be played. */
  openHostile?(protocol: Protocol, seats: readonly Seat[], options: HostileOptions): Promise<HostilePeers>;
  /** Authorities with flawed certificates on these seats; absent where none can be played. */
  openFlawed?(protocol: Protocol, seats: readonly Seat[]): Promise<CertificatePeers>;
  close(): Promise<void>;
}

/** What the command line wires together for a run: the engine itself imports no driver, no lab and no load tool. */
export interface RunParts {
  /** `folder` gets the run's public certificate. */
  createLab(runId: string, folder: string, signal: AbortSignal): Promise<Lab>;
  createDrivers(): DriverSet;
  readonly load: LoadTools;
  /** True while the container engine answers. Asked after a fault, to tell a broken environment from a broken lab. */
  engineAnswers(): Promise<boolean>;
}
