import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isOlderGeneration, pairsOf } from "./partners.ts";

const product = (
  id: string,
  more: { released?: string; implementation?: string; standard?: boolean; protocol?: "irc" } = {},
) => ({ id, protocol: "xmpp", ...more }) as const;

const today = product("today", { released: "2026-09", implementation: "one", standard: true });
const old = product("old", { released: "2024-12", implementation: "one" });
const other = product("other", { released: "2026-06", standard: true });
const foreign = product("foreign");
const known = [today, old, other, foreign];

const named = (...args: Parameters<typeof pairsOf>): readonly string[] =>
  pairsOf(...args).map(({ first, second, mutual }) => `${first.id} ${mutual ? "and" : "against"} ${second.id}`);

describe("partners", () => {
  it("are generations when six months lie between two releases of one implementation", () => {
    const released = (month: string) => product("x", { released: month, implementation: "one" });
    assert.equal(isOlderGeneration(released("2026-03"), known), true);
    assert.equal(isOlderGeneration(released("2026-04"), known), false);
    assert.equal(isOlderGeneration(product("x", { released: "2020-01" }), known), false);
    assert.equal(isOlderGeneration(foreign, known), false);
  });

  it("of different ages meet across implementations, older ones never each other", () => {
    assert.deepEqual(named("generations", [today, old, other], known), ["today and old", "old and other"]);
    const older = product("older", { released: "2023-01", implementation: "one" });
    assert.deepEqual(named("generations", [old, older], [...known, older]), []);
  });

  it("of different origin meet in their newest generation, also when the newest is not part of the run", () => {
    assert.deepEqual(named("implementations", [today, old, other], known), ["today and other"]);
    assert.deepEqual(named("implementations", [old, other], known), []);
    assert.deepEqual(named("implementations", [today, product("talk", { protocol: "irc" })], known), []);
  });

  it("do not pull a reference down, and two products under test never meet", () => {
    assert.deepEqual(named("implementations", [today, foreign], known), ["foreign against today"]);
    assert.deepEqual(named("generations", [old, foreign], known), ["foreign against old"]);
    assert.deepEqual(named("implementations", [foreign, product("second")], known), []);
  });
});
