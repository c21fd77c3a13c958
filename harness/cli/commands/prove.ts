import type { Command } from "commander";
import type { ProofRecord } from "../../model/control.ts";
import type { VerdictRecord } from "../../model/result.ts";
import { judge } from "../../judge/judge.ts";
import { unknownName } from "../../model/nearest.ts";
import { proveControls } from "../../run/prove.ts";
import type { FoundControl } from "../../run/controls.ts";
import { collect, examples, wholeNumber } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { judgeRun } from "../finish.ts";
import { paintFor, print, printJson, safe, tell } from "../output.ts";
import type { Tone } from "../output.ts";
import { findRun, outFolder, projectRoot, runIds } from "../paths.ts";
import { loadProject, projectControls } from "../project.ts";
import { publishProofs, unproven } from "../proofs.ts";
import { interruptible, showProgress } from "../progress.ts";
import { prepareMachine, realParts } from "../wiring.ts";
import { defaultJobs, defaultSeed } from "./run.ts";

interface ProveOptions {
  readonly only: readonly string[];
  readonly json?: boolean;
  readonly jobs: number;
  readonly seed: string;
  readonly keep?: boolean;
  readonly stale?: boolean;
  readonly shard?: Shard;
  readonly publish?: boolean;
  readonly out?: string;
}

/** The n-th of `of` parts, from 1. */
interface Shard {
  readonly part: number;
  readonly of: number;
}

const tones: Readonly<Record<ProofRecord["outcome"], Tone>> = { caught: "good", missed: "bad", error: "doubt" };

/** Controls named by their own id, their criterion, scenario or candidate. */
function pick(controls: readonly FoundControl[], only: readonly string[]): readonly FoundControl[] {
  const namesOf = ({ control }: FoundControl): readonly string[] => [
    control.id,
    control.criterion,
    control.scenario,
    control.candidate,
  ];
  const known = [...new Set(controls.flatMap(namesOf))];
  for (const name of only) {
    if (!known.some((one) => one.toLowerCase() === name.toLowerCase())) throw unknownName("control", name, known);
  }
  if (only.length === 0) return controls;
  return controls.filter((one) =>
    only.some((name) => namesOf(one).some((own) => own.toLowerCase() === name.toLowerCase())),
  );
}

function shardOf(text: string): Shard {
  const [, part = 0, of = 0] = (/^(\d+)\/(\d+)$/u.exec(text) ?? []).map(Number);
  if (part < 1 || part > of) throw new RangeError(`expected a part like 2/3, got "${text}"`);
  return { part, of };
}

/** Every n-th control, so that the slow ones of one scenario are spread over all parts. */
const inShard = <T>(items: readonly T[], shard: Shard | undefined): readonly T[] =>
  shard === undefined ? items : items.filter((_, index) => index % shard.of === shard.part - 1);

/** Verdicts of the newest run that can be judged, to tell what else a sabotage changes. */
async function baselineOf(out: string): Promise<readonly VerdictRecord[]> {
  if ((await runIds(out)).length === 0) return [];
  try {
    return (await judgeRun(await findRun("latest", out))).result.verdicts;
  } catch {
    return [];
  }
}

async function run(options: ProveOptions): Promise<ExitCode> {
  const project = await loadProject();
  const out = outFolder(options.out);
  const all = await projectControls(project);
  const picked = inShard(pick(all, options.only), options.shard);
  const controls = options.stale === true ? await unproven(picked, project, out) : picked;
  if (controls.length < picked.length)
    tell(`${picked.length - controls.length} of ${picked.length} are proven already`);
  const paint = paintFor(process.stderr);
  const view = showProgress();
  const { signal, release } = interruptible();
  try {
    await prepareMachine((what) => view.progress(what));
    let done = 0;
    const records = await proveControls({
      ...project,
      controls,
      parts: await realParts(),
      observer: view,
      signal,
      keep: options.keep === true,
      root: projectRoot,
      outFolder: out,
      command: "pruefstand prove",
      seed: options.seed,
      concurrency: options.jobs,
      judge: ({ entries, sha256 }, catalogue) => judge({ entries, journalSha256: sha256, catalogue, proofs: [] }),
      baseline: await baselineOf(out),
      started: (control) => view.progress(`${control.id}: ${control.explains.en}`),
      ended({ control, outcome, expected, observed, note }) {
        done += 1;
        const said = `${control}: expected ${expected}, got ${observed} – ${safe(note)}`;
        view.progress(`${paint(tones[outcome], outcome)}  ${said}  [${done}/${controls.length}]`);
      },
    });
    view.stop();
    if (options.publish === true) await publishProofs(all, out);
    return show(records, options.json === true, signal.aborted, controls.length);
  } finally {
    view.stop();
    release();
  }
}

function show(records: readonly ProofRecord[], json: boolean, interrupted: boolean, wanted: number): ExitCode {
  const count = (outcome: ProofRecord["outcome"]): number =>
    records.filter((record) => record.outcome === outcome).length;
  const sorted = records.toSorted((left, right) => left.control.localeCompare(right.control, "en", { numeric: true }));
  if (json) printJson(sorted.map((record) => ({ id: record.control, ...record })));
  else {
    const paint = paintFor(process.stdout);
    for (const record of sorted) {
      const { control, outcome, expected, observed, note } = record;
      print(
        `${paint(tones[outcome], outcome.padEnd(6))}  ${control}: expected ${expected}, got ${observed} – ${safe(note)}`,
      );
    }
  }
  tell(
    `${records.length} of ${wanted} controls: ${count("caught")} caught, ${count("missed")} missed, ${count("error")} errors`,
  );
  if (interrupted) return exitCodes.interrupted;
  if (count("error") > 0 || records.length < wanted) return exitCodes.inconclusive;
  return count("missed") > 0 ? exitCodes.notMet : exitCodes.met;
}

export function registerProve(program: Command, done: Done): void {
  program
    .command("prove")
    .description("break servers and lab on purpose and show that every scenario notices")
    .option("--only <name>", "only these controls, or all of a criterion, scenario or candidate", collect, [])
    .option("--stale", "leave out controls that were caught by the code as it is now; goes on after an interruption")
    .option("--shard <part>", "only one of several parts, such as 1/3", shardOf)
    .option("--publish", "write the last result of every control to fixtures/proofs.json, which a fresh clone shows")
    .option("--jobs <n>", "controls at the same time", wholeNumber(1), defaultJobs())
    .option("--seed <text>", "seed of names and load", defaultSeed)
    .option("--keep", "leave the servers of failed scenarios up until the next run or `clean`")
    .option("--out <folder>", "folder of the runs (default: out)")
    .option("--json", "print an array of objects with `id`")
    .addHelpText(
      "after",
      examples(
        "./pruefstand prove",
        "./pruefstand prove --only T-01 --json",
        "./pruefstand prove --only SZ-05",
        "./pruefstand prove --stale --shard 1/3",
      ),
    )
    .action(async (options: ProveOptions) => done(await run(options)));
}
