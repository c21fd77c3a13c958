import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { examples } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { finishRun, judgeRun, renderReports, resultText, runFiles } from "../finish.ts";
import type { Judged, JudgeChoice } from "../finish.ts";
import { paintFor, print, tell } from "../output.ts";
import { findRun, outFolder } from "../paths.ts";
import { resultTable } from "../result-table.ts";
import { isPlainFile } from "../../run/evidence.ts";
import { manifestFiles } from "../../run/manifest.ts";
import { shortPath } from "./run.ts";

interface JudgeOptions extends JudgeChoice {
  readonly out?: string;
  readonly json?: boolean;
}

/** A judgement beside the run's own one: named by profile and catalogue, so that equal choices give equal files. */
async function keepBeside(folder: string, judged: Judged): Promise<string> {
  const { profile, sha256 } = judged.catalogue;
  const target = join(folder, "judged", `${profile.replaceAll(/[^A-Za-z0-9-]/gu, "_")}-${sha256.slice(0, 8)}`);
  await mkdir(target, { recursive: true });
  await writeFile(join(target, runFiles.result), resultText(judged.result));
  await renderReports(folder, judged, target);
  return target;
}

async function run(name: string, options: JudgeOptions): Promise<void> {
  const folder = await findRun(name, outFolder(options.out));
  const judged = await judgeRun(folder, options);
  if (options.json === true) {
    process.stdout.write(resultText(judged.result));
    return;
  }
  const target = await keepBeside(folder, judged);
  print(...resultTable(judged.result, paintFor(process.stdout)), "");
  print(`Judged under ${judged.catalogue.profile}: ${shortPath(join(target, runFiles.result))}`);
  print(`Report: ${shortPath(join(target, runFiles.report, "index.html"))}`);
}

/** Renders again what a finished run holds; a run that was cut off is judged, reported and signed first. */
async function report(name: string, out: string | undefined): Promise<void> {
  const folder = await findRun(name, outFolder(out));
  const unfinished = !(await isPlainFile(join(folder, manifestFiles.manifest)));
  const { reports } = await finishRun(folder);
  if (unfinished) tell("The run was cut off; it was judged, reported and signed now.");
  for (const { format, files, error } of reports) {
    print(
      `${format}: ${error === undefined ? files.map((file) => shortPath(join(folder, runFiles.report, file))).join(", ") : error}`,
    );
  }
}

export function registerJudge(program: Command, done: Done): void {
  program
    .command("judge <run>")
    .description("judge a finished run again, without containers; equal input gives equal bytes")
    .option("--catalogue <file>", "another catalogue than the one kept in the run")
    .option("--profile <name>", "another profile, or the path of a profile file")
    .option("--out <folder>", "folder of the runs (default: out)")
    .option("--json", "print the result only, write nothing")
    .addHelpText(
      "after",
      examples(
        "./pruefstand judge latest --profile market-survey",
        "./pruefstand judge latest --catalogue my-criteria.yaml --json",
      ),
    )
    .action(async (name: string, options: JudgeOptions) => {
      await run(name, options);
      done(exitCodes.met);
    });
  program
    .command("report <run>")
    .description("write the reports of a run again; finishes a run that was cut off")
    .option("--out <folder>", "folder of the runs (default: out)")
    .addHelpText("after", examples("./pruefstand report latest"))
    .action(async (name: string, options: JudgeOptions) => {
      await report(name, options.out);
      done(exitCodes.met);
    });
}
