import type { Command } from "commander";
import { explainCriterion } from "../../judge/explain.ts";
import type { Explanation } from "../../judge/explain.ts";
import { HarnessError } from "../../model/errors.ts";
import type { VerdictRecord } from "../../model/result.ts";
import { verdictTitles } from "../../model/verdict.ts";
import { examples } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { judgeRun } from "../finish.ts";
import { paintFor, print, printJson, safe } from "../output.ts";
import { findRun, outFolder, runIds } from "../paths.ts";
import { byName, loadProject } from "../project.ts";

interface ExplainOptions {
  readonly run?: string;
  readonly json?: boolean;
  readonly out?: string;
}

function sourceLine({ norm, clause, kind, verified }: Explanation["sources"][number]): string {
  const from = kind === "house" ? "set by this project (Festlegung)" : (norm ?? "norm");
  return `Source:       ${from}, ${clause} [${verified}]`;
}

function describe(explained: Explanation): readonly string[] {
  const {
    id,
    title,
    type,
    gp,
    maxPoints,
    config,
    ruleText,
    rule,
    params,
    sources,
    scenarios,
    reads,
    needs,
    note,
    active,
  } = explained;
  const kind = type === "A" ? "required (A)" : `weight ${gp}, at most ${maxPoints} points (B)`;
  const value = ({ full, compressed, unit }: Explanation["params"][number]): string =>
    `${full}${compressed === undefined ? "" : ` (compressed ${compressed})`}${unit === undefined ? "" : ` ${unit}`}`;
  return [
    `${id}  ${title.en} / ${title.de}${active ? "" : "  (not part of this profile)"}`,
    `Type:         ${kind}, judged on ${config === "both" ? "hardened, default shown beside it" : config}`,
    `Asks for:     ${ruleText.en}`,
    ...rule.map((line, index) => `${index === 0 ? "Rule:         " : "              "}${line}`),
    ...params.map((param) => `Parameter:    ${param.name} = ${value(param)}`),
    ...sources.map(sourceLine),
    ...(needs.length === 0 ? [] : [`Needs:        ${needs.join(", ")}`]),
    `Measured by:  ${scenarios.join(", ") || "documents only"}`,
    ...reads.map(
      (one) => `Measurement:  ${one.id}: ${one.title.en}${one.total === undefined ? "" : `, of ${one.total}`}`,
    ),
    ...(note === undefined ? [] : [`Note:         ${note.en}`]),
  ];
}

function held(value: boolean | null): string {
  if (value === null) return "undecided";
  return value ? "held" : "failed";
}

function tellVerdict(record: VerdictRecord): readonly string[] {
  const {
    candidate,
    config,
    decides,
    verdict,
    points,
    reason,
    arithmetic,
    conditions,
    measurements,
    evidence,
    proof,
    faults,
    grade,
  } = record;
  const scored = points === null ? "" : `, ${points} of 10 points`;
  const unit = (one: VerdictRecord["measurements"][number]): string => (one.unit === undefined ? "" : ` ${one.unit}`);
  return [
    `${candidate} (${config}${decides ? "" : ", shown only"}): ${verdictTitles[verdict].en}${scored} [${grade}]`,
    `  because      ${safe(reason.text.en)} (${reason.code})`,
    ...(arithmetic.en === "" ? [] : [`  arithmetic   ${safe(arithmetic.en)}`]),
    ...conditions.map((one) => `  condition    ${one.text}: ${safe(one.observed.en)} – ${held(one.held)}`),
    ...measurements.map((one) => {
      const total = one.total === undefined ? "" : ` of ${one.total}`;
      const note = one.note === undefined || one.note === "" ? "" : ` – ${safe(one.note)}`;
      return `  measured     ${one.id} (${one.config}) = ${String(one.value)}${total}${unit(one)}${note}`;
    }),
    ...faults.map(
      (fault) =>
        `  fault        ${fault.code}: ${safe(fault.message)}${fault.step === undefined ? "" : ` (step: ${safe(fault.step)})`}`,
    ),
    ...evidence.map((path) => `  evidence     ${safe(path)}`),
    `  proof        ${proof.state}${proof.at === undefined ? "" : ` (${proof.at})`}${proof.controls.length === 0 ? "" : `: ${proof.controls.join(", ")}`}`,
  ];
}

async function run(name: string, options: ExplainOptions): Promise<void> {
  const out = outFolder(options.out);
  const asked = options.run ?? ((await runIds(out)).length > 0 ? "latest" : undefined);
  const judged =
    asked === undefined ? undefined : await judgeRun(await findRun(asked, out)).catch(forgive(options.run));
  const catalogue = judged?.catalogue ?? (await loadProject()).catalogue;
  const { id } = byName("criterion", name, catalogue.criteria);
  const explained = explainCriterion(catalogue, id, judged?.result);
  if (options.json === true) {
    printJson({ ...explained, run: judged?.result.run.id ?? null });
    return;
  }
  const [title = "", ...rest] = describe(explained);
  print(paintFor(process.stdout)("strong", safe(title)), ...rest.map(safe));
  if (judged === undefined) return print("", "No run yet: ./pruefstand run");
  print("", `In run ${judged.result.run.id}:`);
  for (const record of explained.verdicts) print("", ...tellVerdict(record));
}

/** Without --run a broken newest run is no reason not to explain the criterion. */
const forgive =
  (asked: string | undefined) =>
  (error: unknown): undefined => {
    if (asked !== undefined || !(error instanceof HarnessError)) throw error;
  };

export function registerExplain(program: Command, done: Done): void {
  program
    .command("explain <criterion>")
    .description("tell what a criterion asks for and how each verdict on it came about")
    .option("--run <run>", "the run to explain (default: the newest)")
    .option("--out <folder>", "folder of the runs (default: out)")
    .option("--json", "print criterion and verdicts as JSON")
    .addHelpText("after", examples("./pruefstand explain F-01", "./pruefstand explain E-01 --run latest --json"))
    .action(async (name: string, options: ExplainOptions) => {
      await run(name, options);
      done(exitCodes.met);
    });
}
