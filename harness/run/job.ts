import type { MeasurementDeclaration } from "../model/criterion.ts";
import { HarnessError } from "../model/errors.ts";
import type { Fault, JournalEvent } from "../model/journal.ts";
import type { Deployment, Lab } from "../model/lab.ts";
import type { LoadTools } from "../model/tools.ts";
import { createContext } from "./context.ts";
import { evidenceFolder, evidencePath } from "./evidence.ts";
import { abortable, settled, toFault } from "./faults.ts";
import type { JournalWriter } from "./journal.ts";
import type { DriverSet } from "./parts.ts";
import type { Job } from "./plan.ts";
import { createRecorder, nameOf } from "./recorder.ts";
import type { Recorder } from "./recorder.ts";
import { labBreaker } from "./sabotage.ts";
import { openSessions } from "./sessions.ts";

/** How long a scenario that was told to stop may take to do so. */
const stopWithinMs = 5_000;
/** How long the lab may take for each of: a look at its containers, healing, collecting logs. */
const labWithinMs = 60_000;

export interface JobEnvironment {
  readonly runFolder: string;
  readonly seed: string;
  readonly lab: Lab;
  readonly drivers: DriverSet;
  readonly load: LoadTools;
  readonly journal: JournalWriter;
  readonly declarations: ReadonlyMap<string, MeasurementDeclaration>;
  readonly signal: AbortSignal;
  onStep(job: Job, title: string): void;
  /** Resolves when no other job works on this machine, and none is let in until this one has ended. Absent: it is alone. */
  alone?(signal: AbortSignal): Promise<void>;
}

export interface JobOutcome {
  readonly fault?: Fault;
  /** Without the wait for the machine. */
  readonly tookMs: number;
  /** How long it waited to have the machine alone. */
  readonly waitedMs: number;
  /** False when the servers may be changed or broken: no other scenario may get them. */
  readonly reusable: boolean;
  /** False when a control's fault of the lab never came about. */
  readonly sabotaged: boolean;
}

interface DeadlineSignal {
  readonly signal: AbortSignal;
  /** The clock stands still during this work. */
  without<T>(work: () => Promise<T>): Promise<T>;
  /** Milliseconds for which the clock stood still. */
  stoodMs(): number;
  stop(): void;
}

/** A signal that is aborted by the run's own signal or, as `deadline`, after the given time. */
function deadlineSignal(outer: AbortSignal, job: Job): DeadlineSignal {
  const inner = new AbortController();
  const forward = (): void => inner.abort(outer.reason);
  if (outer.aborted) forward();
  outer.addEventListener("abort", forward, { once: true });
  const elapsed = (): void => {
    const message = `${job.scenario.id} did not end within ${job.deadlineSeconds} s.`;
    inner.abort(new HarnessError("deadline", message, { hint: "The last step in the journal tells where it stood." }));
  };
  let left = job.deadlineSeconds * 1_000;
  let since = performance.now();
  let timer = setTimeout(elapsed, left);
  let stood = 0;
  let ended = false;
  return {
    signal: inner.signal,
    async without(work) {
      clearTimeout(timer);
      const stopped = performance.now();
      left -= stopped - since;
      try {
        return await work();
      } finally {
        since = performance.now();
        stood += since - stopped;
        if (!ended) timer = setTimeout(elapsed, left);
      }
    },
    stoodMs: () => stood,
    stop() {
      ended = true;
      clearTimeout(timer);
      outer.removeEventListener("abort", forward);
    },
  };
}

