import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HarnessError } from "../model/errors.ts";
import { parsePrices, readCriterionName } from "./prices.ts";

const known = { candidates: ["prosody", "synapse"], groups: ["T", "P"] };
const refusal = (text: string, choice = {}): HarnessError => {
  try {
    parsePrices(text, "folder/prices.yaml", known, choice);
  } catch (error) {
    if (error instanceof HarnessError) return error;
    throw error;
  }
  throw new Error("the price file was accepted");
};

describe("a price file", () => {
  it("is erweitert with s = 10 % and criterion L where it says nothing else", () => {
    const { terms, prices, name } = parsePrices("prices: {prosody: 400000}", "folder/prices.yaml", known);
    assert.deepEqual(terms, { method: "erweitert", bandPercent: 10, criterion: "L" });
    assert.deepEqual([prices, name], [{ prosody: 400_000 }, "prices.yaml"]);
  });

  it("gives way to the command line", () => {
    const text = "method: einfach\nband: 6\ncriterion: P\nprices:\n  prosody: {price: 400000, note: five years}\n";
    assert.deepEqual(parsePrices(text, "p.yaml", known).terms, { method: "einfach", bandPercent: 6, criterion: "P" });
    const chosen = parsePrices(text, "p.yaml", known, { method: "erweitert", s: 4, criterion: "T" });
    assert.deepEqual(chosen.terms, { method: "erweitert", bandPercent: 4, criterion: "group:T" });
  });

  it("is refused with every mistake and its place", () => {
    const { code, message } = refusal(
      [
        "currency: USD",
        "metod: einfach",
        "band: 200",
        "criterion: Q",
        "weights: {performance: 60, price: 30}",
        "prices:",
        "  prosodi: 400000",
        "  synapse: {price: -1, performance: 8000}",
      ].join("\n"),
    );
    assert.equal(code, "bad-input");
    for (const place of [
      /prices\.yaml:1:\d+ currency: expected "EUR", got "USD"/u,
      /prices\.yaml:2:1 metod: expected only known keys/u,
      /prices\.yaml:3:\d+ band: expected at most 100/u,
      /prices\.yaml:4:\d+ criterion: .+got "Q"/u,
      /prices\.yaml:5:\d+ weights: .+add up to 100, got 90/u,
      /prices\.yaml:7:3 prices\.prosodi: .+did you mean "prosody"/u,
      /prices\.yaml:8:\d+ prices\.synapse\.price/u,
      /prices\.yaml:8:\d+ prices\.synapse\.performance: .+the score comes from the run/u,
    ])
      assert.match(message, place);
  });

  it("needs weights for the weighted methods, and reference values for referenz", () => {
    assert.match(refusal("prices: {prosody: 1}", { method: "median" }).message, /"weights" for the method "median"/u);
    const { message } = refusal("method: referenz\nprices: {prosody: 1}");
    assert.match(message, /"weights"[^]+"reference"/u);
  });
});

it("reads P as the price and group:P as the group of that name", () => {
  assert.deepEqual(
    ["L", "P", "T", "group:P"].map((name) => readCriterionName(name, known.groups)),
    ["L", "P", "group:T", "group:P"],
  );
  assert.throws(() => readCriterionName("X", known.groups), /L, P or a group/u);
});
