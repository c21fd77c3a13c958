import { median } from "../model/statistics.ts";

/**
 * Award figures of UfAB 2018 (catalogue, section 3). The bench knows no prices: Leistung L and Zielerfüllungsgrad come
 * from a result, everything with a price P (EUR, life-cycle cost included) only from a price file.
 * Every award names the formula with the numbers put in: the same name is used for different formulas in practice (3.7).
 */
export interface Offer {
  readonly id: string;
  /** L: Leistungspunkte. */
  readonly performance: number;
  /** P in EUR, above 0. */
  readonly price: number;
  /** Leistungspunkte of the criteria group that may decide inside the band. */
  readonly named?: number;
}

export interface Ranked {
  readonly id: string;
  /** Z, times the readability factor. */
  readonly value: number;
  /** The formula with the numbers put in. */
  readonly formula: string;
}

export interface Award {
  readonly method: "einfach" | "erweitert" | "median" | "referenz";
  readonly ranking: readonly Ranked[];
  /** Ids inside the band of the extended method, by rank. */
  readonly band?: readonly string[];
  readonly bandFrom?: number;
  /** More than one on a tie: a tie is stated, never broken silently. */
  readonly winners: readonly string[];
}

/** Z is multiplied by this so that it can be read (3.5). */
const readability = 1_000_000;

/** 3.4 Zielerfüllungsgrad in percent. */
export const degreeOfAchievement = (points: number, maxPoints: number): number =>
  maxPoints === 0 ? 0 : (points / maxPoints) * 100;

const byValue = (a: Ranked, b: Ranked): number => b.value - a.value || (a.id < b.id ? -1 : 1);
const figure = (value: number): string => String(Math.round(value * 10) / 10);

const simpleRanking = (offers: readonly Offer[]): readonly Ranked[] =>
  offers
    .map(({ id, performance, price }) => {
      const value = (performance / price) * readability;
      return { id, value, formula: `${performance} / ${price} × ${readability} = ${figure(value)}` };
    })
    .toSorted(byValue);

const leaders = (ranking: readonly Ranked[]): readonly string[] =>
  ranking.filter(({ value }) => value === ranking[0]?.value).map(({ id }) => id);

/** 3.5 Einfache Richtwertmethode: Z = L / P, highest wins. */
export function simple(offers: readonly Offer[]): Award {
  const ranking = simpleRanking(offers);
  return { method: "einfach", ranking, winners: leaders(ranking) };
}

/** What decides inside the band; published before the offers. */
export type Tiebreak = "performance" | "price" | "named";

/**
 * 3.6 Erweiterte Richtwertmethode: all offers with Z ≥ Z_max × (1 − s/100) are in the band; inside it the decision criterion decides.
 * @param bandPercent s, 0..10 in practice; default of the catalogue: 10
 */
export function extended(offers: readonly Offer[], bandPercent = 10, tiebreak: Tiebreak = "performance"): Award {
  const ranking = simpleRanking(offers);
  const bandFrom = (ranking[0]?.value ?? 0) * (1 - bandPercent / 100);
  // The comparison allows for the rounding of binary fractions: an offer exactly on the edge is inside.
  const inside = ranking.filter(({ value }) => value >= bandFrom * (1 - 1e-12)).map(({ id }) => id);
  const members = offers.filter(({ id }) => inside.includes(id));
  const merit = ({ performance, price, named }: Offer): number =>
    tiebreak === "price" ? -price : tiebreak === "named" ? (named ?? 0) : performance;
  const best = Math.max(...members.map(merit));
  return {
    method: "erweitert",
    ranking,
    band: inside,
    bandFrom,
    winners: inside.filter((id) => members.some((offer) => offer.id === id && merit(offer) === best)),
  };
}

/** Share of performance and price in the weighted methods; both in 0..1, together 1. */
export interface Weights {
  readonly performance: number;
  readonly price: number;
}

