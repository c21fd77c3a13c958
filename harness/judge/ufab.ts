import type { AwardTerms, Flip, Places } from "../model/result.ts";
import { median } from "../model/statistics.ts";
import type { Language, Localized } from "../model/text.ts";
import { both } from "./wording.ts";

/**
 * Award figures of UfAB 2018 (catalogue, section 3). The bench knows no prices: Leistung L and Zielerfüllungsgrad come
 * from a result, everything with a price P (EUR, life-cycle cost included) only from a price file.
 * Every figure names the formula with the numbers put in: the same name is used for different formulas in practice (3.7).
 */
export interface Offer {
  readonly id: string;
  /** L: Leistungspunkte. */
  readonly performance: number;
  /** P in EUR, above 0. */
  readonly price: number;
  /** Leistungspunkte by group: one may decide inside the band. */
  readonly groups?: Readonly<Record<string, number>>;
}

/** Z of one offer. */
interface Figure {
  readonly value: number;
  /** The formula with the numbers put in. */
  readonly formula: Localized;
}

interface Computed {
  /** Z of any offer, also of one that is not in the ranking. */
  readonly figure: (offer: Offer) => Figure;
  /** Best first; equal figures share a place. */
  readonly order: Places;
  /** Only of the extended method. */
  readonly band?: { readonly from: number; readonly formula: Localized; readonly inside: readonly string[] };
  /** More than one on a tie: a tie is stated, never broken silently. */
  readonly leading: readonly string[];
}

/** Z is multiplied by this so that it can be read (3.5). */
const readability = 1_000_000;
/** Allows for the rounding of binary fractions: an offer exactly on the edge of the band is inside, equal figures are equal. */
const tolerance = 1e-12;

const formats: Readonly<Record<Language, Intl.NumberFormat>> = {
  de: new Intl.NumberFormat("de-DE", { maximumFractionDigits: 4, useGrouping: "min2" }),
  en: new Intl.NumberFormat("en-GB", { maximumFractionDigits: 4, useGrouping: "min2" }),
};
const written = (value: number, language: Language): string => formats[language].format(value).replace("-", "−");
const tenth = (value: number): number => Math.round(value * 10) / 10;

/** Ids by falling value; equal values share a place. */
function placesOf(items: readonly { readonly id: string; readonly value: number }[]): Places {
  const sorted = items.toSorted((a, b) => b.value - a.value || (a.id < b.id ? -1 : 1));
  const places: { readonly value: number; readonly ids: string[] }[] = [];
  for (const { id, value } of sorted) {
    const last = places.at(-1);
    if (last && Math.abs(last.value - value) <= tolerance * Math.max(1, Math.abs(last.value))) last.ids.push(id);
    else places.push({ value, ids: [id] });
  }
  return places.map(({ ids }) => ids);
}

/** 3.5: Z = L / P. */
function ratio({ performance, price }: Offer): Figure {
  const value = (performance / price) * readability;
  const formula = both((language) => {
    const [l, p, factor, z] = [performance, price, readability, tenth(value)].map((one) => written(one, language));
    return `Z = ${l} / ${p} × ${factor} = ${z}`;
  });
  return { value, formula };
}

interface Base {
  readonly performance: number;
  readonly price: number;
}

/** 3.7: Z = G_L × L / base − G_P × P / base; a base of 0 points gives nothing to divide by and counts as no performance. */
function weighted(weights: Base, base: Base): (offer: Offer) => Figure {
  return ({ performance, price }) => {
    const share = base.performance === 0 ? 0 : performance / base.performance;
    const value = weights.performance * share - (weights.price * price) / base.price;
    const formula = both((language) => {
      const w = (one: number): string => written(one, language);
      const left = `${w(weights.performance)} × ${w(performance)} / ${w(base.performance)}`;
      return `Z = ${left} − ${w(weights.price)} × ${w(price)} / ${w(base.price)} = ${w(value)}`;
    });
    return { value, formula };
  };
}

const even: Base = { performance: 0.5, price: 0.5 };

function figureFor(terms: AwardTerms, offers: readonly Offer[]): (offer: Offer) => Figure {
  const weights = terms.weights ?? even;
  if (terms.method === "referenz" && terms.reference) return weighted(weights, terms.reference);
  if (terms.method === "median" || terms.method === "referenz") {
    const base = {
      performance: median(offers.map(({ performance }) => performance)),
      price: median(offers.map(({ price }) => price)),
    };
    return weighted(weights, base);
  }
  return ratio;
}

