// report.json: the verdicts as flat records for other programs, and the schemas of report.json and result.json.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { CriterionFacts, OutputFile, Renderer, ReportInput, VerdictRecord } from "../../harness/model/result.ts";
import { cleanDeep } from "../text/clean.ts";

const schemaFile = (name: string): OutputFile => ({
  path: name,
  content: readFileSync(join(import.meta.dirname, name), "utf8"),
});

function recordOf(criteria: ReadonlyMap<string, CriterionFacts>, verdict: VerdictRecord) {
  const criterion = criteria.get(verdict.criterion);
  const scored = criterion?.type === "B" && verdict.points !== null;
  return {
    id: `${verdict.criterion}/${verdict.candidate}/${verdict.config}`,
    ...verdict,
    group: criterion?.group ?? "",
    title: criterion?.title ?? { de: verdict.criterion, en: verdict.criterion },
    type: criterion?.type ?? null,
    gp: criterion?.gp ?? null,
    score: scored ? verdict.points * criterion.gp : null,
  };
}

/** The content of report.json; texts are cleaned as in every other report. */
function reportJson(input: ReportInput) {
  const { result } = cleanDeep(input);
  const criteria = new Map(result.criteria.map((criterion) => [criterion.id, criterion]));
  const { id, startedAt, seed, command, harness, candidates } = result.run;
  return {
    schema: "pruefstand-report-1",
    run: { id, startedAt, seed, command, harness, outcome: result.runOutcome },
    profile: result.profile,
    ...(result.profileFile && { profileFile: result.profileFile }),
    catalogueSha256: result.catalogueSha256,
    journalSha256: result.journalSha256,
    candidates: candidates.map(({ id: candidate, title, version, protocol }) => ({
      id: candidate,
      title,
      version,
      protocol,
    })),
    totals: result.totals,
    ...(result.sensitivity && { sensitivity: result.sensitivity }),
    ...(result.award && { award: result.award }),
    ...(result.attested && { attested: result.attested }),
    records: result.verdicts.map((verdict) => recordOf(criteria, verdict)),
  };
}

export const json: Renderer = {
  format: "json",
  *render(input) {
    yield { path: "report.json", content: `${JSON.stringify(reportJson(input), null, 1)}\n` };
    yield schemaFile("report.schema.json");
    yield schemaFile("result.schema.json");
  },
};
