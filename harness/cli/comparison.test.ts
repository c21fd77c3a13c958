import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { threeMessengers } from "../../fixtures/runs/three-messengers.ts";
import type { Result, VerdictRecord } from "../model/result.ts";
import { causeText, compareRuns, pairsOf } from "./comparison.ts";

const { result } = threeMessengers();
const id = "F-01 prosody hardened";
const isMoved = ({ criterion, candidate, decides }: VerdictRecord): boolean =>
  criterion === "F-01" && candidate === "prosody" && decides;

/** The same run with another outcome of F-01 for one product. */
function moved(value: number | undefined, changed: Partial<Result> = {}): Result {
  const verdicts = result.verdicts.map((record): VerdictRecord => {
    if (!isMoved(record)) return record;
    const measurements = record.measurements.map((one) =>
      value !== undefined && one.role === "rule" ? { ...one, value } : one,
    );
    return { ...record, verdict: "not-met", measurements };
  });
  return { ...result, verdicts, ...changed };
}

describe("the comparison of two runs", () => {
  it("finds nothing between a run and itself", () => {
    const { circumstances, moves, compared } = compareRuns(result, result);
    assert.deepEqual([circumstances, moves, compared], [[], [], result.verdicts.length]);
  });

  it("names the verdict that moved with its values, and blames the behaviour when nothing else changed", () => {
    const { moves } = compareRuns(result, moved(3));
    assert.deepEqual(
      moves.map((one) => one.id),
      [id],
    );
    assert.match(moves[0]?.before ?? "", /^met \(.+ = /u);
    assert.match(moves[0]?.after ?? "", /^not-met \(.+ = 3/u);
    assert.equal(moves[0] && causeText(moves[0]), "same versions and rule: the measured behaviour changed");
  });

  it("names another version and another image of the product, and only of that product", () => {
    const candidates = result.run.candidates.map((one) => (one.id === "prosody" ? { ...one, version: "99.1" } : one));
    const images = result.images.map((one) =>
      one.candidate === "synapse" ? { ...one, digest: `sha256:${"9".repeat(64)}` } : one,
    );
    const { circumstances, moves } = compareRuns(result, moved(3, { run: { ...result.run, candidates }, images }));
    assert.deepEqual(
      circumstances.map(({ what, candidate }) => [what, candidate]),
      [
        ["product", "synapse"],
        ["product", "prosody"],
      ],
    );
    assert.match(circumstances[1]?.after ?? "", /^99\.1 sha256:/u);
    assert.deepEqual(moves[0]?.besides, ["product"]);
  });

  it("says that only the rule changed when the values are the same", () => {
    const criteria = result.criteria.map((row) =>
      row.id === "F-01" ? { ...row, ruleText: { de: "strenger", en: "stricter" } } : row,
    );
    const { moves } = compareRuns(result, moved(undefined, { criteria, catalogueSha256: "0".repeat(64) }));
    assert.equal(moves[0] && causeText(moves[0]), "same values: only the rule changed");
  });

  it("does not call it a change when only one run tested the row", () => {
    const untested = moved(undefined);
    const verdicts = untested.verdicts.map((one) => (isMoved(one) ? { ...one, verdict: "not-tested" as const } : one));
    const { moves } = compareRuns({ ...result, verdicts }, result);
    assert.equal(moves[0] && causeText(moves[0]), "tested in one of the runs only");
  });

  it("does not blame a changed catalogue whose rule for the row is the same", () => {
    const { circumstances, moves } = compareRuns(result, moved(3, { catalogueSha256: "0".repeat(64) }));
    assert.deepEqual([circumstances.map(({ what }) => what), moves[0]?.besides], [["catalogue"], []]);
  });

  const older = (): Result => {
    const was = <T extends { readonly candidate: string }>(list: readonly T[]): readonly T[] =>
      list.map((one) => (one.candidate === "prosody" ? { ...one, candidate: "prosody-0.12" } : one));
    const candidates = result.run.candidates.map((one) =>
      one.id === "prosody" ? { ...one, id: "prosody-0.12", version: "0.12.3" } : one,
    );
    return {
      ...result,
      run: { ...result.run, candidates },
      verdicts: was(result.verdicts),
      images: was(result.images),
    };
  };

  it("holds two generations of a product against each other, and names both versions", () => {
    const { circumstances, moves, compared } = compareRuns(older(), moved(3));
    assert.equal(compared, result.verdicts.length);
    const [product] = circumstances.filter(({ what }) => what === "product");
    assert.equal(product?.candidate, "prosody");
    assert.match(product?.before ?? "", /^prosody-0\.12 0\.12\.3 sha256:/u);
    assert.deepEqual(
      moves.map((one) => [one.id, one.besides]),
      [[id, ["product"]]],
    );
  });

  it("makes no pair where a generation could belong to two products", () => {
    const twice = older();
    const again = twice.run.candidates.flatMap((one) =>
      one.id === "prosody-0.12" ? [one, { ...one, id: "prosody-0.11" }] : [one],
    );
    const two = { ...twice, run: { ...twice.run, candidates: again } };
    assert.deepEqual([...pairsOf(two, result).keys()].toSorted(), ["ejabberd", "synapse"]);
  });
});
