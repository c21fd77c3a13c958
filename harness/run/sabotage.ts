import type { Sabotage } from "../model/control.ts";
import { HarnessError } from "../model/errors.ts";
import type { Deployment } from "../model/lab.ts";

/** Breaks the lab in the middle of a scenario, as a control asks for it. */
export interface LabBreaker {
  /** Starts the clock of a sabotage given in seconds; on return one at 0 s is in place. */
  start(): Promise<void>;
  beforeStep(title: string): Promise<void>;
  /** Throws `lab-fault` once the browser is taken away. */
  requireBrowser(): void;
  /** True when the fault was applied (or none was asked for). */
  applied(): boolean;
  stop(): void;
}

export function labBreaker(lab: Sabotage["lab"], deployment: Pick<Deployment, "breakLab">): LabBreaker {
  let done = lab === undefined;
  let browserGone = false;
  let timer: NodeJS.Timeout | undefined;
  const apply = async (): Promise<void> => {
    if (lab === undefined || done) return;
    done = true;
    if (lab.fault === "no-browser") browserGone = true;
    else await deployment.breakLab(lab.fault);
  };
  return {
    async start() {
      if (typeof lab?.at !== "number") return;
      if (lab.at === 0) return apply();
      // A fault that cannot be applied leaves the lab whole; the control is then reported as missed.
      timer = setTimeout(() => void apply().catch(() => (done = false)), lab.at * 1_000);
    },
    async beforeStep(title) {
      if (lab?.at === title) await apply();
    },
    requireBrowser() {
      if (browserGone)
        throw new HarnessError("lab-fault", "Expected a browser, but the lab has none (taken away by a control).");
    },
    applied: () => done,
    stop: () => clearTimeout(timer),
  };
}
