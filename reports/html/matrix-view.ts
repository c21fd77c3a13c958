// Criteria × candidates: the exclusion table first, then the scored rows by group.
import type { CriterionFacts, VerdictRecord } from "../../harness/model/result.ts";
import type { Localized } from "../../harness/model/text.ts";
import { anchor } from "../text/clean.ts";
import { formatNumber, formatShare } from "../text/format.ts";
import { word } from "../text/words.ts";
import { attestedCells, attestedHeads, attestedShares } from "./attested-view.ts";
import { noneTested, wordOf, type Book } from "./book.ts";

/** Reservations that must stand beside a verdict wherever it is shown. */
export function marksOf(record: VerdictRecord): Localized[] {
  const proof = { proven: undefined, unproven: "unproven", stale: "stale", missed: "missed" }[record.proof.state];
  return [
    ...(record.verdict === "met" && proof !== undefined ? [word(proof)] : []),
    ...(record.unstable ? [word("unstable")] : []),
    ...(["E1", "E2", "E3"].includes(record.grade)
      ? [{ de: `${word("attested").de} ${record.grade}`, en: `${word("attested").en} ${record.grade}` }]
      : []),
  ];
}

/** "3,75 BP", or undefined where the row has no points. */
export function pointsOf(record: VerdictRecord | undefined): Localized | undefined {
  if (record === undefined || record.points === null) return undefined;
  const points = formatNumber(record.points, 2);
  return { de: `${points.de} BP`, en: `${points.en} BP` };
}

/** Beside a row that was not tested at all, "as shipped: not tested" says nothing. */
const silent = (decided: VerdictRecord | undefined, beside: VerdictRecord): boolean =>
  wordOf(decided).word === "not-tested" && beside.verdict === "not-tested";

function cellOf(record: VerdictRecord | undefined, href: string) {
  return { href, ...wordOf(record), points: pointsOf(record) ?? null, marks: record ? marksOf(record) : [] };
}

function columnsOf(book: Book, criterion: CriterionFacts) {
  return book.candidates.map((candidate, index) => {
    const decided = book.decided(criterion.id, candidate.id);
    const beside = book.beside(criterion.id, candidate.id);
    const href = `#${anchor("r", criterion.id, candidate.id)}`;
    return {
      column: index,
      out: book.total(candidate.id)?.standing === "excluded",
      decided: cellOf(decided, href),
      beside: beside && !silent(decided, beside) ? { ...wordOf(beside), points: pointsOf(beside) ?? null } : null,
    };
  });
}

const flag = (value: boolean): string => (value ? "1" : "0");

function rowOf(book: Book, criterion: CriterionFacts) {
  const records = book.candidates.map((candidate) => book.decided(criterion.id, candidate.id));
  const words = records.map((record) => wordOf(record).word);
  const values = new Set(records.map((record) => `${wordOf(record).word} ${record?.points ?? ""}`));
  return {
    id: criterion.id,
    href: `#${anchor("c", criterion.id)}`,
    title: criterion.title,
    gp: formatNumber(criterion.gp),
    weight: formatShare(criterion.gp, book.gp),
    minimum: criterion.minimum === undefined ? null : word("minimum", { bp: formatNumber(criterion.minimum) }),
    tested: flag(words.some((item) => item !== "not-tested")),
    differs: flag(values.size > 1),
    failed: flag(words.some((item) => item === "not-met" || item === "partly")),
    open: flag(words.some((item) => item === "not-tested" || item === "inconclusive")),
    columns: columnsOf(book, criterion),
    attested: attestedCells(book, criterion.id),
  };
}

export function matrixView(book: Book) {
  return {
    candidates: book.candidates.map((candidate, index) => ({
      id: candidate.id,
      title: candidate.title,
      version: candidate.version,
      excluded: book.total(candidate.id)?.standing === "excluded",
      column: index,
      href: `#${anchor("p", candidate.id)}`,
    })),
    required: book.result.criteria.filter((criterion) => criterion.type === "A").map((row) => rowOf(book, row)),
    groups: book.groups
      .filter((group) => group.criteria.some((criterion) => criterion.type === "B"))
      .map((group) => ({
        title: group.title,
        caption: word("groupCaption", { group: group.title }),
        gp: formatNumber(group.gp),
        weight: formatShare(group.gp, book.gp),
        rows: group.criteria.filter((criterion) => criterion.type === "B").map((row) => rowOf(book, row)),
        attestedShares: attestedShares(book, group.id),
        shares: book.candidates.map((candidate, index) => {
          const part = book.total(candidate.id)?.groups.find((item) => item.group === group.id);
          const untested = noneTested(book, group.id, candidate.id);
          return {
            column: index,
            share: untested ? word("untestedGroup") : formatShare(part?.points ?? 0, part?.maxPoints ?? 0),
          };
        }),
      })),
    attested: attestedHeads(book),
    attestedTotals: attestedShares(book),
    gp: formatNumber(book.gp),
    totals: book.candidates.map((candidate, index) => {
      const total = book.total(candidate.id);
      return {
        column: index,
        points: formatNumber(total?.points ?? 0, 1),
        share: formatShare(total?.points ?? 0, total?.maxPoints ?? 0),
        excluded: total?.standing === "excluded",
      };
    }),
    all: book.result.criteria.length,
  };
}
