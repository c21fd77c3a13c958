// Who can write to whom: pairs of different products and generations, one grid for each protocol.
import type { CandidateFacts } from "../../harness/model/journal.ts";
import type { PartnerVerdict } from "../../harness/model/result.ts";
import type { Localized } from "../../harness/model/text.ts";
import { verdictTitles } from "../../harness/model/verdict.ts";
import { anchor } from "../text/clean.ts";
import { formatNumber } from "../text/format.ts";
import { word } from "../text/words.ts";
import { properName, type Book } from "./book.ts";

interface Found extends PartnerVerdict {
  readonly criterion: string;
  readonly candidate: string;
}

/** The rows that are judged pair by pair. */
const pairsIn = (book: Book): readonly Found[] =>
  book.result.verdicts.flatMap(({ criterion, candidate, partners = [] }) =>
    partners.map((pair) => ({ ...pair, criterion, candidate })),
  );

/** "20 von 20", and what stood in the way; nothing where nothing was measured. */
function figuresOf({ measurements }: Found): readonly Localized[] {
  const valueOf = (ending: string): number | undefined => {
    const value = measurements.find(({ id }) => id.endsWith(ending))?.value;
    return typeof value === "number" ? value : undefined;
  };
  const arrived = measurements.find(({ id }) => id.endsWith(".messages-delivered"));
  if (typeof arrived?.value !== "number") return [];
  const errors = valueOf(".errors") ?? 0;
  const slowest = measurements.find(({ id }) => id.endsWith(".delivery-time-max"));
  const time = typeof slowest?.value === "number" && slowest.censored !== true ? slowest.value : undefined;
  return [
    word("pairArrived", { count: formatNumber(arrived.value), total: formatNumber(arrived.total ?? 0) }),
    ...(errors === 0 ? [] : [word(errors === 1 ? "pairError" : "pairErrors", { count: formatNumber(errors) })]),
    ...(time === undefined ? [] : [word("pairSlowest", { time: formatNumber(time, 1) })]),
  ];
}

function cellOf(pairs: readonly Found[], row: CandidateFacts, column: CandidateFacts) {
  const same = row.id === column.id;
  // A pair that counts for one of the two only stands in its record alone; the grid shows it from both sides.
  const found =
    pairs.find(({ candidate, partner }) => candidate === row.id && partner === column.id) ??
    pairs.find(({ candidate, partner }) => candidate === column.id && partner === row.id);
  if (same || found === undefined) return { same, found: null };
  const { criterion, candidate, verdict } = found;
  return {
    same,
    found: {
      word: verdict,
      title: verdictTitles[verdict],
      criterion,
      href: `#${anchor("r", criterion, candidate)}`,
      figures: figuresOf(found),
    },
  };
}

/** One grid a protocol; empty where no two products of one protocol met. */
export function partnersView(book: Book) {
  const pairs = pairsIn(book);
  const met = book.candidates.filter(({ id }) =>
    pairs.some(({ candidate, partner }) => [candidate, partner].includes(id)),
  );
  return [...new Set(met.map(({ protocol }) => protocol))].map((protocol) => {
    const products = met.filter((candidate) => candidate.protocol === protocol);
    return {
      id: protocol,
      caption: word("partnersCaption", { protocol: properName(protocol) }),
      products: products.map(({ title, version }) => ({ title, version })),
      rows: products.map((row) => ({
        title: row.title,
        version: row.version,
        cells: products.map((column) => cellOf(pairs, row, column)),
      })),
    };
  });
}
