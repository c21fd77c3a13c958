import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { degreeOfAchievement, extended, medianMethod, referenceMethod, sensitivity, simple } from "./ufab.ts";

// The worked check of the catalogue, section 3.9.
const offers = [
  { id: "X", performance: 8000, price: 400_000 },
  { id: "Y", performance: 9000, price: 480_000 },
  { id: "W", performance: 6000, price: 330_000 },
];
const tenth = (value: number): number => Math.round(value * 10) / 10;

describe("the worked example of UfAB", () => {
  it("gives 20 000, 18 750 and 18 181.8, and X wins by the simple method", () => {
    const { ranking, winners } = simple(offers);
    assert.deepEqual(
      ranking.map(({ id, value }) => [id, tenth(value)]),
      [
        ["X", 20_000],
        ["Y", 18_750],
        ["W", 18_181.8],
      ],
    );
    assert.deepEqual(winners, ["X"]);
    assert.equal(ranking[0]?.formula, "8000 / 400000 × 1000000 = 20000");
  });

  it("takes all three into a band of 10 %: Y wins by performance, W by price", () => {
    const byPerformance = extended(offers, 10, "performance");
    assert.equal(byPerformance.bandFrom, 18_000);
    assert.deepEqual(byPerformance.band, ["X", "Y", "W"]);
    assert.deepEqual(byPerformance.winners, ["Y"]);
    assert.deepEqual(extended(offers, 10, "price").winners, ["W"]);
  });

  it("leaves X alone in a band of 5 %", () => {
    const { band, bandFrom, winners } = extended(offers, 5);
    assert.deepEqual([band, bandFrom, winners], [["X"], 19_000, ["X"]]);
  });

  it("keeps an offer that lies exactly on the edge of the band", () => {
    const edge = [
      { id: "A", performance: 1000, price: 100 },
      { id: "B", performance: 930, price: 100 },
    ];
    assert.deepEqual(extended(edge, 7).band, ["A", "B"]);
  });
});

describe("the weighted methods", () => {
  it("use the medians of the offers", () => {
    const { ranking } = medianMethod(offers, { performance: 0.5, price: 0.5 });
    assert.deepEqual(
      ranking.map(({ id, formula }) => [id, formula]),
      [
        ["X", "0.5 × 8000 / 8000 − 0.5 × 400000 / 400000 = 0"],
        ["Y", "0.5 × 9000 / 8000 − 0.5 × 480000 / 400000 = -0.0375"],
        ["W", "0.5 × 6000 / 8000 − 0.5 × 330000 / 400000 = -0.0375"],
      ].toSorted(([a], [b]) => ["X", "W", "Y"].indexOf(a ?? "") - ["X", "W", "Y"].indexOf(b ?? "")),
    );
  });

  it("use reference values set beforehand", () => {
    const { ranking } = referenceMethod(
      offers.slice(0, 1),
      { performance: 0.6, price: 0.4 },
      { performance: 10_000, price: 500_000 },
    );
    assert.equal(ranking[0]?.formula, "0.6 × 8000 / 10000 − 0.4 × 400000 / 500000 = 0.16");
  });
});

it("computes the Zielerfüllungsgrad in percent and never divides by nothing", () => {
  assert.deepEqual([degreeOfAchievement(4500, 10_000), degreeOfAchievement(0, 0)], [45, 0]);
});

describe("sensitivity", () => {
  it("names the group whose weight flips the ranking", () => {
    const close = [
      { id: "A", groups: { T: 500, D: 400 } },
      { id: "B", groups: { T: 400, D: 490 } },
    ];
    const { ranking, weightFlips } = sensitivity(close);
    assert.deepEqual(ranking, ["A", "B"]);
    assert.deepEqual(
      weightFlips.map(({ change, after }) => [change, after]),
      [
        ["T −20 %", ["B", "A"]],
        ["D +20 %", ["B", "A"]],
      ],
    );
  });

  it("names the band widths that change the winner, only with a price for every candidate", () => {
    const priced = offers.map(({ id, performance, price }) => ({ id, price, groups: { T: performance } }));
    assert.deepEqual(
      sensitivity(priced, 10).bandFlips.map(({ change, after }) => [change, after]),
      ["s = 0 %", "s = 1 %", "s = 2 %", "s = 3 %", "s = 4 %", "s = 5 %", "s = 6 %"].map((change) => [change, ["X"]]),
    );
    assert.deepEqual(sensitivity(priced.map(({ id, groups }) => ({ id, groups }))).bandFlips, []);
  });
});
