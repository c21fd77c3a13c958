// Award figures after UfAB 2018 and how stable ranking and leader are. Without a price file only the ranking is looked at.
import type { AwardTerms, Flip, Places } from "../../harness/model/result.ts";
import type { Localized } from "../../harness/model/text.ts";
import { formatNumber } from "../text/format.ts";
import { hasWord, word } from "../text/words.ts";
import { joined, type Book } from "./book.ts";

const none: Localized = { de: "–", en: "–" };

const titleOf = (book: Book, candidate: string): string =>
  book.candidates.find(({ id }) => id === candidate)?.title ?? candidate;

/** "Prosody > ejabberd = Synapse": equal places with an equals sign. */
const placesText = (book: Book, places: Places): Localized =>
  places.length === 0 || places[0]?.length === 0
    ? word("none")
    : joined(
        places.map((ids) => ids.map((id) => titleOf(book, id)).join(" = ")),
        " > ",
      );

function changeText(book: Book, { change }: Flip): Localized {
  const percent = formatNumber(Math.abs(change.percent));
  if (change.kind === "band") return word("changeBand", { percent });
  const group = book.result.groups.find(({ id }) => id === change.group)?.title ?? change.group;
  return word(change.percent > 0 ? "changeMore" : "changeLess", { group, percent });
}

const flipRows = (book: Book, flips: readonly Flip[]) =>
  flips.map((flip) => ({
    change: changeText(book, flip),
    before: placesText(book, flip.before),
    after: placesText(book, flip.after),
  }));

/** "1 Fall", "3 Fällen" */
const casesText = (count: number): Localized => word(count === 1 ? "oneCase" : "manyCases", { count });

/** Does the ranking by score hold? Null where there is no ranking of two products. */
export function sensitivityView(book: Book) {
  const { sensitivity } = book.result;
  if (sensitivity === undefined) return null;
  const { ranking, weightFlips } = sensitivity;
  const nothing = book.result.totals.every(({ points }) => points === 0);
  const key = nothing ? "sensitivityNothing" : weightFlips.length === 0 ? "sensitivityStable" : "sensitivityFlips";
  return {
    text: word(key, { ranking: placesText(book, ranking), count: casesText(weightFlips.length) }),
    flips: { id: "score-flips", caption: word("scoreFlipsCaption"), rows: flipRows(book, weightFlips) },
  };
}

function criterionText(book: Book, criterion: string): Localized {
  if (hasWord(`criterion-${criterion}`)) return word(`criterion-${criterion}`);
  const id = criterion.replace(/^group:/u, "");
  return word("criterion-group", { group: book.result.groups.find((group) => group.id === id)?.title ?? id });
}

function termsText(book: Book, { method, bandPercent, criterion, weights }: AwardTerms): Localized {
  const percent = (share: number): Localized => formatNumber(share * 100, 1);
  return word(`terms-${method}`, {
    percent: formatNumber(bandPercent, 1),
    criterion: criterionText(book, criterion),
    performance: percent(weights?.performance ?? 0.5),
    price: percent(weights?.price ?? 0.5),
  });
}

/** Names of the leading products; undefined when nobody leads. */
export function leadingOf(book: Book): Localized | undefined {
  const leading = book.result.award?.leading ?? [];
  return leading.length === 0 ? undefined : joined(leading.map((id) => titleOf(book, id)));
}

/** Null without a price file: then no figure is shown at all. */
export function awardView(book: Book) {
  const { award } = book.result;
  if (award === undefined) return null;
  const { terms, offers, band, leaderFlips, orderFlips, priceFile } = award;
  const leading = leadingOf(book);
  const open = offers.filter(({ standing, value }) => standing === "open" && value !== null);
  return {
    terms: termsText(book, terms),
    source: word("priceSource", priceFile),
    banded: terms.method === "erweitert",
    offers: offers.map((offer) => ({
      title: titleOf(book, offer.candidate),
      excluded: offer.standing === "excluded",
      standing: offer.standing,
      standingTitle: word(offer.standing),
      leads: award.leading.includes(offer.candidate),
      performance: formatNumber(offer.performance, 1),
      price: offer.price === null ? word("noPrice") : formatNumber(offer.price),
      formula: offer.price === null ? none : offer.formula,
      band: offer.standing === "excluded" || offer.value === null ? none : word(offer.inBand ? "yes" : "no"),
    })),
    band: band === undefined ? null : word("bandText", { formula: band.formula }),
    result: leading === undefined ? word("nobodyLeads") : leadText(award.leading.length, leading, terms, book),
    open:
      open.length > 0
        ? word("awardOpen", { products: joined(open.map(({ candidate }) => titleOf(book, candidate))) })
        : null,
    leaderText: word(leaderFlips.length === 0 ? "leaderStable" : "leaderFlips", { count: leaderFlips.length }),
    flips: { id: "leader-flips", caption: word("leaderFlipsCaption"), rows: flipRows(book, leaderFlips) },
    orderText: word(orderFlips.length === 0 ? "orderStable" : "orderFlips", { count: orderFlips.length }),
    orderFlips: { id: "order-flips", caption: word("orderFlipsCaption"), rows: flipRows(book, orderFlips) },
  };
}

function leadText(count: number, product: Localized, terms: AwardTerms, book: Book): Localized {
  const inside = (book.result.award?.offers ?? []).filter(({ inBand }) => inBand).length;
  if (terms.method === "erweitert" && inside === 1) return word("leadAlone", { product });
  const how = terms.method === "erweitert" ? "leadBand" : "leadFigure";
  return word(count > 1 ? `${how}Tie` : how, { product, criterion: criterionText(book, terms.criterion) });
}
