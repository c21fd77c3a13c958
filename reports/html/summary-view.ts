// One page for the head of division: result, exclusions, gaps, risks; the recommendation apart from the findings.
import type { CandidateFacts } from "../../harness/model/journal.ts";
import type { CandidateTotal, VerdictRecord } from "../../harness/model/result.ts";
import type { Localized } from "../../harness/model/text.ts";
import { anchor } from "../text/clean.ts";
import { formatNumber, formatShare } from "../text/format.ts";
import { hasWord, word } from "../text/words.ts";
import { awardView, leadingOf, sensitivityView } from "./award-view.ts";
import { joined, noneTested, sentence, wordOf, type Book } from "./book.ts";

export interface Ranked {
  readonly candidate: CandidateFacts;
  readonly total: CandidateTotal;
  /** Undefined for an excluded product: it is not in the ranking. */
  readonly rank: number | undefined;
}

/** Products by score, excluded ones last and without a rank; equal scores share a rank. */
export function rankingOf(book: Book): Ranked[] {
  const all = book.candidates.flatMap((candidate) => {
    const total = book.total(candidate.id);
    return total ? [{ candidate, total }] : [];
  });
  const byScore = all.toSorted((a, b) => b.total.points - a.total.points);
  const ranked = byScore.filter(({ total }) => total.standing !== "excluded");
  const excluded = byScore.filter(({ total }) => total.standing === "excluded");
  return [
    ...ranked.map((item) => ({
      ...item,
      rank: 1 + ranked.filter((other) => other.total.points > item.total.points).length,
    })),
    ...excluded.map((item) => ({ ...item, rank: undefined })),
  ];
}

function rankingRow({ candidate, total, rank }: Ranked) {
  return {
    href: `#${anchor("p", candidate.id)}`,
    title: candidate.title,
    version: candidate.version,
    rank: rank === undefined || total.points === 0 ? "–" : String(rank),
    provisional: rank !== undefined && total.points > 0 && total.standing === "open",
    excluded: total.standing === "excluded",
    standing: total.standing,
    standingTitle: word(total.standing),
    share: formatShare(total.points, total.maxPoints),
    score: formatNumber(total.points, 1),
    max: word("ofMax", { max: formatNumber(total.maxPoints) }),
    tested: word("kOfN", total.requiredTested),
  };
}

function rowLinks(book: Book, ids: readonly string[], candidate: string) {
  return ids.map((id) => {
    const record = book.decided(id, candidate);
    const criterion = book.result.criteria.find((item) => item.id === id);
    return {
      id,
      href: `#${anchor("r", id, candidate)}`,
      title: criterion?.title ?? { de: id, en: id },
      word: wordOf(record).word,
      verdict: wordOf(record).title,
      reason: record ? sentence(record.reason.text) : word("noRecord"),
    };
  });
}

const isUntested = (book: Book, candidate: string) => (id: string) =>
  (book.decided(id, candidate)?.verdict ?? "not-tested") === "not-tested";

const rowsOf = (rows: readonly string[]): string => (rows.length > 0 ? ` (${rows.join(", ")})` : "");

/** The first words a head of division reads: who is out, who is not settled, who leads. */
function openingOf(book: Book): Localized {
  const say = (standing: CandidateTotal["standing"], key: string, rows: (total: CandidateTotal) => string) => {
    const named = rankingOf(book)
      .filter(({ total }) => total.standing === standing)
      .map(({ candidate, total }) => `${candidate.title}${rows(total)}`);
    return named.length > 0
      ? [word(`${key}${named.length > 1 ? "Many" : "One"}`, { products: listedNames(named) })]
      : [];
  };
  const out = say("excluded", "openingExcluded", (total) => rowsOf(total.excludedBy));
  return joined(
    [
      ...(out.length > 0 ? out : [word("openingExcludedNone")]),
      ...say("open", "openingOpen", () => ""),
      ...say("eligible", "openingEligible", () => ""),
      ...leadOf(book),
    ],
    " ",
  );
}

