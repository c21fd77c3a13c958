// Closed products: what documents say, always apart from what was measured.
import type { AttestedProduct, AttestedStatement, AttestedVerdict } from "../../harness/model/result.ts";
import type { Localized } from "../../harness/model/text.ts";
import { verdictTitles, type Grade } from "../../harness/model/verdict.ts";
import { anchor } from "../text/clean.ts";
import { formatDate, formatNumber, formatShare } from "../text/format.ts";
import { word } from "../text/words.ts";
import type { Book } from "./book.ts";

const plain = (text: string): Localized => ({ de: text, en: text });
const documentGrades: readonly Grade[] = ["E3", "E2", "E1", "E0"];

export const attestedProducts = (book: Book): readonly AttestedProduct[] => book.result.attested?.products ?? [];

const verdictOf = (book: Book, criterion: string, candidate: string): AttestedVerdict | undefined =>
  book.result.attested?.verdicts.find((one) => one.criterion === criterion && one.candidate === candidate);

const isDecided = ({ verdict }: AttestedVerdict): boolean =>
  verdict === "met" || verdict === "partly" || verdict === "not-met";

const pointsOf = (verdict: AttestedVerdict | undefined): Localized | null => {
  if (verdict === undefined || verdict.points === null) return null;
  const points = formatNumber(verdict.points, 1);
  return { de: `${points.de} BP`, en: `${points.en} BP` };
};

const badgeOf = (verdict: AttestedVerdict | undefined): Localized | null =>
  verdict !== undefined && isDecided(verdict) ? word("attestedBadge", { grade: verdict.grade }) : null;

function gapOf(verdict: AttestedVerdict | undefined): Localized | null {
  const count = verdict === undefined || isDecided(verdict) ? 0 : verdict.statements.length;
  if (count === 0) return null;
  return count === 1 ? word("attestedGapOne") : word("attestedGap", { count });
}

/** Columns of a row of the matrix, after the measured ones. */
export function attestedCells(book: Book, criterion: string) {
  return attestedProducts(book).map(({ id }, index) => {
    const verdict = verdictOf(book, criterion, id);
    const said = (verdict?.statements.length ?? 0) > 0;
    return {
      column: book.candidates.length + index,
      first: index === 0,
      href: said ? `#${anchor("r", criterion, id)}` : `#${anchor("c", criterion)}`,
      word: verdict?.verdict ?? "not-tested",
      title: verdictTitles[verdict?.verdict ?? "not-tested"],
      points: pointsOf(verdict),
      badge: badgeOf(verdict),
      gap: gapOf(verdict),
    };
  });
}

export function attestedHeads(book: Book) {
  return attestedProducts(book).map(({ id, title }, index) => ({
    column: book.candidates.length + index,
    first: index === 0,
    title,
    label: word("attestedColumn", { product: title }),
    href: `#${anchor("p", id)}`,
  }));
}

/** Degree of fulfilment of a group, or of all with the points. */
export function attestedShares(book: Book, group?: string) {
  return attestedProducts(book).map(({ id }, index) => {
    const total = book.result.attested?.totals.find(({ candidate }) => candidate === id);
    const part = group === undefined ? total : total?.groups.find((one) => one.group === group);
    return {
      column: book.candidates.length + index,
      first: index === 0,
      share: formatShare(part?.points ?? 0, part?.maxPoints ?? 0),
      points: formatNumber(part?.points ?? 0, 1),
    };
  });
}

function dateOf({ document }: AttestedStatement): Localized {
  return document.date === "undated" ? word("documentUndated") : plain(document.date);
}

function statementView(statement: AttestedStatement) {
  const { id, criterion, measurement, value, says, document, place, grade, expires, state, contradicts } = statement;
  const given = value === true ? word("yes") : value === false ? word("no") : plain(String(value ?? ""));
  return {
    id,
    criterion,
    href: `#${anchor("c", criterion)}`,
    says,
    value: measurement === undefined ? null : { measurement, given },
    title: document.title,
    publisher: document.publisher,
    date: dateOf(statement),
    read: word("documentRead", { read: document.read }),
    address: document.address ?? null,
    file: document.file ? word("documentFile", document.file) : null,
    place,
    grade: word(grade),
    expires,
    state,
    stateTitle: word(`state-${state}`),
    struck: state === "expired" || state === "contradicting",
    contradicts: contradicts.length > 0 ? word("statementContradicts", { ids: contradicts.join(", ") }) : null,
  };
}

/** What documents say about one criterion, product by product; products without a statement are left to the matrix. */
export function attestedResults(book: Book, criterion: string) {
  return attestedProducts(book).flatMap((product) => {
    const verdict = verdictOf(book, criterion, product.id);
    const about = product.statements.filter((one) => one.criterion === criterion);
    if (verdict === undefined || about.length === 0) return [];
    return [
      {
        id: anchor("r", criterion, product.id),
        product: product.title,
        word: verdict.verdict,
        title: verdictTitles[verdict.verdict],
        points: pointsOf(verdict),
        badge: badgeOf(verdict) ?? word("attestedHead"),
        reason: verdict.reason.text,
        code: word(verdict.reason.code),
        arithmetic: verdict.arithmetic.de === "" ? null : verdict.arithmetic,
        statements: about.map(statementView),
      },
    ];
  });
}

function sharesOf(book: Book, id: string) {
  const total = book.result.attested?.totals.find(({ candidate }) => candidate === id);
  return documentGrades.map((grade) => ({
    grade: word(grade),
    required: formatNumber(total?.grades[grade].a ?? 0),
    points: formatNumber(total?.grades[grade].points ?? 0, 1),
  }));
}

function pageOf(book: Book, product: AttestedProduct) {
  const { id, title, vendor, licence, scope, file, statements } = product;
  return {
    anchor: anchor("p", id),
    title,
    vendor,
    licence,
    scope,
    file,
    shares: sharesOf(book, id),
    statements: statements.map(statementView),
  };
}

function rowOf(book: Book, { id, title, statements }: AttestedProduct) {
  const { totals = [], verdicts = [] } = book.result.attested ?? {};
  const total = totals.find(({ candidate }) => candidate === id);
  const required = new Set(book.result.criteria.filter(({ type }) => type === "A").map((one) => one.id));
  const own = verdicts.filter(({ candidate, criterion }) => candidate === id && required.has(criterion));
  const count = (holds: (one: AttestedStatement) => boolean): Localized =>
    formatNumber(statements.filter(holds).length);
  return {
    href: `#${anchor("p", id)}`,
    title,
    standing: total?.standing ?? "open",
    standingTitle: word(total?.standing ?? "open"),
    excludedBy: (total?.excludedBy ?? []).join(", "),
    decided: word("kOfN", { tested: own.filter(isDecided).length, required: own.length }),
    share: formatShare(total?.points ?? 0, total?.maxPoints ?? 0),
    score: formatNumber(total?.points ?? 0, 1),
    grades: documentGrades.map((grade) => count((one) => one.grade === grade)),
    expired: count(({ state }) => state === "expired"),
    contradicting: count(({ state }) => state === "contradicting"),
  };
}

/** Null where the run took no dossiers in. */
export function attestedView(book: Book) {
  const { attested } = book.result;
  if (attested === undefined) return null;
  return {
    caption: word("attestedCaption", { on: formatDate(attested.on) }),
    gradeHeads: documentGrades,
    rows: attested.products.map((product) => rowOf(book, product)),
    pages: attested.products.map((product) => pageOf(book, product)),
  };
}
