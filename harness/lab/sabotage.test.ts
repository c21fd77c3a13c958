import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { test } from "node:test";
import type { Administration } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import { patchFiles, withoutEffect } from "./sabotage.ts";

const files = [
  { service: "server", path: "/etc/a", mode: 0o644, content: "tls = on\nname = x\nname = y\n" },
  { service: "server", path: "/etc/b", mode: 0o644, content: "no newline" },
];

const replacing = (find: string) => ({
  files: [{ service: "server", path: "/etc/a", replace: [{ find, with: "tls = off" }] }],
});

test("a replacement that fits once changes that file only", () => {
  const [a, b] = patchFiles(files, replacing("tls = on"));
  equal(a?.content, "tls = off\nname = x\nname = y\n");
  equal(b, files[1]);
});

test("a replacement that fits twice or never is an error of the control", () => {
  throws(() => patchFiles(files, replacing("name =")), /exactly once in \/etc\/a, found it 2 times/);
  throws(() => patchFiles(files, replacing("tls = maybe")), /found it 0 times/);
  throws(() => patchFiles(files, replacing("")), /found it 0 times/);
});

test("a patch of a file that the configuration does not have is an error and names the files there are", () => {
  const sabotage = { files: [{ service: "server", path: "/etc/c", append: "x" }] };
  throws(
    () => patchFiles(files, sabotage),
    (error) => error instanceof HarnessError && error.code === "bad-input" && error.message.includes("server:/etc/b"),
  );
});

test("appended text stands on lines of its own", () => {
  const [, b] = patchFiles(files, { files: [{ service: "server", path: "/etc/b", append: "more" }] });
  equal(b?.content, "no newline\nmore\n");
});

test("a replacement is taken literally", () => {
  const sabotage = { files: [{ service: "server", path: "/etc/b", replace: [{ find: "no", with: "$& $1" }] }] };
  equal(patchFiles(files, sabotage)[1]?.content, "$& $1 newline");
});

const real: Administration = {
  createAccounts: () => Promise.reject(new Error("called")),
  disableAccount: () => Promise.reject(new Error("called")),
  deleteAccount: () => Promise.reject(new Error("called")),
};

test("an administration function without effect succeeds and does nothing; the others stay", async () => {
  const changed = withoutEffect(real, ["disableAccount"]);
  deepEqual(await changed.disableAccount(undefined as never, "x"), undefined);
  await rejects(changed.deleteAccount(undefined as never, "x"), /called/);
});

test("taking the effect from a function the product does not have is an error", () => {
  throws(() => withoutEffect(real, ["setFederationAllowList"]), /got "setFederationAllowList"/);
});