/** Bounded call of the lab: a daemon that hangs must not hang the run. */
async function ask<T>(what: string, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = new HarnessError("environment", `The lab did not ${what} within ${labWithinMs / 1_000} s.`);
  const timer = setTimeout(() => reject(late), labWithinMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}

/** What is broken in the lab, as a fault; it explains whatever else went wrong. */
async function healthFault(deployment: Deployment, fault: Fault | undefined): Promise<Fault | undefined> {
  if (fault?.code === "interrupted") return fault;
  try {
    const broken = await ask("tell how its containers are", deployment.health());
    if (broken.length === 0) return fault;
    const after = fault === undefined ? "" : ` (the scenario saw: ${fault.message})`;
    const step = fault?.step === undefined ? {} : { step: fault.step };
    return { code: "lab-fault", message: `The lab broke: ${broken.join("; ")}${after}`, ...step };
  } catch (error) {
    return fault ?? toFault(error);
  }
}

async function keepLogs(deployment: Deployment, recorder: Recorder): Promise<void> {
  const logs = await ask("give its logs", deployment.logs());
  for (const [name, text] of Object.entries(logs)) await recorder.keep(`log-${name}.txt`, text);
}

/** Undoes what the scenario did to the lab. True when the servers can serve another scenario. */
async function tidy(deployment: Deployment, recorder: Recorder): Promise<boolean> {
  const healed = await ask("heal", deployment.heal()).then(
    () => true,
    () => false,
  );
  // Logs are a help for the reader; without them the measurements still stand.
  await keepLogs(deployment, recorder).catch(() => undefined);
  return healed;
}

/** The body of a job: returns its fault, or undefined when the scenario ran to its end. */
async function attempt(body: () => Promise<void>, recorder: Recorder, signal: AbortSignal): Promise<Fault | undefined> {
  const running = Promise.resolve().then(body);
  try {
    await abortable(signal, running);
    const misuse = recorder.misuse();
    return misuse === undefined ? undefined : toFault(misuse);
  } catch (error) {
    await settled(running, stopWithinMs);
    return toFault(error, recorder.stepOf(error));
  }
}

async function perform(job: Job, deployment: Deployment, parts: JobEnvironment): Promise<Omit<JobOutcome, "tookMs">> {
  const { journal, lab, drivers, signal: outer } = parts;
  let over = false;
  const limit = deadlineSignal(outer, job);
  const breaker = labBreaker(job.sabotage, deployment);
  const recorder = createRecorder({
    job,
    journal,
    declarations: parts.declarations,
    evidence: evidenceFolder(parts.runFolder, evidencePath(nameOf(job)), (text) => lab.redact(text)),
    guard() {
      limit.signal.throwIfAborted();
      if (over) throw new HarnessError("harness-fault", `${job.scenario.id} went on after its end.`);
    },
    async beforeStep(title) {
      parts.onStep(job, title);
      await breaker.beforeStep(title);
    },
  });
  const sessions = openSessions();
  const body = async (): Promise<void> => {
    const driver = await drivers.plain(job.candidate.protocol);
    const { seed, load } = parts;
    const context = createContext({
      job,
      seed,
      lab,
      deployment,
      driver,
      drivers,
      load,
      recorder,
      sessions,
      breaker,
      signal: limit.signal,
      alone: () => limit.without(async () => parts.alone?.(limit.signal)),
    });
    await breaker.start();
    await job.scenario.run(context);
  };
  const fault = await attempt(body, recorder, limit.signal);
  over = true;
  limit.stop();
  breaker.stop();
  await sessions.closeAll();
  const known = await healthFault(deployment, fault);
  const healed = await tidy(deployment, recorder);
  const reusable = healed && known === undefined;
  return {
    ...(known === undefined ? {} : { fault: known }),
    reusable,
    sabotaged: breaker.applied(),
    waitedMs: Math.round(limit.stoodMs()),
  };
}

/**
 * Runs one scenario on servers that are up and writes everything it says to the journal.
 * Whatever is thrown in between ends the job as failed with a fault, never as a verdict.
 * Rejects only when the journal cannot be written.
 */
export async function runJob(job: Job, deployment: Deployment, parts: JobEnvironment): Promise<JobOutcome> {
  await parts.journal.append(startOf(job));
  const started = performance.now();
  const { fault, ...rest } = await perform(job, deployment, parts);
  const tookMs = Math.round(performance.now() - started) - rest.waitedMs;
  await endJob(job, parts.journal, fault, { tookMs, waitedMs: rest.waitedMs });
  return { ...rest, tookMs, ...(fault === undefined ? {} : { fault }) };
}

/** A job that never got servers: started and failed in the journal, so that its rows are inconclusive and say why. */
export async function failJob(job: Job, fault: Fault, journal: JournalWriter): Promise<JobOutcome> {
  await journal.append(startOf(job));
  await endJob(job, journal, fault, { tookMs: 0, waitedMs: 0 });
  return { fault, tookMs: 0, waitedMs: 0, reusable: false, sabotaged: false };
}

const startOf = (job: Job): JournalEvent => ({
  type: "scenario-started",
  ...nameOf(job),
  ...(job.mutual === true ? { mutual: true } : {}),
  params: job.params,
});

async function endJob(
  job: Job,
  journal: JournalWriter,
  fault: Fault | undefined,
  { tookMs, waitedMs }: Pick<JobOutcome, "tookMs" | "waitedMs">,
): Promise<void> {
  const end = fault === undefined ? { outcome: "completed" as const } : { outcome: "failed" as const, fault };
  await journal.append({
    type: "scenario-ended",
    ...nameOf(job),
    ...end,
    tookMs,
    ...(waitedMs === 0 ? {} : { waitedMs }),
  });
}
