import { equal, ok } from "node:assert/strict";
import { getPriority } from "node:os";
import { test } from "node:test";
import { goFirst } from "./priority.ts";

test("the generator goes first while it works and steps back afterwards", () => {
  const before = getPriority();
  {
    using _ = goFirst();
    // Without the right to go first it stays where it was.
    ok(process.getuid?.() === 0 ? getPriority() < before : getPriority() === before);
  }
  equal(getPriority(), before);
});
