// Why each verdict is what it is: rule, source, measured values, arithmetic, evidence, proof, command to repeat.
import type { CandidateFacts } from "../../harness/model/journal.ts";
import type { CriterionFacts, UsedMeasurement, VerdictRecord } from "../../harness/model/result.ts";
import type { Localized } from "../../harness/model/text.ts";
import { verdictTitles } from "../../harness/model/verdict.ts";
import { anchor, evidenceHref, shellArgument } from "../text/clean.ts";
import { formatBytes, formatDate, formatNumber, formatShare, formatTime, formatValue } from "../text/format.ts";
import { hasWord, word } from "../text/words.ts";
import { attestedResults } from "./attested-view.ts";
import { joined, sentence, wordOf, type Book } from "./book.ts";
import { marksOf, pointsOf } from "./matrix-view.ts";

const plain = (text: string): Localized => ({ de: text, en: text });

function sourcesOf(criterion: CriterionFacts) {
  return criterion.sources.map((source) => ({
    norm: source.norm === undefined ? "" : `${source.norm}, `,
    clause: source.clause,
    house: source.kind === "house",
    verified: source.kind === "norm" && source.verified === "knowledge" ? word("sourceKnowledge") : null,
  }));
}

/** Clauses of a row in one line, house values marked. */
export function clausesOf(criterion: CriterionFacts): Localized {
  const house = word("house");
  return joined(
    criterion.sources.map((source) => {
      const text = `${source.norm === undefined ? "" : `${source.norm}, `}${source.clause}`;
      return source.kind === "house" ? { de: `${text} [${house.de}]`, en: `${text} [${house.en}]` } : text;
    }),
    "; ",
  );
}

function valueOf(measurement: UsedMeasurement): Localized {
  const because = (key: string, text: string): Localized => {
    const title = word(key);
    return { de: `${title.de}: ${text}`, en: `${title.en}: ${text}` };
  };
  if (measurement.notApplicable !== undefined) return because("notApplicableBecause", measurement.notApplicable);
  if (measurement.missingAbility !== undefined) return because("missingAbility", measurement.missingAbility);
  return formatValue(measurement.value, measurement);
}

function measurementOf(titles: ReadonlyMap<string, Localized>, measurement: UsedMeasurement) {
  const values = measurement.values?.map((value) => formatValue(value, { unit: measurement.unit }));
  return {
    id: measurement.id,
    title: titles.get(measurement.id) ?? null,
    config: word(measurement.config),
    value: valueOf(measurement),
    repetitions: values && values.length > 1 ? joined(values, "; ") : null,
    note: measurement.note ?? null,
    role: word(`role-${measurement.role}`),
  };
}

function proofText(record: VerdictRecord): Localized {
  const { state, at, controls } = record.proof;
  return word(`proof-${state}`, {
    at: at === undefined ? plain("–") : formatDate(at),
    controls: controls.join(", ") || "–",
  });
}

function evidenceOf(book: Book, paths: readonly string[]) {
  return paths.map((path) => {
    const file = book.evidence(path);
    return {
      path: path.replace(/^evidence\//u, ""),
      href: evidenceHref(path) ?? null,
      size: file ? formatBytes(file.bytes) : null,
      sha256: file ? file.sha256.slice(0, 16) : null,
    };
  });
}

export function faultsOf(record: VerdictRecord) {
  return record.faults.map((fault) => ({
    code: hasWord(fault.code) ? word(fault.code) : plain(fault.code),
    message: fault.message,
    step: fault.step ?? null,
    hint: fault.hint ?? null,
  }));
}

function partOf(book: Book, titles: ReadonlyMap<string, Localized>, record: VerdictRecord) {
  return {
    config: word(record.config),
    role: word(record.decides ? "counts" : "forDisplay"),
    ...wordOf(record),
    points: pointsOf(record) ?? null,
    code: word(record.reason.code),
    reason: sentence(record.reason.text),
    arithmetic: record.arithmetic.de === "" ? null : record.arithmetic,
    unstable: record.unstable
      ? word("unstableText", { words: joined(record.unstable.verdicts.map((item) => verdictTitles[item])) })
      : null,
    conditions: record.conditions.map((condition) => ({
      text: condition.text,
      observed: condition.observed,
      held: word(condition.held === null ? "undecided" : condition.held ? "yes" : "no"),
    })),
    measurements: record.measurements.map((item) => measurementOf(titles, item)),
    evidence: evidenceOf(book, record.evidence),
    grade: word(record.grade),
    measured: record.grade === "E4",
    proof: proofText(record),
    proven: record.proof.state === "proven",
    faults: faultsOf(record),
  };
}

/** The command that repeats one row on one product with the same seed. */
export function repeatCommand(book: Book, criterion: string, candidate: string): string {
  const { seed, profile } = book.result.run;
  const parts = ["--candidate", candidate, "--only", criterion, "--seed", seed, "--profile", profile];
  return `./pruefstand run ${parts.map(shellArgument).join(" ")}`;
}

function resultOf(
  book: Book,
  titles: ReadonlyMap<string, Localized>,
  criterion: CriterionFacts,
  candidate: CandidateFacts,
) {
  const decided = book.decided(criterion.id, candidate.id);
  const beside = book.beside(criterion.id, candidate.id);
  const digests = book.result.images.filter((image) => image.candidate === candidate.id);
  return {
    id: anchor("r", criterion.id, candidate.id),
    product: candidate.title,
    ...wordOf(decided),
    points: pointsOf(decided) ?? null,
    marks: decided ? marksOf(decided) : [],
    reason: decided ? sentence(decided.reason.text) : word("noRecord"),
    parts: [decided, beside].filter((record) => record !== undefined).map((record) => partOf(book, titles, record)),
    tested: word("testedText", { at: formatTime(book.result.run.startedAt), version: candidate.version }),
    images: digests.map((image) => `${image.service} ${image.digest}`),
    command: repeatCommand(book, criterion.id, candidate.id),
  };
}

const methodWord = (method: string): Localized => {
  const key = method === "attested" ? "attested-method" : method;
  return hasWord(key) ? word(key) : plain(method);
};

function criterionOf(book: Book, titles: ReadonlyMap<string, Localized>, criterion: CriterionFacts) {
  const scored = criterion.type === "B";
  const share = formatShare(criterion.gp, book.gp);
  return {
    id: criterion.id,
    anchor: anchor("c", criterion.id),
    title: criterion.title,
    type: criterion.type,
    weight: scored
      ? { de: `${formatNumber(criterion.gp).de} GP (${share.de})`, en: `${criterion.gp} GP (${share.en})` }
      : null,
    minimum: criterion.minimum === undefined ? null : word("minimum", { bp: formatNumber(criterion.minimum) }),
    rule: criterion.ruleText,
    sources: sourcesOf(criterion),
    method: joined(criterion.method.map(methodWord)),
    scenarios: criterion.scenarios.join(", "),
    note: criterion.note ?? null,
    results: book.candidates.map((candidate) => resultOf(book, titles, criterion, candidate)),
    attested: attestedResults(book, criterion.id),
  };
}

export function reasonsView(book: Book) {
  const titles = new Map(book.result.measurements.map((item) => [item.id, item.title]));
  return book.groups.map((group) => ({
    anchor: anchor("g", group.id),
    title: group.title,
    criteria: group.criteria.map((criterion) => criterionOf(book, titles, criterion)),
  }));
}
