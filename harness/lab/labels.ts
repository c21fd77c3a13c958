import { hostname } from "node:os";
import { HarnessError } from "../model/errors.ts";
import { processIdentity } from "./process-identity.ts";

/** Labels on everything the lab makes, so that a later start can tell what a killed run left behind. */
export const labelNames = {
  run: "pruefstand.run",
  /** `<pid>:<start time>` of the process that owns it. */
  owner: "pruefstand.owner",
  /** The machine (or container) whose pids `owner` speaks of: two of them may share one daemon. */
  host: "pruefstand.host",
  server: "pruefstand.server",
  service: "pruefstand.service",
} as const;

export type Labels = Readonly<Record<string, string>>;

/** Labels of the run of this process. */
export function ownLabels(runId: string): Labels {
  const owner = processIdentity();
  if (owner === undefined) throw new HarnessError("harness-fault", "expected to find this very process, got none");
  return { [labelNames.run]: runId, [labelNames.owner]: owner, [labelNames.host]: hostname() };
}
