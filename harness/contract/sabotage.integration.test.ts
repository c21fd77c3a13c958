/**
 * The contract suite turns red for products that break one promise each, at the step that names it, and with words that help.
 * An honest product is green in the same steps.
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { loadCandidate } from "../candidates/load.ts";
import { realParts } from "../cli/wiring.ts";
import type { DriverSet } from "../run/parts.ts";
import { descriptorProblems, runContract } from "./index.ts";
import type { StepResult } from "./index.ts";

const root = join(import.meta.dirname, "..", "..");
const shared = join(root, "harness", "candidates", "shared");

interface Sabotage {
  readonly folder: string;
  readonly step: string;
  /** What the vendor must be able to read. */
  readonly observed: RegExp;
}

const sabotages: readonly Sabotage[] = [
  {
    folder: "wrong-port",
    step: "endpoints",
    observed: /xmpp-bosh on port 5291: nobody listens there \(open are .*5281/,
  },
  { folder: "never-healthy", step: "start", observed: /to get ready, it did not in 4 s\. End of its log/ },
  { folder: "no-uploads", step: "file-transfer", observed: /upload/i },
  { folder: "forgetful", step: "restart", observed: /not-authorized|password|refused/i },
  { folder: "clinging", step: "account-deletion", observed: /still there: .*vCard name in data/ },
  { folder: "trusting", step: "federation-verified", observed: /unknown certificate/ },
];

const { signal } = new AbortController();
let drivers: DriverSet;
let outDir: string;

before(async () => {
  drivers = (await realParts()).createDrivers();
  outDir = await mkdtemp(join(tmpdir(), "pruefstand-contract-test-"));
});
after(async () => {
  await drivers?.close();
  await rm(outDir, { recursive: true, force: true });
});

let runs = 0;
async function check(folder: string, only: readonly string[], readyWithinMs: number): Promise<readonly StepResult[]> {
  const candidate = await loadCandidate(folder);
  deepEqual(descriptorProblems(candidate, shared), []);
  const parts = await realParts();
  const lab = await parts.createLab(`contract-test-${process.pid}-${++runs}`, outDir, signal);
  try {
    return await runContract({
      candidate,
      configs: ["hardened"],
      only,
      readyWithinMs,
      parts: {
        lab,
        signal,
        driver: ({ protocol }) => drivers.plain(protocol),
        openEncrypting: (person, reaches) => drivers.openEncrypting(person, reaches),
      },
    });
  } finally {
    await lab[Symbol.asyncDispose]();
  }
}

describe("the contract suite", { timeout: 600_000 }, () => {
  test("is green for the honest product in every step that a sabotage turns red", async () => {
    const steps = sabotages.map(({ step }) => step).filter((step) => step !== "start");
    const results = await check(join(root, "harness/candidates/prosody"), steps, 60_000);
    deepEqual(
      results.filter(({ outcome }) => outcome !== "passed").map(({ id, observed }) => `${id}: ${observed}`),
      [],
    );
    for (const step of steps) equal(results.filter(({ id }) => id === step).length, 1, step);
  });

  for (const { folder, step, observed } of sabotages) {
    test(`is red at "${step}" for ${folder}, and says why`, async () => {
      const results = await check(
        join(root, "fixtures/candidates", folder),
        [step],
        folder === "never-healthy" ? 4_000 : 60_000,
      );
      const failed = results.filter(({ outcome }) => outcome === "failed" || outcome === "unclear");
      deepEqual(
        failed.map(({ id, outcome }) => `${outcome} ${id}`),
        [`failed ${step}`],
        failed.map((one) => one.observed).join("; "),
      );
      match(failed[0]?.observed ?? "", observed);
      for (const text of [failed[0]?.expected, failed[0]?.clause, failed[0]?.fix]) match(text ?? "", /\w{3}/);
      equal(results.at(-1)?.id, "removal");
      equal(results.at(-1)?.outcome, "passed");
    });
  }
});
