import { randomInt } from "node:crypto";
import { rmSync, symlinkSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Candidate } from "../model/candidate.ts";
import type { Catalogue } from "../model/criterion.ts";
import { HarnessError } from "../model/errors.ts";
import type { Lab } from "../model/lab.ts";
import { abortable } from "./faults.ts";
import { createJournal } from "./journal.ts";
import type { JournalWriter } from "./journal.ts";
import type { Headroom } from "./machine.ts";
import type { RunObserver } from "./observer.ts";
import type { DriverSet, RunParts } from "./parts.ts";
import type { Plan } from "./plan.ts";
import { collectFacts, newRunId } from "./provenance.ts";
import { runJobs } from "./scheduler.ts";
import type { JobResult } from "./scheduler.ts";

interface CommonOptions {
  readonly parts: RunParts;
  readonly observer: RunObserver;
  readonly signal: AbortSignal;
  /** Leave the servers of failed scenarios up. */
  readonly keep: boolean;
  /** Folder that gets one folder per run and the link `latest`. */
  readonly outFolder: string;
}

export interface LabOptions extends CommonOptions {
  readonly candidates: readonly Candidate[];
}

interface PlannedOptions extends CommonOptions {
  readonly plan: Plan;
  readonly catalogue: Catalogue;
  /** The repository's folder. */
  readonly root: string;
  readonly profile: string;
  /** As typed, without paths of this machine. */
  readonly command: string;
  /** Deployments at the same time, at most. */
  readonly concurrency: number;
  /** Asked before more deployments than processors are up at the same time; absent: `concurrency` alone counts. */
  readonly headroom?: Headroom;
}

/** A run on a lab that somebody else made and will take down. */
export interface PreparedRun extends PlannedOptions {
  readonly lab: Lab;
  readonly drivers: DriverSet;
}

export type RunOptions = PlannedOptions;

export interface RunOutcome {
  readonly id: string;
  readonly folder: string;
  readonly results: readonly JobResult[];
  readonly outcome: "completed" | "interrupted";
}

const environmentError = (folder: string, error: unknown): HarnessError =>
  new HarnessError("environment", `Expected to write below ${folder}, but ${(error as Error).message}.`, {
    hint: "Choose another folder with --out, or free some space.",
    cause: error,
  });

async function createFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw environmentError(folder, error);
  });
}

/** `latest` is a comfort: a file system without links must not end a run. */
function pointLatest(outFolder: string, id: string): void {
  const link = join(outFolder, "latest");
  try {
    rmSync(link, { force: true });
    symlinkSync(id, link);
  } catch {
    return;
  }
}

/** Never throws: what a clean-up cannot remove is removed at the next start. */
async function closing(close: () => Promise<void>, observer: RunObserver): Promise<void> {
  await close().catch((error: unknown) => observer.warning(`Cleaning up: ${(error as Error).message}`));
}

/** Runs a plan on a lab that is prepared, into a new folder with journal and evidence. */
export async function runInto(folder: string, id: string, options: PreparedRun): Promise<RunOutcome> {
  const { plan, catalogue, lab, drivers, observer, signal, root, command, profile } = options;
  const startedAt = new Date().toISOString();
  const facts = await collectFacts({ id, startedAt, root, command, profile, catalogue, plan, lab });
  await createFolder(folder);
  await writeFile(join(folder, "run.json"), `${JSON.stringify(facts, undefined, 2)}\n`);
  const journal = await createJournal(join(folder, "journal.jsonl"), {
    redact: (text) => lab.redact(text),
    now: () => new Date().toISOString(),
  });
  try {
    await journal.append({ type: "run-started", version: 1, run: facts });
    observer.planned(plan, id, folder);
    const results = await runJobs(plan.jobs, {
      runFolder: folder,
      seed: plan.seed,
      lab,
      drivers,
      load: options.parts.load,
      journal,
      declarations: new Map(catalogue.measurements.map((declaration) => [declaration.id, declaration])),
      signal,
      concurrency: options.concurrency,
      ...(options.headroom === undefined ? {} : { headroom: options.headroom }),
      keep: options.keep,
      observer,
      engineAnswers: () => options.parts.engineAnswers(),
      onStep: (job, title) => observer.jobStep(job, title),
    });
    return { id, folder, results, outcome: await endRun(journal, signal) };
  } finally {
    await journal.close();
  }
}

async function endRun(journal: JournalWriter, signal: AbortSignal): Promise<RunOutcome["outcome"]> {
  const outcome = signal.aborted ? "interrupted" : "completed";
  await journal.append({ type: "run-ended", outcome });
  return outcome;
}

/** A run that never came to its journal leaves no folder behind. */
async function removeIfEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => ["unreadable"]);
  if (names.some((name) => name !== "ca.pem")) return;
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}

/** Makes lab and drivers, lets `use` work with them, and takes them down again whatever happens. */
export async function withLab<T>(
  { parts, observer, keep, candidates, signal, outFolder }: LabOptions,
  use: (run: {
    readonly id: string;
    readonly folder: string;
    readonly lab: Lab;
    readonly drivers: DriverSet;
  }) => Promise<T>,
): Promise<T> {
  const id = newRunId(new Date(), randomInt(0x1_0000));
  const folder = join(outFolder, id);
  await createFolder(folder);
  const lab = await parts.createLab(id, folder, signal).catch(async (error: unknown) => {
    await removeIfEmpty(folder);
    throw error;
  });
  const drivers = parts.createDrivers();
  try {
    await abortable(
      signal,
      lab.prepare(candidates, (what) => observer.progress(what)),
    );
    return await use({ id, folder, lab, drivers });
  } finally {
    await closing(() => drivers.close(), observer);
    if (!keep) await closing(async () => lab[Symbol.asyncDispose](), observer);
    await removeIfEmpty(folder);
  }
}

/**
 * Runs the plan and leaves `run.json`, `journal.jsonl` and `evidence/` in a new folder of `outFolder`.
 * An interruption ends the run politely and is no error. Throws `environment` when nothing can be built, started or written.
 */
export async function executeRun(options: RunOptions): Promise<RunOutcome> {
  return withLab({ ...options, candidates: options.plan.candidates }, async ({ id, folder, lab, drivers }) => {
    const observer: RunObserver = {
      ...options.observer,
      planned(plan, runId, place) {
        pointLatest(options.outFolder, id);
        options.observer.planned(plan, runId, place);
      },
    };
    return runInto(folder, id, { ...options, observer, lab, drivers });
  });
}
