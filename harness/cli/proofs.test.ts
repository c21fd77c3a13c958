import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ProofRecord } from "../model/control.ts";
import { subjectOf } from "../run/controls.ts";
import { loadProject, projectControls } from "./project.ts";
import { knownProofs, unproven } from "./proofs.ts";

const project = await loadProject();
const controls = (await projectControls(project)).slice(0, 3);
const later = "2999-01-01T00:00:00.000Z";

async function proofOf(index: number, changes: Partial<ProofRecord> = {}): Promise<ProofRecord> {
  const found = controls[index];
  assert.ok(found);
  const { id, criterion, scenario, candidate, expect } = found.control;
  return {
    control: id,
    criterion,
    scenario,
    candidate,
    protocol: "xmpp",
    outcome: "caught",
    expected: expect,
    observed: expect,
    note: "",
    at: later,
    subject: await subjectOf(found, project),
    ...changes,
  };
}

async function withProofs<T>(records: readonly ProofRecord[], look: (out: string) => Promise<T>): Promise<T> {
  const out = await mkdtemp(join(tmpdir(), "pruefstand-proofs-"));
  try {
    await writeFile(join(out, "proofs.json"), JSON.stringify(records));
    return await look(out);
  } finally {
    await rm(out, { recursive: true });
  }
}

describe("proofs of the repository and of this machine", () => {
  it("counts the newest of each control", async () => {
    const own = await proofOf(0, { note: "this machine" });
    const known = await withProofs([own], knownProofs);
    assert.equal(known.find(({ control }) => control === own.control)?.note, "this machine");
    assert.equal(new Set(known.map(({ control }) => control)).size, known.length);
  });

  it("leaves out only what was caught by the code as it is now", async () => {
    const records = [
      await proofOf(0),
      await proofOf(1, { outcome: "missed" }),
      await proofOf(2, { subject: "other code" }),
    ];
    const open = await withProofs(records, (out) => unproven(controls, project, out));
    assert.deepEqual(
      open.map(({ control }) => control.id),
      controls.slice(1).map(({ control }) => control.id),
    );
  });
});
