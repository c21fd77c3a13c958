import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { withLock } from "./file-lock.ts";

test("work under one name never overlaps", async () => {
  const name = `test-overlap-${process.pid}`;
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside--;
  };
  await Promise.all([withLock(name, work), withLock(name, work), withLock(name, work)]);
  assert.equal(most, 1);
});

test("a lock of a process that is gone is taken over", async () => {
  const name = `test-dead-${process.pid}`;
  await withLock(name, () => Promise.resolve());
  const { pid } = spawnSync("true");
  const path = join(tmpdir(), `pruefstand-${userInfo().username}`, "locks", `${name}.lock`);
  await writeFile(path, `${pid}:1`);
  assert.equal(await withLock(name, () => Promise.resolve("taken"), { timeoutMs: 5000 }), "taken");
});

test("a lock that stays held ends the wait with a sentence", async () => {
  const name = `test-held-${process.pid}`;
  await withLock(name, async () => {
    await assert.rejects(
      withLock(name, () => Promise.resolve(), { timeoutMs: 0 }),
      /expected the lock "test-held-\d+" to become free/,
    );
  });
});
