// junit.xml: a suite per candidate, a case per criterion. not-met fails, inconclusive is an error (ours, not the
// candidate's), not-tested and not-applicable are skipped with their reason; partly passes with its points in system-out.
import type { CandidateFacts } from "../../harness/model/journal.ts";
import type { CriterionFacts, Renderer, ReportInput, VerdictRecord } from "../../harness/model/result.ts";
import { cleanDeep } from "../text/clean.ts";

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};
// Line breaks in attributes would be read as spaces.
const escape = (text: string): string =>
  text
    .replace(/[&<>"']/gu, (char) => entities[char] ?? char)
    .replace(/[\t\n]/gu, (char) => `&#${char.codePointAt(0)};`);

const elements = {
  "not-met": "failure",
  inconclusive: "error",
  "not-tested": "skipped",
  "not-applicable": "skipped",
  met: undefined,
  partly: undefined,
} as const;

interface Case {
  readonly element: (typeof elements)[keyof typeof elements];
  readonly xml: string;
}

function outcomeXml(record: VerdictRecord): string {
  const element = elements[record.verdict];
  const reason = `${record.reason.code}: ${record.reason.text.en}`;
  if (element === undefined) return "";
  if (element === "skipped") return `<skipped message="${escape(reason)}"/>`;
  const seen = record.conditions.map((item) => `${item.text} (observed: ${item.observed.en})`);
  const faults = record.faults.map(
    (fault) => `${fault.code}: ${fault.message}${fault.hint === undefined ? "" : ` (${fault.hint})`}`,
  );
  const body = [...seen, ...faults, ...record.evidence].join("\n");
  return `<${element} type="${escape(record.reason.code)}" message="${escape(reason)}">${escape(body)}</${element}>`;
}

function summaryOf(record: VerdictRecord): string {
  const points = record.points === null ? "" : `, ${record.points} of 10 points`;
  const unstable = record.unstable ? `, unstable (${record.unstable.verdicts.join(", ")})` : "";
  return `${record.verdict}${points}, grade ${record.grade}, check ${record.proof.state}${unstable}`;
}

function caseOf(candidate: CandidateFacts, criterion: CriterionFacts, record: VerdictRecord | undefined): Case {
  const name = `name="${escape(`${criterion.id} ${criterion.title.en}`)}" classname="${escape(`${candidate.id}.${criterion.group}`)}"`;
  if (record === undefined) {
    return { element: "skipped", xml: `  <testcase ${name}><skipped message="no record in the result"/></testcase>` };
  }
  const output = `<system-out>${escape(summaryOf(record))}</system-out>`;
  return { element: elements[record.verdict], xml: `  <testcase ${name}>${outcomeXml(record)}${output}</testcase>` };
}

const count = (cases: readonly Case[], element: Case["element"]): number =>
  cases.filter((item) => item.element === element).length;

const countsOf = (cases: readonly Case[]): string =>
  `tests="${cases.length}" failures="${count(cases, "failure")}" errors="${count(cases, "error")}" skipped="${count(cases, "skipped")}"`;

function suitesOf({ result }: ReportInput) {
  const records = new Map(
    result.verdicts
      .filter((record) => record.decides)
      .map((record) => [JSON.stringify([record.criterion, record.candidate]), record]),
  );
  return result.run.candidates.map((candidate) => ({
    candidate,
    cases: result.criteria.map((row) => caseOf(candidate, row, records.get(JSON.stringify([row.id, candidate.id])))),
  }));
}

export const junit: Renderer = {
  format: "junit",
  *render(raw) {
    const input = cleanDeep(raw);
    const suites = suitesOf(input);
    const { run } = input.result;
    const body = suites.map(({ candidate, cases }) =>
      [
        ` <testsuite name="${escape(candidate.id)}" ${countsOf(cases)} timestamp="${escape(run.startedAt)}">`,
        `  <properties><property name="version" value="${escape(candidate.version)}"/><property name="seed" value="${escape(run.seed)}"/></properties>`,
        ...cases.map((item) => item.xml),
        " </testsuite>",
      ].join("\n"),
    );
    const all = suites.flatMap(({ cases }) => cases);
    const head = `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${escape(run.id)}" ${countsOf(all)}>`;
    yield { path: "junit.xml", content: `${head}\n${body.join("\n")}\n</testsuites>\n` };
  },
};
