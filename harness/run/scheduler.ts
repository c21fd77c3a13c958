import { availableParallelism } from "node:os";
import { HarnessError } from "../model/errors.ts";
import type { Fault } from "../model/journal.ts";
import type { Deployment } from "../model/lab.ts";
import { abortable, settled, toFault } from "./faults.ts";
import { failJob, runJob } from "./job.ts";
import type { JobEnvironment, JobOutcome } from "./job.ts";
import { Machine } from "./machine.ts";
import type { Headroom, Place, Sharing } from "./machine.ts";
import type { RunObserver } from "./observer.ts";
import type { Job } from "./plan.ts";

/** Longest time from "deploy" to servers that answer; a candidate that needs more cannot be measured here. */
const deployWithinMs = 300_000;
const removeWithinMs = 60_000;

/** Servers of load runs that stand ready while another one measures: they wait idle, and each holds memory. */
const readyServers = 4;

/** Jobs that use one deployment after another: one job, or several that only read. */
export interface Unit {
  readonly jobs: readonly Job[];
  readonly sharing: Sharing;
}

function sharingOf({ exclusive }: Job["scenario"]): Sharing {
  if (exclusive === "when-asked") return "alone-later";
  return exclusive === true ? "alone" : "beside";
}

const sharingKey = ({ scenario, candidate, partner, config, repetition }: Job): string =>
  JSON.stringify([
    candidate.id,
    partner?.id ?? null,
    config,
    repetition,
    scenario.servers,
    scenario.federation?.allow ?? null,
  ]);

/** Shortest first, so that most are done before one that needs long ends with a fault; what changes the servers comes last. */
const onSharedServers = (a: Job, b: Job): number =>
  Number(a.scenario.shares === "last") - Number(b.scenario.shares === "last") ||
  a.scenario.timeBudget - b.scenario.timeBudget;

/** Groups the scenarios of one candidate and configuration that may share servers; every other job stands alone. Order is kept. */
function unitsOf(jobs: readonly Job[]): readonly Unit[] {
  const shared = new Map<string, Job[]>();
  const units: { readonly jobs: Job[]; readonly sharing: Sharing }[] = [];
  for (const job of jobs) {
    const sharing = sharingOf(job.scenario);
    const mayShare = job.scenario.shares !== undefined && job.sabotage === undefined && sharing === "beside";
    const known = mayShare ? shared.get(sharingKey(job)) : undefined;
    if (known !== undefined) {
      known.push(job);
      continue;
    }
    const unit = { jobs: [job], sharing };
    if (mayShare) shared.set(sharingKey(job), unit.jobs);
    units.push(unit);
  }
  for (const { jobs: together } of units) together.sort(onSharedServers);
  return units;
}

export interface SchedulerOptions extends JobEnvironment {
  /** Units that are run at the same time at most, exclusive ones apart. */
  readonly concurrency: number;
  /** Asked before more units than processors are run at the same time. Absent: `concurrency` alone counts. */
  readonly headroom?: Headroom;
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
  const { scenario, candidate, partner, config, sabotage } = job;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(deployWithinMs)]);
  const deploying = lab.deploy({
    candidate,
    config,
    servers: scenario.servers,
    ...(partner === undefined ? {} : { partner }),
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
    ...(partner === undefined ? {} : { partner: partner.id }),
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

async function runUnit(unit: Unit, place: Place, state: State): Promise<void> {
  const { options } = state;
  const environment: JobEnvironment = { ...options, alone: (signal) => place.alone(signal) };
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
    const outcome = await runJob(job, deployment, environment);
    await finish(job, outcome, state);
    if (outcome.reusable && job.scenario.shares !== "last") continue;
    if (outcome.reusable || !options.keep) await remove(deployment, state);
    deployment = undefined;
  }
  if (deployment !== undefined) await remove(deployment, state);
}

/** Those that need the machine alone come last; else the order is kept. */
const inOrder = (units: readonly Unit[]): readonly Unit[] =>
  (["beside", "alone-later", "alone"] as const).flatMap((sharing) => units.filter((unit) => unit.sharing === sharing));

/**
 * Runs all jobs: up to `concurrency` units side by side, as long as the processor has time to spare, then those that need the
 * machine for themselves; what these prepare before they ask for it is done side by side, too.
 * Every job ends up in the journal. Rejects only when the journal cannot be written.
 */
export async function runJobs(jobs: readonly Job[], options: SchedulerOptions): Promise<readonly JobResult[]> {
  const state: State = { options, results: [], broken: undefined };
  const places = Math.max(1, options.concurrency);
  const { headroom } = options;
  const machine = new Machine({
    places,
    sure: headroom === undefined ? places : Math.min(places, availableParallelism()),
    ready: readyServers,
    ...(headroom === undefined ? {} : { headroom }),
  });
  const running: Promise<void>[] = [];
  let failed = false;
  for (const unit of inOrder(unitsOf(jobs))) {
    const place = await machine.enter(unit.sharing);
    if (failed) {
      // Those that still wait to be alone would wait for it for ever.
      place.leave();
      break;
    }
    const work = runUnit(unit, place, state).finally(() => place.leave());
    work.catch(() => (failed = true));
    running.push(work);
  }
  const ended = await Promise.allSettled(running);
  const broken = ended.find(({ status }) => status === "rejected");
  if (broken?.status === "rejected") throw broken.reason;
  return state.results;
}