/** "A, B und C" */
const listedNames = (names: readonly string[]): Localized => ({
  de: new Intl.ListFormat("de", { type: "conjunction" }).format(names),
  en: new Intl.ListFormat("en-GB", { type: "conjunction" }).format(names),
});

/** Who leads by score, if anybody scored; one product alone leads nobody. */
function leadOf(book: Book): Localized[] {
  const leaders = rankingOf(book).filter(({ rank }) => rank === 1);
  const first = leaders[0];
  if (first === undefined || first.total.points === 0) return [];
  const share = formatShare(first.total.points, first.total.maxPoints);
  const product = listedNames(leaders.map(({ candidate }) => candidate.title));
  if (book.candidates.length === 1) return [word("recommendAlone", { product, share })];
  return [word(leaders.length > 1 ? "recommendTie" : "recommendLead", { product, share })];
}

/** How many rows no product was tested on, and how many are inconclusive for at least one. */
function openRowsOf(book: Book): Localized {
  const words = (id: string): string[] =>
    book.candidates.map((candidate) => book.decided(id, candidate.id)?.verdict ?? "not-tested");
  const ids = book.result.criteria.map((criterion) => criterion.id);
  return word("openRowsText", {
    untested: ids.filter((id) => words(id).every((verdict) => verdict === "not-tested")).length,
    all: ids.length,
    unclear: ids.filter((id) => words(id).includes("inconclusive")).length,
  });
}

/** Required rows no product was tested on: said once, not once per product. */
function untestedEverywhere(book: Book): string[] {
  const required = book.result.criteria.filter((criterion) => criterion.type === "A").map((criterion) => criterion.id);
  return required.filter((id) => book.candidates.every((candidate) => isUntested(book, candidate.id)(id)));
}

const criterionLinks = (ids: readonly string[]) => ids.map((id) => ({ id, href: `#${anchor("c", id)}` }));

function exclusionsOf(book: Book) {
  const everywhere = untestedEverywhere(book);
  const products = rankingOf(book)
    .filter(({ total }) => total.standing !== "eligible")
    .toSorted((a, b) => Number(b.rank === undefined) - Number(a.rank === undefined))
    .map(({ candidate, total }) => {
      const untested = total.openRows.filter(isUntested(book, candidate.id));
      const settled = total.openRows.filter((id) => !untested.includes(id));
      return {
        headline: word(total.standing === "excluded" ? "isExcluded" : "isOpen", { product: candidate.title }),
        rows: rowLinks(book, [...total.excludedBy, ...settled], candidate.id),
        untested: criterionLinks(untested.filter((id) => !everywhere.includes(id))),
      };
    });
  return { products, everywhere: criterionLinks(everywhere) };
}

/** Length of a full bar in the panels of summary.hbs. */
const barWidth = 110;

function barsOf(
  book: Book,
  shareOf: (total: CandidateTotal) => { points: number; maxPoints: number } | undefined,
  group?: string,
) {
  return book.candidates.map((candidate, index) => {
    const total = book.total(candidate.id);
    const part = total && shareOf(total);
    const share = part && part.maxPoints > 0 ? part.points / part.maxPoints : 0;
    return {
      title: candidate.title.length > 13 ? `${candidate.title.slice(0, 12)}…` : candidate.title,
      y: index * 22,
      textY: index * 22 + 14,
      width: Math.round(share * barWidth * 10) / 10,
      label:
        group !== undefined && noneTested(book, group, candidate.id)
          ? word("untestedGroup")
          : formatShare(part?.points ?? 0, part?.maxPoints ?? 0),
      light: total?.standing === "excluded",
    };
  });
}

