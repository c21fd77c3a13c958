// The result, indexed once: every view asks the same questions of it.
import type { CandidateFacts } from "../../harness/model/journal.ts";
import type { CandidateTotal, CriterionFacts, ReportInput, Result, VerdictRecord } from "../../harness/model/result.ts";
import type { Localized } from "../../harness/model/text.ts";
import { verdictTitles, type VerdictWord } from "../../harness/model/verdict.ts";

export interface GroupOfCriteria {
  readonly id: string;
  readonly title: Localized;
  readonly criteria: readonly CriterionFacts[];
  readonly gp: number;
}

export type EvidenceFacts = NonNullable<ReportInput["evidence"]>[number];

export interface Book {
  readonly input: ReportInput;
  readonly result: Result;
  /** Report order. */
  readonly candidates: readonly CandidateFacts[];
  readonly groups: readonly GroupOfCriteria[];
  /** Sum of GP of all scored rows: the profile decides it, it is never a constant. */
  readonly gp: number;
  readonly total: (candidate: string) => CandidateTotal | undefined;
  /** The verdict that counts. */
  readonly decided: (criterion: string, candidate: string) => VerdictRecord | undefined;
  /** Size and hash of an evidence file, if the journal has them. */
  readonly evidence: (path: string) => EvidenceFacts | undefined;
  /** The other configuration, shown for comparison. */
  readonly beside: (criterion: string, candidate: string) => VerdictRecord | undefined;
}

const sumOfGp = (criteria: readonly CriterionFacts[]): number =>
  criteria.reduce((sum, criterion) => sum + (criterion.type === "B" ? criterion.gp : 0), 0);

function groupsOf(result: Result): GroupOfCriteria[] {
  const known = new Set(result.groups.map((group) => group.id));
  const strays = [...new Set(result.criteria.map((criterion) => criterion.group))].filter((id) => !known.has(id));
  const all = [...result.groups, ...strays.map((id) => ({ id, title: { de: id, en: id } }))];
  return all
    .map((group) => {
      const criteria = result.criteria.filter((criterion) => criterion.group === group.id);
      return { id: group.id, title: group.title, criteria, gp: sumOfGp(criteria) };
    })
    .filter((group) => group.criteria.length > 0);
}

const keyOf = (criterion: string, candidate: string): string => JSON.stringify([criterion, candidate]);

function indexed(verdicts: readonly VerdictRecord[]): ReadonlyMap<string, VerdictRecord> {
  return new Map(verdicts.map((verdict) => [keyOf(verdict.criterion, verdict.candidate), verdict]));
}

/** Indexes a cleaned report input. */
export function openBook(input: ReportInput): Book {
  const { result } = input;
  const decided = indexed(result.verdicts.filter((verdict) => verdict.decides));
  const beside = indexed(result.verdicts.filter((verdict) => !verdict.decides));
  const evidence = new Map((input.evidence ?? []).map((file) => [file.path, file]));
  const totals = new Map(result.totals.map((total) => [total.candidate, total]));
  return {
    input,
    result,
    candidates: result.run.candidates,
    groups: groupsOf(result),
    gp: sumOfGp(result.criteria),
    total: (candidate) => totals.get(candidate),
    decided: (criterion, candidate) => decided.get(keyOf(criterion, candidate)),
    evidence: (path) => evidence.get(path),
    beside: (criterion, candidate) => beside.get(keyOf(criterion, candidate)),
  };
}

/** A verdict word with its title; a missing record is "not tested", never blank and never good. */
export function wordOf(record: VerdictRecord | undefined): { readonly word: VerdictWord; readonly title: Localized } {
  const word = record?.verdict ?? "not-tested";
  return { word, title: verdictTitles[word] };
}

/** Joins texts of both languages. */
export function joined(items: readonly (string | Localized)[], separator = ", "): Localized {
  const side = (language: keyof Localized): string =>
    items.map((item) => (typeof item === "string" ? item : item[language])).join(separator);
  return { de: side("de"), en: side("en") };
}

/** A text that begins like a sentence: a plain first word gets its capital, an id or a number stays. */
export function sentence(text: Localized): Localized {
  const begin = (from: string): string =>
    /^\p{Ll}[\p{L}-]*[ ,:]/u.test(from) ? from.slice(0, 1).toUpperCase() + from.slice(1) : from;
  return { de: begin(text.de), en: begin(text.en) };
}

/** True if none of a group's scored rows was tested on a product: 0 per cent would look like a result. */
export function noneTested(book: Book, group: string, candidate: string): boolean {
  const rows =
    book.groups.find((one) => one.id === group)?.criteria.filter((criterion) => criterion.type === "B") ?? [];
  return rows.every((criterion) => (book.decided(criterion.id, candidate)?.verdict ?? "not-tested") === "not-tested");
}

const properNames: Readonly<Record<string, string>> = {
  xmpp: "XMPP",
  matrix: "Matrix",
  omemo: "OMEMO",
  ox: "OX (OpenPGP)",
  otr: "OTR",
  megolm: "Megolm",
  mls: "MLS",
};

/** A protocol or method as the field writes it. */
export const properName = (id: string): string => properNames[id] ?? id;
