import assert from "node:assert/strict";
import { test } from "node:test";
import { groupsOf } from "./remove-containers.ts";

const container = (Id: string, ...networks: readonly string[]) => ({
  Id,
  NetworkSettings: { Networks: Object.fromEntries(networks.map((name) => [name, {}])) },
});
const ids = (...containers: ReturnType<typeof container>[]): readonly (readonly string[])[] =>
  groupsOf(containers).map((group) => group.map(({ Id }) => Id));

test("containers of different networks are removed side by side", () => {
  assert.deepEqual(ids(container("x", "one"), container("y", "two"), container("z")), [["x"], ["y"], ["z"]]);
});

test("containers that hang together by any network are removed one after another", () => {
  const found = ids(
    container("a-db", "edge-a"),
    container("b-db", "edge-b"),
    container("b-front", "edge-b", "federation"),
    container("other", "elsewhere"),
    container("a-front", "edge-a", "federation"),
  );
  assert.deepEqual(found, [["a-db", "a-front", "b-db", "b-front"], ["other"]]);
});
