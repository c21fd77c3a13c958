import type { Command } from "commander";
import { contractStepIds, runContract } from "../../contract/index.ts";
import type { StepOutcome, StepResult } from "../../contract/index.ts";
import { configNames } from "../../model/candidate.ts";
import type { Candidate, ConfigName } from "../../model/candidate.ts";
import { HarnessError } from "../../model/errors.ts";
import { unknownName } from "../../model/nearest.ts";
import { withLab } from "../../run/run.ts";
import { candidateNamed } from "../candidates.ts";
import { collect, examples, wholeNumber } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodes, exitCodeTable } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { columns, paintFor, print, printJson, safe, tell } from "../output.ts";
import type { Tone } from "../output.ts";
import { outFolder } from "../paths.ts";
import { interruptible, showProgress } from "../progress.ts";
import { prepareMachine, realParts } from "../wiring.ts";

interface CheckOptions {
  readonly config: readonly string[];
  readonly only: readonly string[];
  readonly startWithin: number;
  readonly json?: boolean;
  readonly out?: string;
}

const defaultStartSeconds = 90;
const tones: Readonly<Record<StepOutcome, Tone>> = {
  passed: "good",
  failed: "bad",
  unclear: "doubt",
  "not-run": "quiet",
  "not-claimed": "quiet",
};

function requireStep(id: string): string {
  if (contractStepIds.includes(id)) return id;
  throw unknownName("step of the contract", id, contractStepIds);
}

function requireConfig(name: string): ConfigName {
  const found = configNames.find((one) => one === name);
  if (found !== undefined) return found;
  throw new HarnessError("bad-input", `Expected --config default or hardened, got "${name}".`);
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** Everything a vendor needs to mend one step. */
function explained({ config, id, title, outcome, expected, observed, clause, fix }: StepResult): readonly string[] {
  const [first = "", ...more] = observed.split("\n").map(safe);
  return [
    "",
    `${outcome}: ${config} / ${id} – ${title}`,
    `  expected  ${expected}`,
    `  observed  ${first}`,
    ...more.map((line) => `            ${line}`),
    `  contract  ${clause}`,
    `  to fix    ${fix}`,
  ];
}

function report(candidate: Candidate, results: readonly StepResult[]): void {
  const paint = paintFor(process.stdout);
  const why = ({ outcome, observed, tookMs }: StepResult): string =>
    outcome === "passed" ? seconds(tookMs) : safe(observed.split("\n")[0] ?? "");
  const rows = results.map((one) => [
    paint(tones[one.outcome], one.outcome),
    one.config,
    one.id,
    one.outcome === "passed" ? `${one.title} (${why(one)})` : `${one.title}: ${why(one)}`,
  ]);
  print(...columns(rows));
  for (const one of results) if (one.outcome === "failed" || one.outcome === "unclear") print(...explained(one));
  const count = (outcome: StepOutcome): number => results.filter((one) => one.outcome === outcome).length;
  const words = (Object.keys(tones) as StepOutcome[]).map((one) => `${count(one)} ${one}`).join(", ");
  print("", `${candidate.title} ${candidate.version}: ${words}`);
}

/** A step that was never looked at has not passed: what it needs did not, or --config left it out. */
function codeOf(results: readonly StepResult[], only: readonly string[]): ExitCode {
  if (results.some(({ outcome }) => outcome === "failed")) return exitCodes.notMet;
  const leftOut = only.filter((id) => !results.some((one) => one.id === id));
  if (leftOut.length > 0) tell(`Not looked at with this --config: ${leftOut.join(", ")}.`);
  const open = results.some(({ outcome }) => outcome === "unclear" || outcome === "not-run");
  return open || leftOut.length > 0 ? exitCodes.inconclusive : exitCodes.met;
}

async function check(name: string, options: CheckOptions): Promise<ExitCode> {
  const candidate = await candidateNamed(name);
  const only = options.only.map(requireStep);
  const configs = options.config.length === 0 ? configNames : options.config.map(requireConfig);
  const paint = paintFor(process.stderr);
  const view = showProgress();
  const { signal, release } = interruptible();
  try {
    await prepareMachine((what) => view.progress(what));
    signal.throwIfAborted();
    const parts = await realParts();
    const lab = {
      parts,
      observer: view,
      candidates: [candidate],
      signal,
      keep: false,
      outFolder: outFolder(options.out),
    };
    const results = await withLab(lab, ({ lab: made, drivers }) =>
      runContract({
        candidate,
        configs,
        only,
        readyWithinMs: options.startWithin * 1_000,
        parts: {
          lab: made,
          signal,
          driver: ({ protocol }) => drivers.plain(protocol),
          openEncrypting: (person, reaches) => drivers.openEncrypting(person, reaches),
        },
        progress: (what) => view.progress(what),
        started: ({ id, title }, config) => view.progress(`${config} / ${id}: ${title}`),
        ended({ config, id, outcome, tookMs, observed }) {
          const more = outcome === "passed" ? seconds(tookMs) : safe(observed.split("\n")[0] ?? "");
          view.progress(`${paint(tones[outcome], outcome)}  ${config} / ${id}  ${more}`);
        },
      }),
    );
    view.stop();
    if (options.json === true) printJson({ candidate: candidate.id, version: candidate.version, steps: results });
    else report(candidate, results);
    return codeOf(results, only);
  } finally {
    view.stop();
    release();
  }
}

export function registerCheck(program: Command, done: Done): void {
  program
    .command("check")
    .description("run the contract suite against real servers of a candidate")
    .argument("<candidate>", "id of a candidate, or the folder of one (anywhere)")
    .option("--config <name>", "only default or only hardened; abilities are looked at in hardened", collect, [])
    .option("--only <step>", "only these steps and those they need (repeatable, or a,b)", collect, [])
    .option("--start-within <seconds>", "time a container has to get ready", wholeNumber(1), defaultStartSeconds)
    .option("--out <folder>", "folder for the check's certificate while it runs (default: out)")
    .option("--json", "print { candidate, version, steps } as JSON")
    .addHelpText(
      "after",
      examples(
        "./pruefstand candidate check prosody",
        "./pruefstand candidate check ../our-product --config hardened",
        "./pruefstand candidate check ../our-product --only restart --json",
      ) + `\nSteps: ${contractStepIds.join(", ")}\n\n${exitCodeTable}`,
    )
    .action(async (name: string, options: CheckOptions) => done(await check(name, options)));
}
