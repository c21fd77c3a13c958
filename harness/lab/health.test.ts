import { equal } from "node:assert/strict";
import { test } from "node:test";
import { endingOf } from "./health.ts";

const ended = (ExitCode: number, OOMKilled = false) => endingOf({ Running: false, ExitCode, OOMKilled });

test("a container that failed, aborted, crashed or ran out of memory ended by itself", () => {
  for (const code of [1, 70, 132, 134, 135, 136, 139]) equal(ended(code), "by-itself", `code ${code}`);
  equal(ended(137, true), "by-itself");
  equal(endingOf({ Running: true, ExitCode: 0, OOMKilled: true }), "by-itself");
});

test("what a kill or a polite stop leaves behind blames nobody but the lab", () => {
  for (const code of [0, 130, 137, 143]) equal(ended(code), "from-outside", `code ${code}`);
});

test("a container that runs has not ended", () => {
  equal(endingOf({ Running: true, ExitCode: 0, OOMKilled: false }), "running");
});
