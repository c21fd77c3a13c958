import { basename, isAbsolute, join, relative } from "node:path";
import { cpus, totalmem } from "node:os";
import type { Command } from "commander";
import type { PriceList } from "../../model/result.ts";
import type { ConfigName } from "../../model/candidate.ts";
import { HarnessError } from "../../model/errors.ts";
import { processorHeadroom } from "../../run/headroom.ts";
import { candidateSets, makePlan } from "../../run/plan.ts";
import type { CandidateSet, Plan } from "../../run/plan.ts";
import { executeRun } from "../../run/run.ts";
import { timingsOf } from "../../run/timings.ts";
import type { Timings } from "../../run/timings.ts";
import { readJournal } from "../../run/journal.ts";
import type { RunOutcome } from "../../run/run.ts";
import { awardLines } from "./award.ts";
import { withFolders } from "../candidates.ts";
import { collect, examples, wholeNumber } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodeTable } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { finishRun, keepInputs, runFiles } from "../finish.ts";
import type { Finished } from "../finish.ts";
import { addDossierOption, chosenDossiers } from "../dossiers.ts";
import type { DossierOptions } from "../dossiers.ts";
import { paintFor, print, printJson, tell } from "../output.ts";
import { catalogueFile, outFolder, projectRoot } from "../paths.ts";
import { addPriceOptions, readPrices, requirePrices } from "../prices.ts";
import type { PriceOptions } from "../prices.ts";
import { currentSubjects, knownOffers, loadProject, splitProfile } from "../project.ts";
import { knownProofs } from "../proofs.ts";
import type { Project } from "../project.ts";
import { interruptible, showProgress } from "../progress.ts";
import { resultTable } from "../result-table.ts";
import { exitOf } from "../run-exit.ts";
import { timingLines } from "../timings-table.ts";
import { prepareMachine, realParts } from "../wiring.ts";

/** One seed for all runs unless another is asked for: two runs of one machine are to be compared. */
export const defaultSeed = "1";

export interface RunCommandOptions extends PriceOptions, DossierOptions {
  readonly candidate: readonly string[];
  readonly candidates?: string;
  readonly only: readonly string[];
  readonly config: readonly string[];
  readonly profile?: string;
  readonly catalogue?: string;
  readonly repeat: number;
  readonly seed: string;
  readonly jobs: number;
  readonly keep?: boolean;
  readonly out?: string;
  readonly json?: boolean;
  readonly timings?: boolean;
}

export const defaultJobs = (): number => cpus().length + 1;

/** What two servers with their databases and the clients of a scenario take at most. */
const bytesPerDeployment = 2 * 1024 ** 3;

/** At most: more than one per processor only while the processors have time to spare, as in scenarios that wait for a minute. */
const mostDeployments = (): number =>
  Math.max(cpus().length, Math.min(cpus().length * 5, Math.floor(totalmem() / bytesPerDeployment)));

function configsFrom(names: readonly string[]): readonly ConfigName[] {
  const wrong = names.find((name) => name !== "default" && name !== "hardened");
  if (wrong === undefined) return names as readonly ConfigName[];
  throw new HarnessError("bad-input", `Expected --config default or hardened, got "${wrong}".`);
}

function setFrom(name: string | undefined): CandidateSet | undefined {
  const set = candidateSets.find((one) => one === name);
  if (name === undefined || set !== undefined) return set;
  throw new HarnessError("bad-input", `Expected --candidates standard or all, got "${name}".`, {
    hint: "Single candidates are named by --candidate <id>; `./pruefstand list candidates` shows them.",
  });
}

function planFor(project: Project, options: RunCommandOptions): Plan {
  const { size, scenarioIds, inDepth } = splitProfile(options.profile);
  return makePlan({
    ...project,
    size,
    scenarioIds,
    inDepth,
    seed: options.seed,
    repeat: options.repeat,
    only: options.only,
    onlyCandidates: options.candidate,
    candidateSet: setFrom(options.candidates),
    onlyConfigs: configsFrom(options.config),
  });
}

async function pricesFor({ catalogue }: Project, options: RunCommandOptions): Promise<PriceList | undefined> {
  requirePrices(options);
  if (options.prices === undefined) return undefined;
  const { performance: _, ...list } = await readPrices(options.prices, await knownOffers(catalogue), options);
  return list;
}

/** As typed, with paths of this machine cut to what lies below the repository. */
const typedCommand = (): string =>
  [
    "pruefstand",
    ...process.argv
      .slice(2)
      .map((part) => part.replaceAll(`${projectRoot}/`, ""))
      .map(withoutMachine),
  ].join(" ");
/** Of a folder elsewhere only its name says something to a reader. */
const withoutMachine = (part: string): string => (isAbsolute(part) ? basename(part) : part);

export interface CompletedRun extends Finished {
  readonly folder: string;
  readonly code: ExitCode;
}

const engineWasLost = ({ results }: RunOutcome): boolean =>
  results.some(({ outcome }) => outcome.fault?.code === "environment");

