import { randomInt } from "node:crypto";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Catalogue } from "../model/criterion.ts";
import { HarnessError } from "../model/errors.ts";
import type { Lab } from "../model/lab.ts";
import { createJournal } from "./journal.ts";
import type { JournalWriter } from "./journal.ts";
import type { RunObserver } from "./observer.ts";
import type { RunParts } from "./parts.ts";
import type { Plan } from "./plan.ts";
import { collectFacts, newRunId } from "./provenance.ts";
import { runJobs } from "./scheduler.ts";
import type { JobResult } from "./scheduler.ts";

export interface RunOptions {
  readonly plan: Plan;
  readonly catalogue: Catalogue;
  readonly parts: RunParts;
  readonly observer: RunObserver;
  readonly signal: AbortSignal;
  /** The repository's folder. */
  readonly root: string;
  /** Folder that gets one folder per run. */
  readonly outFolder: string;
  readonly profile: string;
  /** As typed, without paths of this machine. */
  readonly command: string;
  readonly concurrency: number;
  readonly keep: boolean;
  /** Points `latest` to this run; false for runs of controls. */
  readonly latest: boolean;
}

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

async function pointLatest(outFolder: string, id: string): Promise<void> {
  const link = join(outFolder, "latest");
  await rm(link, { force: true });
  await symlink(id, link);
}

/** Never throws: what a clean-up cannot remove is removed at the next start. */
async function closing(close: () => Promise<void>, observer: RunObserver): Promise<void> {
  await close().catch((error: unknown) => observer.warning(`Cleaning up: ${(error as Error).message}`));
}

async function execute(options: RunOptions, lab: Lab, id: string): Promise<RunOutcome> {
  const { plan, catalogue, parts, observer, signal, root, outFolder } = options;
  await lab.prepare(plan.candidates, (what) => observer.progress(what));
  signal.throwIfAborted();
  const startedAt = new Date().toISOString();
  const { command, profile } = options;
  const facts = await collectFacts({ id, startedAt, root, command, profile, catalogue, plan, lab });
  const folder = join(outFolder, id);
  await createFolder(folder);
  await writeFile(join(folder, "run.json"), `${JSON.stringify(facts, undefined, 2)}\n`);
  const journal = await createJournal(join(folder, "journal.jsonl"), {
    redact: (text) => lab.redact(text),
    now: () => new Date().toISOString(),
  });
  if (options.latest) await pointLatest(outFolder, id);
  const drivers = parts.createDrivers(lab);
  try {
    await journal.append({ type: "run-started", version: 1, run: facts });
    observer.planned(plan, id);
    const results = await runJobs(plan.jobs, {
      runFolder: folder,
      seed: plan.seed,
      lab,
      drivers,
      load: parts.load,
      journal,
      declarations: new Map(catalogue.measurements.map((declaration) => [declaration.id, declaration])),
      signal,
      concurrency: options.concurrency,
      keep: options.keep,
      observer,
      engineAnswers: () => parts.engineAnswers(),
      onStep: (job, title) => observer.jobStep(job, title),
    });
    return { id, folder, results, outcome: await endRun(journal, signal) };
  } finally {
    await journal.close();
    await closing(() => drivers.close(), observer);
  }
}

async function endRun(journal: JournalWriter, signal: AbortSignal): Promise<RunOutcome["outcome"]> {
  const outcome = signal.aborted ? "interrupted" : "completed";
  await journal.append({ type: "run-ended", outcome });
  return outcome;
}

/**
 * Runs the plan and leaves `run.json`, `journal.jsonl` and `evidence/` in a new folder of `outFolder`.
 * An interruption ends the run politely and is no error. Throws `environment` when nothing can be built, started or written.
 */
export async function executeRun(options: RunOptions): Promise<RunOutcome> {
  const id = newRunId(new Date(), randomInt(0x1_0000));
  const lab = await options.parts.createLab(id);
  try {
    return await execute(options, lab, id);
  } finally {
    if (!options.keep) await closing(async () => lab[Symbol.asyncDispose](), options.observer);
  }
}
