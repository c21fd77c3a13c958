import type { Command } from "commander";
import { HarnessError } from "../../model/errors.ts";
import type { Result } from "../../model/result.ts";
import { collect, examples } from "../command.ts";
import { causeText, compareRuns } from "../comparison.ts";
import type { Comparison, Pairs } from "../comparison.ts";
import type { Done } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { judgeRun } from "../finish.ts";
import { columns, print, printJson, safe } from "../output.ts";
import { findRun, outFolder } from "../paths.ts";
import { addRunOptions, performRun, showRun } from "./run.ts";
import type { RunCommandOptions } from "./run.ts";

function show({ circumstances, moves, compared }: Comparison): void {
  if (circumstances.length > 0) {
    print("Changed between the runs:");
    const rows = circumstances.map(({ what, candidate, before, after }) => [
      `  ${what}${candidate === undefined ? "" : ` ${candidate}`}`,
      before,
      "→",
      after,
    ]);
    print(...columns(rows.map((row) => row.map(safe))), "");
  }
  for (const one of moves) print(`${safe(one.id)}: ${safe(one.before)} → ${safe(one.after)}`, `  ${causeText(one)}`);
  print(
    moves.length === 0 ? `No verdict moved (${compared} compared).` : `${moves.length} of ${compared} verdicts moved.`,
  );
}

interface DiffOptions {
  readonly pair?: readonly string[];
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

/** "prosody-0.12=prosody" */
function pairsFrom(texts: readonly string[], before: Result, after: Result): Pairs | undefined {
  if (texts.length === 0) return undefined;
  const known = (id: string, { run }: Result): boolean => run.candidates.some((one) => one.id === id);
  return new Map(
    texts.map((text): [string, string] => {
      const [old = "", now = "", ...more] = text.split("=");
      if (more.length === 0 && known(old, before) && known(now, after)) return [old, now];
      const ids = ({ run }: Result): string => run.candidates.map(({ id }) => id).join(", ");
      throw new HarnessError("bad-input", `Expected --pair <old>=<new>, got "${text}".`, {
        hint: `Products of the first run: ${ids(before)}; of the second: ${ids(after)}.`,
      });
    }),
  );
}

export function registerDiff(program: Command, done: Done): void {
  program
    .command("diff <runA> <runB>")
    .description("list the verdicts that moved between two runs, with their values")
    .option("--pair <old=new>", "hold these two products against each other (repeatable)", collect, [])
    .option("--out <folder>", "folder of the runs (default: out)")
    .option("--json", "print an array of objects with `id`")
    .addHelpText(
      "after",
      examples(
        "./pruefstand diff 20261123-143005-4f2a latest",
        "./pruefstand diff latest latest --pair prosody-0.12=prosody",
      ),
    )
    .action(async (nameA: string, nameB: string, options: DiffOptions) => {
      const out = outFolder(options.out);
      const [before, after] = [await judgeRun(await findRun(nameA, out)), await judgeRun(await findRun(nameB, out))];
      const pairs = pairsFrom(options.pair ?? [], before.result, after.result);
      const found = compareRuns(before.result, after.result, pairs);
      if (options.json === true) printJson(found.moves);
      else show(found);
      done(found.moves.length === 0 ? exitCodes.met : exitCodes.notMet);
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
      const code = await showRun(again, options);
      if (options.json !== true) show(compareRuns(before.result, again.result));
      done(code);
    });
}