/** What decides inside the band; more is better. */
function merit({ performance, price, groups }: Offer, criterion: string): number {
  if (criterion === "P") return -price;
  return criterion === "L" ? performance : (groups?.[criterion.replace(/^group:/u, "")] ?? 0);
}

/** 3.6: all offers with Z ≥ Z_max × (1 − s/100) are in the band; inside it the decision criterion decides. */
function bandOf(figures: readonly { readonly id: string; readonly value: number }[], percent: number) {
  const highest = Math.max(...figures.map(({ value }) => value));
  const from = highest * (1 - percent / 100);
  const formula = both((language) => {
    const [z, s, edge] = [tenth(highest), percent, tenth(from)].map((one) => written(one, language));
    return `${z} × (1 − ${s} / 100) = ${edge}`;
  });
  const inside = figures.filter(({ value }) => value >= from * (1 - tolerance)).map(({ id }) => id);
  return { from, formula, inside };
}

/** Ranks offers; all of them count, excluded ones must not be among them. */
export function compute(offers: readonly Offer[], terms: AwardTerms): Computed {
  const figure = figureFor(terms, offers);
  const figures = offers.map((offer) => ({ id: offer.id, value: figure(offer).value }));
  const order = placesOf(figures);
  // Nothing measured is nothing to lead with.
  if (offers.every(({ performance }) => performance === 0)) return { figure, order, leading: [] };
  if (terms.method !== "erweitert") return { figure, order, leading: order[0] ?? [] };
  const band = bandOf(figures, terms.bandPercent);
  const members = offers.filter(({ id }) => band.inside.includes(id));
  const [leading = []] = placesOf(members.map((offer) => ({ id: offer.id, value: merit(offer, terms.criterion) })));
  return { figure, order, band, leading };
}

/** Points of one candidate by group, for the sensitivity of a ranking. */
export interface Grouped {
  readonly id: string;
  readonly groups: Readonly<Record<string, number>>;
}

/** The same candidate with one group weighing more or less. */
const reweigh = <T extends Grouped>(one: T, group: string, factor: number): T => ({
  ...one,
  groups: Object.fromEntries(
    Object.entries(one.groups).map(([id, points]) => [id, id === group ? points * factor : points]),
  ),
});

const total = ({ groups }: Grouped): number => Object.values(groups).reduce((sum, points) => sum + points, 0);
export const placesByScore = (candidates: readonly Grouped[]): Places =>
  placesOf(candidates.map((one) => ({ id: one.id, value: total(one) })));

const differ = (one: Places, other: Places): boolean => JSON.stringify(one) !== JSON.stringify(other);

/** 3.10: every change of one group weight by ±20 % after which `look` shows something else. */
export function weightFlips<T extends Grouped>(
  candidates: readonly T[],
  look: (changed: readonly T[]) => Places,
): readonly Flip[] {
  const before = look(candidates);
  const groups = [...new Set(candidates.flatMap((candidate) => Object.keys(candidate.groups)))];
  return groups.flatMap((group) =>
    [20, -20].flatMap((percent): readonly Flip[] => {
      const after = look(candidates.map((one) => reweigh(one, group, 1 + percent / 100)));
      return differ(before, after) ? [{ change: { kind: "weight", group, percent }, before, after }] : [];
    }),
  );
}

/** 3.10: every whole s from 0 to 10 % that gives another leading offer. */
export function bandFlips(offers: readonly Offer[], terms: AwardTerms): readonly Flip[] {
  if (terms.method !== "erweitert") return [];
  const leader = (bandPercent: number): Places => [compute(offers, { ...terms, bandPercent }).leading];
  const before = leader(terms.bandPercent);
  return Array.from({ length: 11 }, (_, percent) => ({ percent, after: leader(percent) }))
    .filter(({ after }) => differ(before, after))
    .map(({ percent, after }) => ({ change: { kind: "band", percent }, before, after }));
}

/** An offer whose performance follows from its groups. */
export const offerOf = (one: Grouped & { readonly price: number }): Offer => ({ ...one, performance: total(one) });
