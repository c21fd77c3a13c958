import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { readJournal, sha256 } from "../../run/journal.ts";
import type { Journal } from "../../run/journal.ts";
import { checkManifest } from "../../run/manifest.ts";
import type { Finding, ManifestCheck } from "../../run/manifest.ts";
import { examples } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { judgeRun, resultText, runFiles } from "../finish.ts";
import { paintFor, print, printJson, safe } from "../output.ts";
import { findRun, outFolder } from "../paths.ts";

interface VerifyOptions {
  readonly key?: string;
  readonly out?: string;
  readonly json?: boolean;
}

const chainFindings = ({ breaks }: Journal): readonly Finding[] =>
  breaks.map(({ line, what }) => ({ id: `${runFiles.journal}:${line}`, problem: what }));

/** A run that was killed is whole as far as it goes; the reader should know that it does not go to the end. */
const isUnfinished = ({ torn, entries }: Journal): boolean => torn || entries.at(-1)?.type !== "run-ended";

/** Each evidence file must still be what the journal says it was when the scenario wrote it. */
async function evidenceFindings(folder: string, journal: Journal): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const entry of journal.entries) {
    if (entry.type !== "evidence") continue;
    const bytes = await readFile(join(folder, entry.path)).catch(() => undefined);
    if (bytes === undefined) findings.push({ id: entry.path, problem: "is missing, the journal names it" });
    else if (sha256(bytes) !== entry.sha256)
      findings.push({ id: entry.path, problem: "differs from what the journal recorded" });
  }
  return findings;
}

/** The verdicts must be what the journal and the kept catalogue give. */
async function resultFindings(folder: string): Promise<readonly Finding[]> {
  const kept = await readFile(join(folder, runFiles.result), "utf8").catch(() => undefined);
  if (kept === undefined) return [{ id: runFiles.result, problem: "is missing" }];
  try {
    const { result } = await judgeRun(folder);
    return resultText(result) === kept
      ? []
      : [{ id: runFiles.result, problem: "differs from what judging the journal gives" }];
  } catch (error) {
    return [{ id: runFiles.result, problem: `cannot be judged again: ${(error as Error).message}` }];
  }
}

function signatureWords({ signedBy, trusted }: ManifestCheck): string {
  if (signedBy === undefined) return "not signed";
  return `signed by key ${signedBy}${trusted ? " (trusted)" : ", which is not this machine's: compare it with the issuer, or name it with --key"}`;
}

async function run(name: string, options: VerifyOptions): Promise<ExitCode> {
  const folder = await findRun(name, outFolder(options.out));
  const trusted = options.key === undefined ? undefined : await readFile(options.key, "utf8");
  const manifest = await checkManifest(folder, trusted);
  const journal = await readJournal(join(folder, runFiles.journal));
  const findings = [
    ...manifest.findings,
    ...chainFindings(journal),
    ...(await evidenceFindings(folder, journal)),
    ...(await resultFindings(folder)),
  ];
  const wrongKey = options.key !== undefined && !manifest.trusted;
  const intact = findings.length === 0 && !wrongKey;
  const { signedBy, files } = manifest;
  if (options.json === true)
    printJson({
      id: journal.entries[0]?.type === "run-started" ? journal.entries[0].run.id : name,
      intact,
      unfinished: isUnfinished(journal),
      signedBy: signedBy ?? null,
      trusted: manifest.trusted,
      findings,
    });
  else {
    const paint = paintFor(process.stdout);
    for (const finding of findings) print(`${paint("bad", "changed")}  ${safe(finding.id)}: ${safe(finding.problem)}`);
    if (isUnfinished(journal))
      print(`${paint("doubt", "note")}     the run was cut off: its journal does not tell how it ended`);
    if (wrongKey) print(`${paint("bad", "changed")}  signed by another key than the one named`);
    print(
      `${intact ? paint("good", "intact") : paint("bad", "not intact")}: ${journal.entries.length} journal entries, ${files} files, ${signatureWords(manifest)}`,
    );
  }
  return intact ? exitCodes.met : exitCodes.notMet;
}

export function registerVerify(program: Command, done: Done): void {
  program
    .command("verify <run>")
    .description("check journal chain, evidence hashes, verdicts and signature of a run")
    .option("--key <file>", "accept only this public key (PEM)")
    .option("--out <folder>", "folder of the runs (default: out)")
    .option("--json", "print the findings as JSON")
    .addHelpText(
      "after",
      examples("./pruefstand verify latest", "./pruefstand verify 20261123-143005-4f2a --key issuer.pub"),
    )
    .action(async (name: string, options: VerifyOptions) => done(await run(name, options)));
}
