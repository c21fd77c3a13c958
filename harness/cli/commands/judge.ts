import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import type { Dossier } from "../../model/dossier.ts";
import type { PriceList } from "../../model/result.ts";
import { awardLines } from "./award.ts";
import { examples } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { finishRun, judgeRun, renderReports, resultText, runFiles } from "../finish.ts";
import type { Judged } from "../finish.ts";
import { addDossierOption, chosenDossiers } from "../dossiers.ts";
import type { DossierOptions } from "../dossiers.ts";
import { paintFor, print, tell } from "../output.ts";
import { findRun, outFolder } from "../paths.ts";
import { addPriceOptions, readPrices, requirePrices } from "../prices.ts";
import type { PriceOptions } from "../prices.ts";
import { knownOffers } from "../project.ts";
import { resultTable } from "../result-table.ts";
import { isPlainFile } from "../../run/evidence.ts";
import { manifestFiles } from "../../run/manifest.ts";
import { shortPath } from "./run.ts";

interface JudgeOptions extends PriceOptions, DossierOptions {
  readonly catalogue?: string;
  readonly profile?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** Short hash of the prices and terms a judgement was made with. */
const priceMark = ({ result: { award } }: Judged): string =>
  award === undefined
    ? ""
    : `-prices-${createHash("sha256")
        .update(JSON.stringify([award.priceFile.sha256, award.terms]))
        .digest("hex")
        .slice(0, 8)}`;

/** Short hash of the dossiers a judgement took in, where they were chosen for it. */
function dossierMark({ result: { attested } }: Judged, { dossiers }: JudgeOptions): string {
  if (dossiers === undefined) return "";
  const files = (attested?.products ?? []).map(({ file }) => file.sha256);
  return `-dossiers-${createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 8)}`;
}

/** A judgement beside the run's own one: named by profile, catalogue, prices and dossiers, so that equal choices give equal files. */
async function keepBeside(folder: string, judged: Judged, options: JudgeOptions): Promise<string> {
  const { profile, sha256 } = judged.catalogue;
  const name = `${profile.replaceAll(/[^A-Za-z0-9-]/gu, "_")}-${sha256.slice(0, 8)}${priceMark(judged)}${dossierMark(judged, options)}`;
  const target = join(folder, "judged", name);
  await mkdir(target, { recursive: true });
  await writeFile(join(target, runFiles.result), resultText(judged.result));
  for (const { format, error } of await renderReports(folder, judged, target))
    if (error !== undefined) tell(`The ${format} report could not be written: ${error}`);
  return target;
}

/** The price file of the command line, held against the products of the run and of the bench. */
async function pricesFor(folder: string, options: JudgeOptions): Promise<PriceList | undefined> {
  requirePrices(options);
  if (options.prices === undefined) return undefined;
  const { catalogue, profile } = options;
  const { result } = await judgeRun(folder, { catalogue, profile });
  const measured = result.run.candidates.map(({ id }) => id);
  const { performance: _, ...list } = await readPrices(options.prices, await knownOffers(result, measured), options);
  return list;
}

/** The dossiers of the command line, held against the catalogue of this judgement; none named: those kept in the run. */
async function dossiersFor(folder: string, options: JudgeOptions): Promise<readonly Dossier[] | undefined> {
  if (options.dossiers === undefined) return undefined;
  const { catalogue, result } = await judgeRun(folder, { catalogue: options.catalogue, profile: options.profile });
  return chosenDossiers(
    options,
    catalogue,
    result.run.candidates.map(({ id }) => id),
  );
}

async function run(name: string, options: JudgeOptions): Promise<void> {
  const folder = await findRun(name, outFolder(options.out));
  const { catalogue, profile } = options;
  const priceList = await pricesFor(folder, options);
  const dossiers = await dossiersFor(folder, options);
  const judged = await judgeRun(folder, { catalogue, profile, priceList, dossiers });
  if (options.json === true) {
    process.stdout.write(resultText(judged.result));
    return;
  }
  const target = await keepBeside(folder, judged, options);
  print(...resultTable(judged.result, paintFor(process.stdout)), "");
  if (judged.result.award) print(...awardLines(judged.result.award), "");
  print(`Judged under ${judged.catalogue.profile}: ${shortPath(join(target, runFiles.result))}`);
  print(`Report: ${shortPath(join(target, runFiles.report, "index.html"))}`);
}

/** Renders again what a finished run holds; a run that was cut off is judged, reported and signed first. False when a format failed. */
async function report(name: string, out: string | undefined): Promise<boolean> {
  const folder = await findRun(name, outFolder(out));
  const unfinished = !(await isPlainFile(join(folder, manifestFiles.manifest)));
  const { reports } = await finishRun(folder);
  if (unfinished) tell("The run was cut off; it was judged, reported and signed now.");
  for (const { format, files, error } of reports) {
    print(
      `${format}: ${error === undefined ? files.map((file) => shortPath(join(folder, runFiles.report, file))).join(", ") : error}`,
    );
  }
  return reports.every(({ error }) => error === undefined);
}

export function registerJudge(program: Command, done: Done): void {
  const judge = program
    .command("judge <run>")
    .description("judge a finished run again, without containers; equal input gives equal bytes")
    .option("--catalogue <file>", "another catalogue than the one kept in the run")
    .option("--profile <name>", "another profile, or the path of a profile file")
    .option("--out <folder>", "folder of the runs (default: out)")
    .option("--json", "print the result only, write nothing");
  addDossierOption(judge, "those kept in the run");
  addPriceOptions(judge)
    .addHelpText(
      "after",
      examples(
        "./pruefstand judge latest --profile market-survey",
        "./pruefstand judge latest --prices fixtures/prices/invented.yaml --method erweitert --s 6 --criterion P",
        "./pruefstand judge latest --dossiers fixtures/dossiers",
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
      const all = await report(name, options.out);
      done(all ? exitCodes.met : exitCodes.inconclusive);
    });
}
