import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Control, ProofRecord, Sabotage } from "../model/control.ts";
import { HarnessError } from "../model/errors.ts";
import type { Result, VerdictRecord } from "../model/result.ts";
import type { VerdictWord } from "../model/verdict.ts";
import type { FoundControl } from "./controls.ts";
import { fakeCandidate, fakeLabState, fakeParts } from "./fake-lab.ts";
import type { Journal } from "./journal.ts";
import { silentObserver } from "./observer.ts";
import { proveControls, readProofs } from "./prove.ts";
import { aCatalogue, aScenario, found } from "./test-plan.ts";

let outFolder = "";
before(async () => {
  outFolder = await mkdtemp(join(tmpdir(), "pruefstand-prove-"));
});
after(() => rm(outFolder, { recursive: true, force: true }));

/** A judge for these tests: one is met, every other number is not, a fault is inconclusive. */
function judge({ entries }: Journal): Result {
  const ended = entries.find((entry) => entry.type === "scenario-ended");
  const measured = entries.find((entry) => entry.type === "measurement")?.measurement.value;
  const good: VerdictWord = measured === 1 ? "met" : "not-met";
  const verdict: VerdictWord = ended?.outcome === "completed" ? good : "inconclusive";
  const row = { candidate: "fake", config: "hardened", decides: true, reason: { code: "", text: { en: "because" } } };
  const verdicts = ["X-01", "X-02"].map((criterion) => ({ ...row, criterion, verdict }) as unknown as VerdictRecord);
  return { verdicts } as unknown as Result;
}

const aControl = (id: string, sabotage: Sabotage, expect: VerdictWord = "not-met"): FoundControl => {
  const control: Control = {
    id,
    criterion: "X-01",
    scenario: "SZ-90",
    candidate: "fake",
    config: "hardened",
    explains: { de: id, en: id },
    sabotage,
    expect,
  };
  return { control, text: id };
};

async function proved(
  controls: readonly FoundControl[],
  baseline: readonly VerdictRecord[] = [],
): Promise<readonly ProofRecord[]> {
  const state = fakeLabState();
  let open = false;
  state.onDeploy = ({ sabotage }) => {
    state.broken = [];
    open = sabotage?.variables?.["open"] === true;
    if (sabotage?.files !== undefined)
      throw new HarnessError("bad-input", 'expected "x" exactly once, found it 0 times');
  };
  const scenario = aScenario({
    verifies: ["X-01", "X-02"],
    async run({ step, measure }) {
      await step("count", async () => measure("example.count", open ? 2 : 1));
    },
  });
  const records = await proveControls({
    catalogue: aCatalogue(),
    scenarios: [found(scenario)],
    candidates: [fakeCandidate()],
    controls,
    parts: fakeParts(state),
    observer: silentObserver,
    signal: new AbortController().signal,
    keep: false,
    root: join(import.meta.dirname, "..", ".."),
    outFolder,
    command: "pruefstand prove",
    seed: "1",
    concurrency: 1,
    judge,
    baseline,
    started: () => undefined,
    ended: () => undefined,
  });
  assert.equal(state.up, 0);
  assert.equal(state.closed, true);
  return records;
}

const outcomes = (records: readonly ProofRecord[]): readonly string[] =>
  records.map(({ control, outcome, observed }) => `${control}: ${outcome}, ${observed}`);

describe("prove", () => {
  it("tells a sabotage that was seen from one that was not", async () => {
    const records = await proved([
      aControl("open", { variables: { open: true } }),
      aControl("harmless", { variables: { open: false } }),
    ]);
    assert.deepEqual(outcomes(records), ["open: caught, not-met", "harmless: missed, met"]);
  });

  it("counts a control that could not be applied as an error, never as caught", async () => {
    const records = await proved([
      aControl("patch", { files: [{ service: "fake", path: "/x", replace: [{ find: "x", with: "y" }] }] }),
      aControl("patch-inconclusive", { files: [{ service: "fake", path: "/x", append: "y" }] }, "inconclusive"),
      aControl("no-such-step", { lab: { fault: "kill-server", at: "later" } }, "inconclusive"),
    ]);
    assert.deepEqual(outcomes(records), [
      "patch: error, inconclusive",
      "patch-inconclusive: error, inconclusive",
      "no-such-step: error, met",
    ]);
    assert.match(records[0]?.note ?? "", /exactly once/u);
    assert.match(records[2]?.note ?? "", /never came about/u);
  });

  it("wants a broken lab to be inconclusive, and nothing else to be", async () => {
    const records = await proved([
      aControl("lab", { lab: { fault: "kill-server", at: "count" } }, "inconclusive"),
      aControl("lab-wrong", { lab: { fault: "kill-server", at: "count" } }, "not-met"),
    ]);
    assert.deepEqual(outcomes(records), ["lab: caught, inconclusive", "lab-wrong: error, inconclusive"]);
  });

  it("wants a value that turns no verdict to be there", async () => {
    const showing = (id: string, value: number): FoundControl => {
      const { control, text } = aControl(id, { variables: { open: false } }, "met");
      return { control: { ...control, shows: { measurement: "example.count", value } }, text };
    };
    const records = await proved([showing("as-asked", 1), showing("other", 2)]);
    assert.deepEqual(outcomes(records), ["as-asked: caught, met", "other: missed, met"]);
    assert.match(records[1]?.note ?? "", /expected example\.count = 2, got 1/u);
  });

  it("names rows that changed although the control does not say so", async () => {
    const baseline = [{ criterion: "X-02", candidate: "fake", config: "hardened", verdict: "met" } as VerdictRecord];
    const [record] = await proved([aControl("open", { variables: { open: true } })], baseline);
    assert.match(record?.note ?? "", /also changed: X-02 met → not-met/u);
  });

  it("keeps the last proof of each control with what it was about", async () => {
    await proved([aControl("kept", { variables: { open: true } })]);
    const first = (await readProofs(join(outFolder, "proofs.json"))).find(({ control }) => control === "kept");
    await proved([aControl("other", { variables: { open: true } })]);
    const records = await readProofs(join(outFolder, "proofs.json"));
    assert.deepEqual(
      records.find(({ control }) => control === "kept"),
      first,
    );
    assert.ok(records.some(({ control }) => control === "other"));
    assert.match(first?.subject ?? "", /^[0-9a-f]{64}$/u);
  });
});