function weighted(
  method: "median" | "referenz",
  offers: readonly Offer[],
  weights: Weights,
  performanceBase: number,
  priceBase: number,
): Award {
  const ranking = offers
    .map(({ id, performance, price }) => {
      const value = (weights.performance * performance) / performanceBase - (weights.price * price) / priceBase;
      const terms = `${weights.performance} × ${performance} / ${performanceBase} − ${weights.price} × ${price} / ${priceBase}`;
      return { id, value, formula: `${terms} = ${Math.round(value * 10_000) / 10_000}` };
    })
    .toSorted(byValue);
  return { method, ranking, winners: leaders(ranking) };
}

/** 3.7 Medianmethode: Z = G_L × L / L_median − G_P × P / P_median. */
export const medianMethod = (offers: readonly Offer[], weights: Weights): Award =>
  weighted(
    "median",
    offers,
    weights,
    median(offers.map(({ performance }) => performance)),
    median(offers.map(({ price }) => price)),
  );

/** 3.7 Referenzwertmethode: the same with reference values set beforehand. */
export const referenceMethod = (
  offers: readonly Offer[],
  weights: Weights,
  reference: { readonly performance: number; readonly price: number },
): Award => weighted("referenz", offers, weights, reference.performance, reference.price);

/** Points of one candidate by group, for the sensitivity of a ranking. */
export interface GroupedPerformance {
  readonly id: string;
  readonly price?: number;
  readonly groups: Readonly<Record<string, number>>;
}

export interface Flip {
  /** "T +20 %", "s = 3 %" */
  readonly change: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface Sensitivity {
  /** Candidates by Leistungspunkte as measured. */
  readonly ranking: readonly string[];
  /** Every single change of one group weight by ±20 % that changes the ranking. */
  readonly weightFlips: readonly Flip[];
  /** Every s of 0..10 % that gives another winner than the s given; only with prices. */
  readonly bandFlips: readonly Flip[];
}

function rankBy(candidates: readonly GroupedPerformance[], factorOf: (group: string) => number): readonly string[] {
  const sum = ({ groups }: GroupedPerformance): number =>
    Object.entries(groups).reduce((total, [group, points]) => total + points * factorOf(group), 0);
  return candidates
    .map((candidate) => ({ id: candidate.id, value: sum(candidate), formula: "" }))
    .toSorted(byValue)
    .map(({ id }) => id);
}

/** 3.10: does the ranking flip if one group weighs 20 % more or less, or if the band is narrower or wider? */
export function sensitivity(candidates: readonly GroupedPerformance[], bandPercent = 10): Sensitivity {
  const ranking = rankBy(candidates, () => 1);
  const groups = [...new Set(candidates.flatMap((candidate) => Object.keys(candidate.groups)))];
  const weightFlips = groups.flatMap((group) =>
    [1.2, 0.8].flatMap((factor): readonly Flip[] => {
      const after = rankBy(candidates, (other) => (other === group ? factor : 1));
      const change = `${group} ${factor > 1 ? "+" : "−"}20 %`;
      return after.join() === ranking.join() ? [] : [{ change, before: ranking, after }];
    }),
  );
  return { ranking, weightFlips, bandFlips: bandFlips(candidates, bandPercent) };
}

function bandFlips(candidates: readonly GroupedPerformance[], bandPercent: number): readonly Flip[] {
  const offers = candidates.flatMap(({ id, price, groups }): readonly Offer[] =>
    price === undefined
      ? []
      : [{ id, price, performance: Object.values(groups).reduce((sum, points) => sum + points, 0) }],
  );
  if (offers.length < 2 || offers.length < candidates.length) return [];
  const before = extended(offers, bandPercent).winners;
  return Array.from({ length: 11 }, (_, percent) => ({ percent, after: extended(offers, percent).winners }))
    .filter(({ after }) => after.join() !== before.join())
    .map(({ percent, after }) => ({ change: `s = ${percent} %`, before, after }));
}
