import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AwardTerms, CandidateTotal, PriceList } from "../model/result.ts";
import { awardOf, sensitivityOf } from "./award.ts";
import { compute } from "./ufab.ts";
import type { Offer } from "./ufab.ts";

// The worked check of the catalogue, section 3.9.
const offers: readonly Offer[] = [
  { id: "X", performance: 8000, price: 400_000 },
  { id: "Y", performance: 9000, price: 480_000 },
  { id: "W", performance: 6000, price: 330_000 },
];
const [first, second, third] = offers as readonly [Offer, Offer, Offer];
const terms: AwardTerms = { method: "erweitert", bandPercent: 10, criterion: "L" };
const tenth = (value: number): number => Math.round(value * 10) / 10;

describe("the worked example of UfAB", () => {
  it("gives 20 000, 18 750 and 18 181.8, and X wins by the simple method", () => {
    const { figure, order, leading } = compute(offers, { ...terms, method: "einfach" });
    assert.deepEqual(
      offers.map((offer) => tenth(figure(offer).value)),
      [20_000, 18_750, 18_181.8],
    );
    assert.deepEqual([order, leading], [[["X"], ["Y"], ["W"]], ["X"]]);
    assert.deepEqual(figure(first).formula, {
      de: "Z = 8000 / 400.000 × 1.000.000 = 20.000",
      en: "Z = 8000 / 400,000 × 1,000,000 = 20,000",
    });
  });

  it("takes all three into a band of 10 %: Y wins by performance, W by price", () => {
    const { band, leading } = compute(offers, terms);
    assert.equal(band?.from, 18_000);
    assert.equal(band?.formula.de, "20.000 × (1 − 10 / 100) = 18.000");
    assert.deepEqual(band?.inside, ["X", "Y", "W"]);
    assert.deepEqual(leading, ["Y"]);
    assert.deepEqual(compute(offers, { ...terms, criterion: "P" }).leading, ["W"]);
  });

  it("leaves X alone in a band of 5 %", () => {
    const { band, leading } = compute(offers, { ...terms, bandPercent: 5 });
    assert.deepEqual([band?.inside, band?.from, leading], [["X"], 19_000, ["X"]]);
  });

  it("keeps an offer that lies exactly on the edge of the band", () => {
    const edge = [
      { id: "A", performance: 1000, price: 100 },
      { id: "B", performance: 930, price: 100 },
    ];
    assert.deepEqual(compute(edge, { ...terms, bandPercent: 7 }).band?.inside, ["A", "B"]);
  });

  it("lets a named group decide inside the band, and states a tie", () => {
    const grouped = [
      { ...first, groups: { T: 10, P: 5 } },
      { ...second, groups: { T: 10, P: 4 } },
      { ...third, groups: { T: 9, P: 9 } },
    ];
    assert.deepEqual(compute(grouped, { ...terms, criterion: "group:T" }).leading, ["X", "Y"]);
    assert.deepEqual(compute(grouped, { ...terms, criterion: "group:P" }).leading, ["W"]);
  });

  it("names nobody as leading where nothing was earned", () => {
    assert.deepEqual(compute([{ id: "A", performance: 0, price: 100 }], terms).leading, []);
  });
});

describe("the weighted methods", () => {
  it("use the medians of the offers; equal figures share a place", () => {
    const { figure, order } = compute(offers, {
      ...terms,
      method: "median",
      weights: { performance: 0.5, price: 0.5 },
    });
    assert.deepEqual(
      offers.map((offer) => figure(offer).formula.en),
      [
        "Z = 0.5 × 8000 / 8000 − 0.5 × 400,000 / 400,000 = 0",
        "Z = 0.5 × 9000 / 8000 − 0.5 × 480,000 / 400,000 = −0.0375",
        "Z = 0.5 × 6000 / 8000 − 0.5 × 330,000 / 400,000 = −0.0375",
      ],
    );
    assert.deepEqual(order, [["X"], ["W", "Y"]]);
  });

  it("use reference values set beforehand", () => {
    const { figure } = compute([first], {
      ...terms,
      method: "referenz",
      weights: { performance: 0.6, price: 0.4 },
      reference: { performance: 10_000, price: 500_000 },
    });
    assert.equal(figure(first).formula.de, "Z = 0,6 × 8000 / 10.000 − 0,4 × 400.000 / 500.000 = 0,16");
  });
});

