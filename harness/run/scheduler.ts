import { HarnessError } from "../model/errors.ts";
import type { Fault } from "../model/journal.ts";
import type { Deployment } from "../model/lab.ts";
import { abortable, settled, toFault } from "./faults.ts";
import { failJob, runJob } from "./job.ts";
import type { JobEnvironment, JobOutcome } from "./job.ts";
import type { RunObserver } from "./observer.ts";
import type { Job } from "./plan.ts";

/** Longest time from "deploy" to servers that answer; a candidate that needs more cannot be measured here. */
const deployWithinMs = 300_000;
const removeWithinMs = 60_000;

/** Jobs that use one deployment after another: one job, or several that only read. */
export interface Unit {
  readonly jobs: readonly Job[];
  readonly exclusive: boolean;
}

const sharingKey = ({ scenario, candidate, config, repetition }: Job): string =>
  JSON.stringify([candidate.id, config, repetition, scenario.servers, scenario.federation?.allow ?? null]);

/** Groups the reading scenarios of one candidate and configuration; every other job stands alone. Order is kept. */
function unitsOf(jobs: readonly Job[]): readonly Unit[] {
  const shared = new Map<string, Job[]>();
  const units: { readonly jobs: Job[]; readonly exclusive: boolean }[] = [];
  for (const job of jobs) {
    const exclusive = job.scenario.exclusive === true;
    const mayShare = job.scenario.shares === "read-only" && job.sabotage === undefined && !exclusive;
    const known = mayShare ? shared.get(sharingKey(job)) : undefined;
    if (known !== undefined) {
      known.push(job);
      continue;
    }
    const unit = { jobs: [job], exclusive };
    if (mayShare) shared.set(sharingKey(job), unit.jobs);
    units.push(unit);
  }
  return units;
}

export interface SchedulerOptions extends JobEnvironment {
  /** Units that are run at the same time, exclusive ones apart. */
  readonly concurrency: number;
  /** Leave the servers of failed scenarios as they are, for a look. */
  readonly keep: boolean;
  readonly observer: RunObserver;
  engineAnswers(): Promise<boolean>;
}

export interface JobResult {
  readonly job: Job;
  readonly outcome: JobOutcome;
}

interface State {
  readonly options: SchedulerOptions;
  readonly results: JobResult[];
  /** Set once the container engine is gone: everything still to come fails at once. */
  broken: Fault | undefined;
}

async function deploy(job: Job, { options }: State): Promise<Deployment> {
  const { lab, observer, journal } = options;
  const { scenario, candidate, config, sabotage } = job;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(deployWithinMs)]);
  const deploying = lab.deploy({
    candidate,
    config,
    servers: scenario.servers,
    signal,
    progress: (what) => observer.progress(`${candidate.id} ${config}: ${what}`),
    ...(scenario.federation === undefined ? {} : { federationAllow: scenario.federation.allow }),
    ...(sabotage === undefined ? {} : { sabotage }),
  });
  const deployment = await abortable(signal, deploying).catch(async (error: unknown) => {
    // What comes up after all must not stay behind.
    void deploying.then((late) => late[Symbol.asyncDispose]()).catch(() => undefined);
    throw deployError(error, job, options.signal);
  });
  await journal.append({
    type: "deployed",
    candidate: candidate.id,
    config,
    scenario: scenario.id,
    servers: deployment.servers.map(({ domain }) => domain),
    images: deployment.images,
    tookMs: Math.round(deployment.tookMs),
  });
  return deployment;
}

function deployError(error: unknown, { candidate, config }: Job, outer: AbortSignal): unknown {
  if (outer.aborted) return outer.reason;
  const what = `${candidate.id} (${config})`;
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return new HarnessError("lab-fault", `${what} was not ready within ${deployWithinMs / 1_000} s.`);
  }
  if (error instanceof HarnessError) return error;
  return new HarnessError("lab-fault", `${what} could not be started: ${(error as Error).message}`, { cause: error });
}

async function remove(deployment: Deployment, { options }: State): Promise<void> {
  const removed = await settled(Promise.resolve(deployment[Symbol.asyncDispose]()), removeWithinMs);
  if (!removed)
    options.observer.warning("A deployment could not be removed in time; `./pruefstand clean` removes the rest.");
}

/** After a fault: is it this scenario's lab only, or is the engine itself gone? */
async function noticeBrokenEngine(state: State, fault: Fault | undefined): Promise<void> {
  if (fault === undefined || fault.code === "interrupted" || state.broken !== undefined) return;
  if (await state.options.engineAnswers()) return;
  state.broken = {
    code: "environment",
    message: "The container engine stopped answering during the run.",
    hint: "Start Docker again (`./pruefstand doctor` tells how) and repeat the run.",
  };
}

/** Why nothing more can be run, if so. */
function stopReason({ options, broken }: State): Fault | undefined {
  return options.signal.aborted ? toFault(options.signal.reason) : broken;
}

async function finish(job: Job, outcome: JobOutcome, state: State): Promise<void> {
  state.results.push({ job, outcome });
  state.options.observer.jobEnded(job, outcome);
  await noticeBrokenEngine(state, outcome.fault);
}

const fail = async (job: Job, fault: Fault, state: State): Promise<void> =>
  finish(job, await failJob(job, fault, state.options.journal), state);

async function runUnit(unit: Unit, state: State): Promise<void> {
  const { options } = state;
  let deployment: Deployment | undefined;
  for (const job of unit.jobs) {
    const stopped = stopReason(state);
    if (stopped !== undefined) {
      await fail(job, stopped, state);
      continue;
    }
    options.observer.jobStarted(job);
    try {
      deployment ??= await deploy(job, state);
    } catch (error) {
      const fault = toFault(error);
      await noticeBrokenEngine(state, fault);
      await fail(job, state.broken ?? fault, state);
      continue;
    }
    const outcome = await runJob(job, deployment, options);
    await finish(job, outcome, state);
    if (outcome.reusable) continue;
    if (!options.keep) await remove(deployment, state);
    deployment = undefined;
  }
  if (deployment !== undefined) await remove(deployment, state);
}

async function drain(units: Unit[], state: State): Promise<void> {
  for (let unit = units.shift(); unit !== undefined; unit = units.shift()) await runUnit(unit, state);
}

/**
 * Runs all jobs: up to `concurrency` units side by side, then the exclusive ones with the machine for themselves.
 * Every job ends up in the journal. Rejects only when the journal cannot be written.
 */
export async function runJobs(jobs: readonly Job[], options: SchedulerOptions): Promise<readonly JobResult[]> {
  const state: State = { options, results: [], broken: undefined };
  const units = unitsOf(jobs);
  const together = units.filter(({ exclusive }) => !exclusive);
  const alone = units.filter(({ exclusive }) => exclusive);
  const workers = Array.from({ length: Math.max(1, options.concurrency) }, () => drain(together, state));
  const ended = await Promise.allSettled(workers);
  const broken = ended.find(({ status }) => status === "rejected");
  if (broken?.status === "rejected") throw broken.reason;
  await drain(alone, state);
  return state.results;
}
