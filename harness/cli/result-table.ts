import type { Result, VerdictRecord } from "../model/result.ts";
import { verdictTitles } from "../model/verdict.ts";
import type { VerdictWord } from "../model/verdict.ts";
import { columns, fit, safe } from "./output.ts";
import type { Paint, Tone } from "./output.ts";
import { plannedCriteria } from "./run-exit.ts";

const tones: Readonly<Record<VerdictWord, Tone>> = {
  met: "good",
  partly: "doubt",
  "not-met": "bad",
  "not-tested": "quiet",
  "not-applicable": "quiet",
  inconclusive: "doubt",
};
const titleRoom = 46;

const points = (value: number): string => String(Math.round(value * 100) / 100);

function cell(record: VerdictRecord | undefined, paint: Paint): string {
  if (record === undefined) return "";
  const { verdict, points: earned, unstable, proof } = record;
  const scored = earned === null ? "" : ` ${points(earned)}/10`;
  const marks = `${unstable === undefined ? "" : " unstable"}${verdict === "met" && proof.state !== "proven" ? " (unproven)" : ""}`;
  return paint(tones[verdict], `${verdictTitles[verdict].en}${scored}${marks}`);
}

/** Criteria × candidates in words and points, then each candidate's total. Rows the plan left out are counted, not listed. */
export function resultTable(result: Result, paint: Paint): readonly string[] {
  const { candidates, leftOut = [] } = result.run;
  const planned = plannedCriteria(result);
  const whole = leftOut.length === 0;
  const header = ["", "", ...candidates.map(({ title }) => paint("strong", safe(title)))];
  const rows = result.criteria.flatMap(({ id, title, type }) => {
    const records = result.verdicts.filter(({ criterion, decides }) => criterion === id && decides);
    // A row that was judged without being measured (an ability nobody claims) belongs into the table of a whole run only.
    const judged = whole && records.some(({ verdict }) => verdict !== "not-tested");
    if (!planned.has(id) && !judged) return [];
    const cells = candidates.map((candidate) =>
      cell(
        records.find((record) => record.candidate === candidate.id),
        paint,
      ),
    );
    return [[`${id} ${type}`, fit(title.en, titleRoom), ...cells]];
  });
  const left = result.criteria.length - rows.length;
  const note =
    left === 0 ? [] : [paint("quiet", `${left} further criteria were not part of this run; the report lists them.`)];
  return [...columns([header, ...rows]), ...note, "", ...totals(result, paint), ...attestedLines(result, paint)];
}

/** Closed products, after the measured ones and never among them. */
function attestedLines({ attested, criteria }: Result, paint: Paint): readonly string[] {
  if (attested === undefined) return [];
  const required = new Set(criteria.filter(({ type }) => type === "A").map(({ id }) => id));
  const lines = attested.products.map(({ id, title, statements }) => {
    const own = attested.verdicts.filter(({ candidate, verdict }) => candidate === id && verdict !== "not-tested");
    const failed = own.filter(({ criterion, verdict }) => verdict === "not-met" && required.has(criterion));
    const against = failed.length === 0 ? "" : `; not met: ${failed.map(({ criterion }) => criterion).join(", ")}`;
    return paint(
      "quiet",
      `${safe(title)}: attested, not measured: ${own.length} criteria by ${statements.length} statements${against}`,
    );
  });
  return ["", ...lines];
}

const standings = {
  eligible: "eligible: every required criterion is met",
  excluded: "excluded",
  open: "open: required criteria are not decided yet",
} as const;

function totals({ run, totals: all }: Result, paint: Paint): readonly string[] {
  return all.map(({ candidate, standing, excludedBy, points: earned, maxPoints, requiredTested }) => {
    const title = run.candidates.find(({ id }) => id === candidate)?.title ?? candidate;
    const why = standing === "excluded" ? `excluded by ${excludedBy.join(", ")}` : standings[standing];
    const tested = `${requiredTested.tested} of ${requiredTested.required} required criteria were tested`;
    return `${paint("strong", safe(title))}: ${points(earned)} of ${maxPoints} points, ${why}; ${tested}`;
  });
}