const grades = Object.fromEntries(["E0", "E1", "E2", "E3", "E4"].map((grade) => [grade, { a: 0, points: 0 }]));
function total(
  candidate: string,
  groups: Readonly<Record<string, number>>,
  standing: CandidateTotal["standing"] = "eligible",
): CandidateTotal {
  const points = Object.values(groups).reduce((sum, one) => sum + one, 0);
  return {
    candidate,
    standing,
    excludedBy: [],
    openRows: [],
    points,
    maxPoints: 10_000,
    groups: Object.entries(groups).map(([group, earned]) => ({ group, points: earned, maxPoints: 5000 })),
    grades: grades as CandidateTotal["grades"],
    requiredTested: { tested: 0, required: 0 },
  };
}
const list = (prices: Readonly<Record<string, number>>, changed: Partial<AwardTerms> = {}): PriceList => ({
  name: "prices.yaml",
  sha256: "0".repeat(64),
  terms: { ...terms, ...changed },
  prices,
});
const prices = { X: 400_000, Y: 480_000, W: 330_000 };
const three = [total("X", { T: 8000 }), total("Y", { T: 9000 }), total("W", { T: 6000 })];

describe("the award of a result", () => {
  it("shows an excluded product for information only: not in band, median or lead", () => {
    const [x, y, w] = three as [CandidateTotal, CandidateTotal, CandidateTotal];
    const award = awardOf([{ ...x, standing: "excluded" }, y, w], list(prices));
    assert.deepEqual(
      award.offers.map(({ candidate, inBand }) => [candidate, inBand]),
      [
        ["Y", true],
        ["W", true],
        ["X", false],
      ],
    );
    assert.equal(award.offers[2]?.value, 20_000);
    assert.equal(award.band?.from, 18_750 * 0.9);
    assert.deepEqual(award.leading, ["Y"]);
    const median = awardOf(
      [{ ...x, standing: "excluded" }, y, w],
      list(prices, { method: "median", weights: { performance: 0.5, price: 0.5 } }),
    );
    assert.match(median.offers[0]?.formula.en ?? "", /\/ 7500 .+ \/ 405,000/u);
  });

  it("gives no figure to a product without a price and none at all when all are excluded", () => {
    const award = awardOf(three, list({ X: 400_000 }));
    assert.deepEqual(
      award.offers.map(({ candidate, value }) => [candidate, value]),
      [
        ["X", 20_000],
        ["Y", null],
        ["W", null],
      ],
    );
    const nobody = awardOf(
      three.map((one) => ({ ...one, standing: "excluded" as const })),
      list(prices),
    );
    assert.deepEqual([nobody.leading, nobody.band, nobody.offers[0]?.inBand], [[], undefined, false]);
  });

  it("names the band widths that give another leading product", () => {
    const { leaderFlips } = awardOf(three, list(prices));
    assert.deepEqual(
      leaderFlips.filter(({ change }) => change.kind === "band").map(({ change, after }) => [change.percent, after]),
      [0, 1, 2, 3, 4, 5, 6].map((percent) => [percent, [["X"]]]),
    );
  });

  it("names the weights that give another order and another leading product", () => {
    const close = [total("A", { T: 500, D: 400 }), total("B", { T: 400, D: 490 })];
    const award = awardOf(close, list({ A: 100, B: 100 }, { method: "einfach" }));
    const changes = [
      ["T", -20],
      ["D", 20],
    ];
    const named = (flips: typeof award.orderFlips) =>
      flips.map(({ change }) => (change.kind === "weight" ? [change.group, change.percent] : []));
    assert.deepEqual([named(award.orderFlips), named(award.leaderFlips)], [changes, changes]);
  });
});

describe("sensitivity of the score", () => {
  it("names the group whose weight flips the ranking; equal scores share a place", () => {
    const close = [total("A", { T: 500, D: 400 }), total("B", { T: 400, D: 490 })];
    const found = sensitivityOf(close);
    assert.deepEqual(found?.ranking, [["A"], ["B"]]);
    assert.deepEqual(
      found?.weightFlips.map(({ change, after }) => [change, after]),
      [
        [{ kind: "weight", group: "T", percent: -20 }, [["B"], ["A"]]],
        [{ kind: "weight", group: "D", percent: 20 }, [["B"], ["A"]]],
      ],
    );
    assert.deepEqual(sensitivityOf([total("A", { T: 1 }), total("B", { T: 1 })])?.ranking, [["A", "B"]]);
  });

  it("leaves excluded products out and says nothing about one product alone", () => {
    assert.equal(sensitivityOf([total("A", { T: 1 }), total("B", { T: 2 }, "excluded")]), undefined);
  });
});