function panelsOf(book: Book) {
  const height = book.candidates.length * 22;
  const overall = {
    id: "total",
    title: word("total"),
    weight: word("weightOfGroup", { gp: book.gp, share: formatShare(book.gp, book.gp) }),
  };
  return [
    { ...overall, height, bars: barsOf(book, (total) => total) },
    ...book.groups
      .filter((group) => group.gp > 0)
      .map((group) => ({
        id: group.id,
        title: group.title,
        weight: word("weightOfGroup", { gp: group.gp, share: formatShare(group.gp, book.gp) }),
        height,
        bars: barsOf(book, (total) => total.groups.find((item) => item.group === group.id), group.id),
      })),
  ];
}

function groupTable(book: Book) {
  const cells = (pick: (total: CandidateTotal) => { points: number; maxPoints: number } | undefined): Localized[] =>
    book.candidates.map((candidate) => {
      const total = book.total(candidate.id);
      const part = total && pick(total);
      return formatShare(part?.points ?? 0, part?.maxPoints ?? 0);
    });
  return {
    heads: book.candidates.map((candidate) => ({
      title: candidate.title,
      excluded: book.total(candidate.id)?.standing === "excluded",
    })),
    rows: book.groups.map((group) => ({
      title: group.title,
      weight:
        group.gp > 0
          ? word("weightOfGroup", { gp: group.gp, share: formatShare(group.gp, book.gp) })
          : word("requiredOnly"),
      cells: cells((total) => total.groups.find((item) => item.group === group.id)).map((share, index) =>
        group.gp > 0 && noneTested(book, group.id, book.candidates[index]?.id ?? "") ? word("untestedGroup") : share,
      ),
    })),
    total: cells((total) => total),
  };
}

const unsettled = (record: VerdictRecord): boolean =>
  record.decides && (record.verdict === "not-tested" || record.verdict === "inconclusive");

function gapsOf(book: Book) {
  const open = book.result.verdicts.filter(unsettled);
  const codes = [...new Set(open.map((record) => record.reason.code))];
  return codes.map((code) => {
    const records = open.filter((record) => record.reason.code === code);
    const ids = [...new Set(records.map((record) => record.criterion))];
    return {
      reason: word(code),
      rows: ids.map((id) => {
        const here = records.filter((record) => record.criterion === id);
        const first = here[0];
        const everywhere = here.length === book.candidates.length;
        return {
          id,
          href: everywhere || !first ? `#${anchor("c", id)}` : `#${anchor("r", id, first.candidate)}`,
          products: everywhere ? null : joined(here.map((record) => titleOf(book, record.candidate))),
        };
      }),
    };
  });
}

function titleOf(book: Book, candidate: string): string {
  return book.candidates.find((item) => item.id === candidate)?.title ?? candidate;
}

/** "F-08 (ejabberd), I-08": products are named where it is not all of them. */
function listed(book: Book, records: readonly VerdictRecord[]): Localized {
  const ids = [...new Set(records.map((record) => record.criterion))];
  return joined(
    ids.map((id) => {
      const here = records.filter((record) => record.criterion === id).map((record) => titleOf(book, record.candidate));
      const names = joined(here);
      return here.length === book.candidates.length ? id : { de: `${id} (${names.de})`, en: `${id} (${names.en})` };
    }),
  );
}

function defaultRisks(book: Book): Localized[] {
  const required = book.result.criteria.filter((criterion) => criterion.type === "A").map((criterion) => criterion.id);
  return book.candidates.flatMap((candidate) => {
    const failed = required.filter(
      (id) =>
        book.beside(id, candidate.id)?.verdict === "not-met" && book.decided(id, candidate.id)?.verdict !== "not-met",
    );
    return failed.length > 0 ? [word("riskDefault", { product: candidate.title, rows: failed.join(", ") })] : [];
  });
}

