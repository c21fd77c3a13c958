import { equal } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { test } from "node:test";
import { isOrphan } from "./clean.ts";
import { labelNames, ownLabels } from "./labels.ts";
import { processIdentity } from "./process-identity.ts";

const labels = (owner: string, host = hostname()): Record<string, string> => ({
  [labelNames.run]: "r",
  [labelNames.owner]: owner,
  [labelNames.host]: host,
});

test("things of this very process are no orphans", () => {
  equal(isOrphan(ownLabels("r")), false);
});

test("things of a process that has ended are orphans", async () => {
  const child = spawn("sleep", ["60"]);
  await once(child, "spawn");
  const owner = processIdentity(child.pid) ?? "";
  equal(isOrphan(labels(owner)), false);
  child.kill("SIGKILL");
  await once(child, "exit");
  equal(isOrphan(labels(owner)), true);
});

test("a process that got the pid of a dead owner is not taken for it", () => {
  equal(isOrphan(labels(`${process.pid}:1`)), true);
});

test("things of another machine, or without an owner, are left alone", () => {
  equal(isOrphan(labels("1:1", "elsewhere")), false);
  equal(isOrphan({ [labelNames.run]: "r" }), false);
});
