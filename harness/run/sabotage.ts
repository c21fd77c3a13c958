import type { Sabotage } from "../model/control.ts";
import { HarnessError } from "../model/errors.ts";
import type { Deployment } from "../model/lab.ts";

/** Breaks lab or server in the middle of a scenario, as a control asks for it. */
export interface LabBreaker {
  /** Starts the clock of a sabotage given in seconds; on return one at 0 s is in place. */
  start(): Promise<void>;
  beforeStep(title: string): Promise<void>;
  /** Throws `lab-fault` once the browser is taken away. */
  requireBrowser(): void;
  /** True when everything the control asks for came about. */
  applied(): boolean;
  stop(): void;
}

/** Something that happens once, and whether it did. */
function onceOnly(act: (() => Promise<void>) | undefined): { run(): Promise<void>; done(): boolean } {
  let done = act === undefined;
  return {
    async run() {
      if (done || act === undefined) return;
      done = true;
      try {
        await act();
      } catch (error) {
        done = false;
        throw error;
      }
    },
    done: () => done,
  };
}

export function labBreaker(
  sabotage: Sabotage | undefined,
  deployment: Pick<Deployment, "breakLab" | "starve">,
): LabBreaker {
  const { lab, starve } = sabotage ?? {};
  let browserGone = false;
  let timer: NodeJS.Timeout | undefined;
  const breaking = onceOnly(
    lab && (async () => (lab.fault === "no-browser" ? void (browserGone = true) : deployment.breakLab(lab.fault))),
  );
  const starving = onceOnly(
    starve &&
      (async () => {
        if (deployment.starve === undefined) throw new HarnessError("unsupported", "This lab cannot starve a server.");
        await deployment.starve(starve.cpus);
      }),
  );
  return {
    async start() {
      if (typeof lab?.at !== "number") return;
      if (lab.at === 0) return breaking.run();
      // A fault that cannot be applied leaves the lab whole; the control then counts as an error.
      timer = setTimeout(() => void breaking.run().catch(() => undefined), lab.at * 1_000);
    },
    async beforeStep(title) {
      if (lab?.at === title) await breaking.run();
      if (starve?.before === title) await starving.run();
    },
    requireBrowser() {
      if (browserGone) {
        throw new HarnessError("lab-fault", "Expected a browser, but the lab has none (taken away by a control).");
      }
    },
    applied: () => breaking.done() && starving.done(),
    stop: () => clearTimeout(timer),
  };
}
