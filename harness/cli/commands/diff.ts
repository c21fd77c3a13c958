import type { Command } from "commander";
import type { Result, UsedMeasurement, VerdictRecord } from "../../model/result.ts";
import { collect, examples } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { judgeRun } from "../finish.ts";
import { columns, print, printJson, safe } from "../output.ts";
import { findRun, outFolder } from "../paths.ts";
import { addRunOptions, performRun, showRun } from "./run.ts";
import type { RunCommandOptions } from "./run.ts";

/** A verdict that is not the same in both runs; `before` and `after` carry the measured values. */
interface Move {
  /** "F-01 prosody hardened" */
  readonly id: string;
  readonly before: string;
  readonly after: string;
}

const valueText = ({ id, value, total, unit }: UsedMeasurement): string =>
  `${id} = ${String(value)}${total === undefined ? "" : `/${total}`}${unit === undefined ? "" : ` ${unit}`}`;

function words(record: VerdictRecord | undefined): string {
  if (record === undefined) return "absent";
  const { verdict, points, measurements } = record;
  const values = measurements.filter(({ role }) => role === "rule").map(valueText);
  return `${verdict}${points === null ? "" : ` ${points}/10`}${values.length === 0 ? "" : ` (${values.join("; ")})`}`;
}

/** Rows of `after` that `before` had too and that came out differently. Points count as a different outcome, times alone do not. */
function moves(before: Result, after: Result): readonly Move[] {
  const keyOf = ({ criterion, candidate, config }: VerdictRecord): string => `${criterion} ${candidate} ${config}`;
  const known = new Map(before.verdicts.map((record) => [keyOf(record), record]));
  return after.verdicts.flatMap((record) => {
    const other = known.get(keyOf(record));
    if (other === undefined || (other.verdict === record.verdict && other.points === record.points)) return [];
    return [{ id: keyOf(record), before: words(other), after: words(record) }];
  });
}

function show(found: readonly Move[], compared: number): void {
  print(...columns(found.map(({ id, before, after }) => [id, safe(before), "→", safe(after)])));
  print(
    found.length === 0 ? `No verdict moved (${compared} compared).` : `${found.length} of ${compared} verdicts moved.`,
  );
}

const comparable = ({ verdicts }: Result, { verdicts: others }: Result): number =>
  Math.min(verdicts.length, others.length);

interface DiffOptions {
  readonly out?: string;
  readonly json?: boolean;
}

interface RerunOptions extends DiffOptions {
  readonly only: readonly string[];
  readonly jobs: number;
  readonly keep?: boolean;
}

const sizes: Readonly<Record<string, string>> = { quick: "quick", full: "full" };

/** The options of a run as its facts record them; its catalogue is the one kept in its folder. */
function optionsOf({ run }: Result, folder: string, options: RerunOptions): RunCommandOptions {
  const profile = sizes[run.size ?? ""] ?? run.profile;
  const { out, json, keep } = options;
  return {
    candidate: run.candidates.map(({ id }) => id),
    only: options.only.length > 0 ? options.only : run.scenarios.map(({ id }) => id),
    config: [],
    profile,
    catalogue: `${folder}/criteria.yaml`,
    repeat: run.repeat,
    seed: run.seed,
    jobs: options.jobs,
    ...(out === undefined ? {} : { out }),
    ...(json === undefined ? {} : { json }),
    ...(keep === undefined ? {} : { keep }),
  };
}

export function registerDiff(program: Command, done: Done): void {
  program
    .command("diff <runA> <runB>")
    .description("list the verdicts that moved between two runs, with their values")
    .option("--out <folder>", "folder of the runs (default: out)")
    .option("--json", "print an array of objects with `id`")
    .addHelpText("after", examples("./pruefstand diff 20261123-143005-4f2a latest"))
    .action(async (nameA: string, nameB: string, options: DiffOptions) => {
      const out = outFolder(options.out);
      const [before, after] = [await judgeRun(await findRun(nameA, out)), await judgeRun(await findRun(nameB, out))];
      const found = moves(before.result, after.result);
      if (options.json === true) printJson(found);
      else show(found, comparable(before.result, after.result));
      done(found.length === 0 ? exitCodes.met : exitCodes.notMet);
    });
  const rerun = program
    .command("rerun <run>")
    .description("run the plan of an earlier run again, with its seed and catalogue, and say what moved")
    .option("--only <name>", "only these criteria or scenarios", collect, []);
  addRunOptions(rerun)
    .addHelpText("after", examples("./pruefstand rerun latest", "./pruefstand rerun latest --only E-01"))
    .action(async (name: string, options: RerunOptions) => {
      const folder = await findRun(name, outFolder(options.out));
      const before = await judgeRun(folder);
      const again = await performRun(optionsOf(before.result, folder, options));
      const code = showRun(again, options.json === true);
      if (options.json !== true) show(moves(before.result, again.result), comparable(before.result, again.result));
      done(code);
    });
}
