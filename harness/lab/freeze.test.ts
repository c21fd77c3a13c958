import assert from "node:assert/strict";
import { test } from "node:test";
import { freeze } from "./freeze.ts";

function pausing(...errors: readonly string[]): { pause(): Promise<void>; tried(): number } {
  let tries = 0;
  return {
    tried: () => tries,
    async pause() {
      const error = errors[tries];
      tries += 1;
      if (error !== undefined) throw new Error(error);
    },
  };
}

test("a container that could not be frozen is tried again", async () => {
  const container = pausing("runc did not terminate successfully: unable to freeze: unknown");
  await freeze(container);
  assert.equal(container.tried(), 2);
});

test("any other refusal is passed on at once", async () => {
  const container = pausing("No such container");
  await assert.rejects(freeze(container), /No such container/);
  assert.equal(container.tried(), 1);
});