function risksOf(book: Book): Localized[] {
  const { result } = book;
  const decided = result.verdicts.filter((record) => record.decides);
  const about = (key: string, records: readonly VerdictRecord[]): Localized[] =>
    records.length > 0 ? [word(key, { rows: listed(book, records) })] : [];
  const compressed = [...new Set(result.run.compression.map((item) => item.criterion))];
  return [
    ...(result.runOutcome === "completed" ? [] : [word("riskUnfinished", { outcome: word(result.runOutcome) })]),
    ...defaultRisks(book),
    ...about(
      "riskUnstable",
      decided.filter((record) => record.unstable !== undefined),
    ),
    ...about(
      "riskUnproven",
      decided.filter((record) => record.verdict === "met" && record.proof.state !== "proven"),
    ),
    ...about(
      "riskAttested",
      decided.filter((record) => !unsettled(record) && ["E1", "E2", "E3"].includes(record.grade)),
    ),
    ...(compressed.length > 0 ? [word("riskCompressed", { rows: compressed.join(", ") })] : []),
    ...(result.run.harness.dirty ? [word("riskDirty")] : []),
  ];
}

function priceSentence(book: Book): Localized {
  if (book.result.award === undefined) return word("recommendPrice");
  const product = leadingOf(book);
  return product === undefined ? word("recommendNoAward") : word("recommendAward", { product });
}

function recommendationOf(book: Book): Localized[] {
  const ranked = rankingOf(book).filter(({ rank }) => rank !== undefined);
  const leaders = ranked.filter(({ rank }) => rank === 1);
  const first = leaders[0];
  const price = priceSentence(book);
  if (first === undefined) return [word("recommendNone"), price];
  if (first.total.points === 0) return [word("recommendNothing"), price];
  const open = ranked.filter(({ total }) => total.standing === "open").map(({ candidate }) => candidate.title);
  return [...leadOf(book), ...(open.length > 0 ? [word("recommendOpen", { products: open.join(", ") })] : []), price];
}

/** What a parameter of the plan is called; one without a title keeps its name. */
const parameterTitle = (name: string): Localized =>
  hasWord(`parameter-${name}`) ? word(`parameter-${name}`) : { de: name, en: name };

function compressionOf(book: Book) {
  return book.result.run.compression.map((item) => ({
    criterion: item.criterion,
    href: `#${anchor("c", item.criterion)}`,
    parameter: parameterTitle(item.parameter),
    full: formatNumber(item.full),
    used: formatNumber(item.used),
    factor: formatNumber(item.factor, 2),
  }));
}

/** True if every product was planned for the same scenarios and configurations. */
function sameForAll(book: Book): boolean {
  const { plan } = book.result.run;
  if (plan === undefined) return true;
  const planned = book.candidates.map((candidate) =>
    plan
      // Whom a product meets depends on the others of the run.
      .filter((item) => item.candidate === candidate.id && item.partner === undefined)
      .map((item) => `${item.scenario} ${item.config}`)
      .toSorted()
      .join(),
  );
  return new Set(planned).size <= 1;
}

function testedCount(book: Book): number {
  const untested = (id: string): boolean => book.candidates.every((candidate) => isUntested(book, candidate.id)(id));
  return book.result.criteria.filter((criterion) => !untested(criterion.id)).length;
}

export function summaryView(book: Book) {
  const single = book.candidates.length === 1;
  const { result } = book;
  const required = result.criteria.filter((criterion) => criterion.type === "A").length;
  return {
    opening: openingOf(book),
    noExclusions: book.result.totals.every((total) => total.standing === "eligible"),
    openRows: openRowsOf(book),
    compared: word(single ? "comparedOne" : "comparedText", {
      products: listedNames(book.candidates.map((candidate) => candidate.title)),
      criteria: result.criteria.length,
      tested: testedCount(book),
      required,
      scored: result.criteria.length - required,
      gp: formatNumber(book.gp),
    }),
    same: word(single ? "onlyOne" : sameForAll(book) ? "sameForAll" : "notSameForAll"),
    ranking: rankingOf(book).map(rankingRow),
    exclusions: exclusionsOf(book),
    panels: panelsOf(book),
    groupTable: groupTable(book),
    award: awardView(book),
    sensitivity: sensitivityView(book),
    gaps: gapsOf(book),
    risks: risksOf(book),
    compression: compressionOf(book),
    recommendation: recommendationOf(book),
  };
}