/** Plans, prepares the machine, runs, judges, renders, signs. Nothing is started before all input is checked. */
export async function performRun(options: RunCommandOptions, seen?: (plan: Plan) => void): Promise<CompletedRun> {
  const known = await loadProject(options);
  const { candidates, ids } = await withFolders(known.candidates, options.candidate);
  const project = { ...known, candidates };
  const plan = planFor(project, { ...options, candidate: ids });
  const subjects = await currentSubjects(project);
  const priceList = await pricesFor(project, options);
  const dossiers = await chosenDossiers(
    options,
    project.catalogue,
    plan.candidates.map(({ id }) => id),
  );
  seen?.(plan);
  const out = outFolder(options.out);
  const view = showProgress();
  const { signal, release } = interruptible();
  const inputs = { catalogue: catalogueFile(options.catalogue), profile: options.profile };
  try {
    await prepareMachine((what) => view.progress(what));
    signal.throwIfAborted();
    const records = await knownProofs(out);
    let keeping: Promise<void> = Promise.resolve();
    const outcome = await executeRun({
      plan,
      catalogue: project.catalogue,
      parts: await realParts(),
      observer: {
        ...view,
        planned(planned, id, folder) {
          keeping = keepInputs(folder, inputs, { records, subjects }, { prices: priceList, dossiers });
          view.planned(planned, id, folder);
        },
      },
      signal,
      root: projectRoot,
      outFolder: out,
      profile: project.catalogue.profile,
      command: typedCommand(),
      concurrency: options.jobs,
      headroom: processorHeadroom(),
      keep: options.keep === true,
    });
    await keeping;
    view.progress("judging and writing the report");
    const finished = await finishRun(outcome.folder);
    const code = exitOf(finished.result, options.only.length > 0, engineWasLost(outcome));
    return { ...finished, folder: outcome.folder, code };
  } finally {
    view.stop();
    release();
  }
}

/** Where to read on, relative to where the user is. */
export const shortPath = (path: string): string => {
  const below = relative(process.cwd(), path);
  return below.startsWith("..") ? path : below;
};

function report({ result, reports, folder }: CompletedRun): void {
  const paint = paintFor(process.stdout);
  print("", ...resultTable(result, paint), "");
  if (result.award) print(...awardLines(result.award), "");
  for (const { format, error } of reports)
    if (error !== undefined) tell(`The ${format} report could not be written: ${error}`);
  if (result.run.compression.length > 0) {
    print(`Time-compressed: ${result.run.compression.length} parameters (--profile full runs the uncompressed plan).`);
  }
  print(`Report: ${shortPath(join(folder, runFiles.report, "index.html"))}`, `Run:    ${result.run.id}`);
}

/** Options that `run` and `rerun` share. */
export function addRunOptions(command: Command): Command {
  return command
    .option("--jobs <n>", "deployments at the same time at most (load runs alone)", wholeNumber(1), mostDeployments())
    .option("--keep", "leave the servers of failed scenarios up until the next run or `clean`")
    .option("--out <folder>", "folder of the runs (default: out)")
    .option("--timings", "also print how long each job took and what the end of the run waited for")
    .option("--json", "print the result as JSON instead of the table");
}

const timingsIn = async (folder: string): Promise<Timings> =>
  timingsOf((await readJournal(join(folder, runFiles.journal))).entries);

/** Prints what a run gave; returns its exit code. */
export async function showRun(run: CompletedRun, how: { json?: boolean; timings?: boolean }): Promise<ExitCode> {
  const timings = how.timings === true ? await timingsIn(run.folder) : undefined;
  if (how.json === true) printJson(timings === undefined ? run.result : { ...run.result, timings });
  else {
    report(run);
    if (timings !== undefined) print("", ...timingLines(timings));
  }
  return run.code;
}

export function registerRun(program: Command, done: Done): void {
  const command = program
    .command("run")
    .description("run scenarios against candidates, judge them and write the report")
    .option(
      "--candidate <id or folder>",
      "only these candidates: ids, or folders of candidates anywhere (repeatable, or a,b)",
      collect,
      [],
    )
    .option("--candidates <set>", "standard (default) or all: which candidates, where none is named")
    .option("--only <name>", "only these criteria or scenarios (repeatable, or F-01,SZ-16)", collect, [])
    .option(
      "--profile <name>",
      "quick, in-depth, full, or a profile of the catalogue (interministerial, market-survey, vs-nfd …)",
    )
    .option("--config <name>", "only default or only hardened", collect, [])
    .option("--repeat <n>", "run everything n times; differing verdicts are marked unstable", wholeNumber(1), 1)
    .option("--seed <text>", "seed of order, names and load", defaultSeed)
    .option("--catalogue <file>", "another catalogue than criteria.yaml");
  addDossierOption(command, "fixtures/dossiers");
  addPriceOptions(addRunOptions(command))
    .addHelpText(
      "after",
      examples(
        "./pruefstand run",
        "./pruefstand run --profile quick --timings",
        "./pruefstand run --candidate prosody --only F-01",
        "./pruefstand run --candidate ../our-messenger --only F-01",
        "./pruefstand run --candidates all",
        "./pruefstand run --only SZ-19 --profile full --repeat 3",
      ) + `\n${exitCodeTable}`,
    )
    .action(async (options: RunCommandOptions) => done(await showRun(await performRun(options), options)));
}
