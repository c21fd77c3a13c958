import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { loadCatalogue } from "../catalogue/load.ts";
import { judge } from "../judge/judge.ts";
import type { ProofRecord } from "../model/control.ts";
import type { Catalogue } from "../model/criterion.ts";
import type { Dossier } from "../model/dossier.ts";
import { HarnessError } from "../model/errors.ts";
import type { ChartData, JobTime, PriceList, ReportInput, Result } from "../model/result.ts";
import { isPlainFile, maximumEvidenceBytes } from "../run/evidence.ts";
import { readJournal, requireIntact } from "../run/journal.ts";
import type { Journal } from "../run/journal.ts";
import { signRun } from "../run/manifest.ts";
import { readProofs } from "../run/prove.ts";

/** What a run was judged with, kept in its folder: judging again gives the same bytes. */
interface KeptProofs {
  readonly records: readonly ProofRecord[];
  readonly subjects?: Readonly<Record<string, string>>;
}

/** Names of the files of a run folder that are written after the scenarios. */
export const runFiles = {
  journal: "journal.jsonl",
  result: "result.json",
  report: "report",
  catalogue: "criteria.yaml",
  profile: "profile.yaml",
  proofs: "proofs.json",
  prices: "prices.json",
  dossiers: "dossiers.json",
} as const;

export const resultText = (result: Result): string => `${JSON.stringify(result, undefined, 2)}\n`;

const isProfileFile = (profile: string | undefined): profile is string =>
  profile !== undefined && (/[\\/]/u.test(profile) || /\.ya?ml$/u.test(profile));

/** Copies what the verdicts will depend on into the run folder. */
export async function keepInputs(
  folder: string,
  files: { readonly catalogue: string; readonly profile: string | undefined },
  proofs: KeptProofs,
  { prices, dossiers = [] }: { readonly prices?: PriceList | undefined; readonly dossiers?: readonly Dossier[] } = {},
): Promise<void> {
  await copyFile(files.catalogue, join(folder, runFiles.catalogue));
  if (isProfileFile(files.profile)) await copyFile(files.profile, join(folder, runFiles.profile));
  await writeFile(join(folder, runFiles.proofs), `${JSON.stringify(proofs, undefined, 2)}\n`);
  if (prices) await writeFile(join(folder, runFiles.prices), `${JSON.stringify(prices, undefined, 2)}\n`);
  if (dossiers.length > 0) await writeFile(join(folder, runFiles.dossiers), dossiersText(dossiers));
}

const dossiersText = (dossiers: readonly Dossier[]): string => `${JSON.stringify(dossiers, undefined, 2)}\n`;

/** The dossiers a run took in, if it did: the manifest covers the file, so that nobody adds a statement afterwards. */
async function keptDossiers(folder: string): Promise<readonly Dossier[]> {
  const path = join(folder, runFiles.dossiers);
  return (await isPlainFile(path)) ? (JSON.parse(await readFile(path, "utf8")) as readonly Dossier[]) : [];
}

/** The proofs a run was judged with; those of the output folder when the run was cut off before it kept any. */
async function keptProofs(folder: string): Promise<KeptProofs> {
  const text = await readFile(join(folder, runFiles.proofs), "utf8").catch(() => undefined);
  if (text === undefined) return { records: await readProofs(join(dirname(folder), runFiles.proofs)) };
  return JSON.parse(text) as KeptProofs;
}

export interface JudgeChoice {
  /** Another catalogue than the one kept in the run folder. */
  readonly catalogue?: string | undefined;
  readonly profile?: string | undefined;
  /** Other prices than those kept in the run folder, if any; checked. */
  readonly priceList?: PriceList | undefined;
  /** Other dossiers than those kept in the run folder; checked. Empty: none. */
  readonly dossiers?: readonly Dossier[] | undefined;
}

/** The prices and terms a run was started with, if it was. */
async function keptPrices(folder: string): Promise<PriceList | undefined> {
  const path = join(folder, runFiles.prices);
  return (await isPlainFile(path)) ? (JSON.parse(await readFile(path, "utf8")) as PriceList) : undefined;
}

export interface Judged {
  readonly journal: Journal;
  readonly catalogue: Catalogue;
  readonly proofs: readonly ProofRecord[];
  readonly result: Result;
}

async function catalogueFor(folder: string, journal: Journal, choice: JudgeChoice): Promise<Catalogue> {
  const kept = join(folder, runFiles.catalogue);
  const path = choice.catalogue ?? ((await isPlainFile(kept)) ? kept : undefined);
  if (path === undefined) {
    throw new HarnessError("bad-input", `${basename(folder)} keeps no catalogue of its own.`, {
      hint: "Name one: --catalogue criteria.yaml",
    });
  }
  const keptProfile = join(folder, runFiles.profile);
  const [first] = journal.entries;
  const own = first?.type === "run-started" ? first.run.profile : undefined;
  const sameFile = choice.catalogue === undefined && (await isPlainFile(keptProfile));
  return loadCatalogue(path, { profile: choice.profile ?? (sameFile ? keptProfile : own) });
}

