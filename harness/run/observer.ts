import type { JobOutcome } from "./job.ts";
import type { Job, Plan } from "./plan.ts";

/** Told what happens while a run goes on. Must not throw. */
export interface RunObserver {
  /** The journal is open; from now on an interruption leaves a readable run in `folder`. */
  planned(plan: Plan, runId: string, folder: string): void;
  /** Something outside a scenario that takes time: an image, a deployment. */
  progress(what: string): void;
  jobStarted(job: Job): void;
  jobStep(job: Job, title: string): void;
  jobEnded(job: Job, outcome: JobOutcome): void;
  warning(what: string): void;
}

/** For tests and for commands that print only their result. */
export const silentObserver: RunObserver = {
  planned: () => undefined,
  progress: () => undefined,
  jobStarted: () => undefined,
  jobStep: () => undefined,
  jobEnded: () => undefined,
  warning: () => undefined,
};
