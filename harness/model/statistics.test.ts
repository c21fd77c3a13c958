import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { median, rankSumP } from "./statistics.ts";

describe("rank-sum test", () => {
  it("gives the tabulated exact probability for complete separation", () => {
    // 4 against 4, U = 0: 2 / C(8,4) = 2/70
    assert.equal(rankSumP([1, 2, 3, 4], [5, 6, 7, 8]), 2 / 70);
    assert.equal(rankSumP([5, 6, 7, 8], [1, 2, 3, 4]), 2 / 70);
  });

  it("gives 0.4 for 3 against 3 with U = 2, as in the table of Mann and Whitney", () => {
    assert.ok(Math.abs(rankSumP([1, 2, 5], [3, 4, 6]) - 0.4) < 1e-9);
  });

  it("finds no difference in equal samples or without values", () => {
    assert.equal(rankSumP([1, 2, 3], [1, 2, 3]), 1);
    assert.equal(rankSumP([], [1]), 1);
  });
});

describe("median", () => {
  it("takes the middle, or the mean of the two in the middle", () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
  });
});