/** Judges a run from its folder alone. Throws `bad-input` when the journal was changed or the catalogue is wrong. */
export async function judgeRun(folder: string, choice: JudgeChoice = {}): Promise<Judged> {
  const journal = requireIntact(await readJournal(join(folder, runFiles.journal)));
  const catalogue = await catalogueFor(folder, journal, choice);
  const { records, subjects } = await keptProofs(folder);
  const prices = choice.priceList ?? (await keptPrices(folder));
  const dossiers = choice.dossiers ?? (await keptDossiers(folder));
  const input = { entries: journal.entries, journalSha256: journal.sha256, catalogue, proofs: records, dossiers };
  const result = judge({ ...input, ...(subjects && { subjects }), ...(prices && { prices }) });
  return { journal, catalogue, proofs: records, result };
}

function chartOf(text: string): ChartData | undefined {
  try {
    const chart = JSON.parse(text) as Partial<ChartData>;
    return typeof chart.kind === "string" && Array.isArray(chart.points) && chart.title !== undefined
      ? (chart as ChartData)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The charts among the evidence, in journal order. What is no chart stays evidence only. */
async function readCharts(folder: string, { entries }: Journal): Promise<readonly ChartData[]> {
  const charts: ChartData[] = [];
  for (const entry of entries) {
    if (entry.type !== "evidence" || !entry.path.endsWith(".chart.json") || entry.bytes > maximumEvidenceBytes)
      continue;
    const path = join(folder, entry.path);
    if (!resolve(path).startsWith(join(resolve(folder), "evidence") + sep) || !(await isPlainFile(path))) continue;
    const chart = chartOf(await readFile(path, "utf8"));
    if (chart !== undefined) charts.push(chart);
  }
  return charts;
}

/** Scenarios that came to an end; one that was cut off has no length. */
const jobTimes = ({ entries }: Journal): readonly JobTime[] =>
  entries.flatMap((entry) => {
    if (entry.type !== "scenario-ended") return [];
    const { scenario, candidate, config, run, outcome, tookMs } = entry;
    return [{ scenario, candidate, config, run, outcome, tookMs }];
  });

async function reportInput(folder: string, { journal, proofs, result }: Judged): Promise<ReportInput> {
  const evidence = journal.entries.flatMap((entry) =>
    entry.type === "evidence" ? [{ path: entry.path, sha256: entry.sha256, bytes: entry.bytes }] : [],
  );
  return { result, proofs, evidence, jobs: jobTimes(journal), charts: await readCharts(folder, journal) };
}

export interface RenderedReport {
  readonly format: string;
  readonly files: readonly string[];
  /** Set when the renderer failed: that report is missing, the run stands. */
  readonly error?: string;
}

/** Renders every format into `<target>/report/`, replacing an older one. */
export async function renderReports(
  folder: string,
  judged: Judged,
  target = folder,
): Promise<readonly RenderedReport[]> {
  const [{ allRenderers }, { createPagePrinter }] = await Promise.all([
    import("../../reports/index.ts"),
    import("../drivers/browser/printer.ts"),
  ]);
  const input = await reportInput(folder, judged);
  const reportFolder = join(target, runFiles.report);
  await rm(reportFolder, { recursive: true, force: true });
  await mkdir(reportFolder, { recursive: true });
  const reports: RenderedReport[] = [];
  for (const { format, render } of allRenderers(createPagePrinter())) {
    const files: string[] = [];
    try {
      for await (const { path, content } of render(input)) {
        await writeInside(reportFolder, path, content);
        files.push(path);
      }
      reports.push({ format, files });
    } catch (error) {
      const { hint } = error as HarnessError;
      const message = (error as Error).message;
      reports.push({ format, files, error: hint === undefined ? message : `${message.replace(/\.$/u, "")}; ${hint}` });
    }
  }
  return reports;
}

async function writeInside(folder: string, path: string, content: string | Uint8Array): Promise<void> {
  const target = resolve(folder, path);
  if (!target.startsWith(resolve(folder) + sep)) {
    throw new HarnessError("harness-fault", `A report wants to be written outside of its folder: ${path}`);
  }
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, content);
}

export interface Finished extends Judged {
  readonly reports: readonly RenderedReport[];
}

/** The end of a run: verdicts, reports, signed manifest. Works on a cut-off run too. */
export async function finishRun(folder: string): Promise<Finished> {
  const judged = await judgeRun(folder);
  await writeFile(join(folder, runFiles.result), resultText(judged.result));
  const reports = await renderReports(folder, judged);
  await signRun(folder);
  return { ...judged, reports };
}
