import type { Award, AwardOffer, CandidateTotal, Flip, Places, PriceList, Sensitivity } from "../model/result.ts";
import type { Offer } from "./ufab.ts";
import { bandFlips, compute, offerOf, placesByScore, weightFlips } from "./ufab.ts";

const groupsOf = ({ groups }: CandidateTotal): Readonly<Record<string, number>> =>
  Object.fromEntries(groups.map(({ group, points }) => [group, points]));

const inRanking = ({ standing }: CandidateTotal): boolean => standing !== "excluded";

/** Whether the ranking by score flips when a group weighs more or less; undefined with fewer than two ranked products. */
export function sensitivityOf(totals: readonly CandidateTotal[]): Sensitivity | undefined {
  const ranked = totals.filter(inRanking).map((total) => ({ id: total.candidate, groups: groupsOf(total) }));
  if (ranked.length < 2) return undefined;
  return { ranking: placesByScore(ranked), weightFlips: weightFlips(ranked, placesByScore) };
}

interface Priced {
  readonly total: CandidateTotal;
  readonly offer: Offer | undefined;
}

const pricedWith =
  ({ prices }: PriceList) =>
  (total: CandidateTotal): Priced => {
    const price = prices[total.candidate];
    if (price === undefined) return { total, offer: undefined };
    const { candidate: id, points: performance } = total;
    return { total, offer: { id, performance, price, groups: groupsOf(total) } };
  };

/** Flips of leader and order in the ranking by value. */
function flipsOf(offers: readonly Offer[], { terms }: PriceList): { leader: readonly Flip[]; order: readonly Flip[] } {
  const grouped = offers.map(({ id, price, groups }) => ({ id, price, groups: groups ?? {} }));
  type Changed = readonly (typeof grouped)[number][];
  const again = (changed: Changed) => compute(changed.map(offerOf), terms);
  const leaderOf = (changed: Changed): Places => [again(changed).leading];
  return {
    leader: [...weightFlips(grouped, leaderOf), ...bandFlips(offers, terms)],
    order: weightFlips(grouped, (changed) => again(changed).order),
  };
}

/** Value figures of all products; excluded ones get theirs for information and take no part in band, medians and ranking. */
export function awardOf(totals: readonly CandidateTotal[], list: PriceList): Award {
  const all = totals.map(pricedWith(list));
  const offers = all.flatMap(({ total, offer }) => (offer && inRanking(total) ? [offer] : []));
  const computed = offers.length === 0 ? undefined : compute(offers, list.terms);
  const flips = flipsOf(offers, list);
  const { band } = computed ?? {};
  // Without an eligible offer there is nothing an excluded one could be compared with, but L / P still holds.
  const figure = (
    computed ??
    compute(
      all.flatMap(({ offer }) => offer ?? []),
      list.terms,
    )
  ).figure;
  const rows = all.map(({ total, offer }): AwardOffer => {
    const { candidate, standing, points: performance } = total;
    const { value, formula } = offer ? figure(offer) : { value: null, formula: { de: "", en: "" } };
    const inBand = band?.inside.includes(candidate) ?? false;
    return { candidate, standing, performance, price: offer?.price ?? null, value, formula, inBand };
  });
  const place = ({ standing, value }: AwardOffer): number => (standing === "excluded" ? 2 : value === null ? 1 : 0);
  return {
    terms: list.terms,
    priceFile: { name: list.name, sha256: list.sha256 },
    offers: rows.toSorted((a, b) => place(a) - place(b) || (b.value ?? 0) - (a.value ?? 0)),
    ...(band && { band: { from: band.from, formula: band.formula } }),
    leading: computed?.leading ?? [],
    leaderFlips: flips.leader,
    orderFlips: flips.order,
  };
}
