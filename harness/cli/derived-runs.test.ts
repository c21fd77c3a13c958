import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, it } from "node:test";
import type { JournalEntry } from "../model/journal.ts";
import { parseJournal, sha256 } from "../run/journal.ts";
import { catalogueFile, projectRoot } from "./paths.ts";

// Two journals derived from a stored real one, and named so: as measured, and as an older Synapse might have come out.

const stored = join(projectRoot, "fixtures/runs/closed-federation/journal.jsonl");
let out = "";
before(async () => (out = await mkdtemp(join(tmpdir(), "pruefstand-derived-"))));
after(() => rm(out, { recursive: true, force: true }));

/** What an older server might have given: unlisted events pass, and its version is another. */
function older(entry: JournalEntry): JournalEntry {
  if (entry.type === "run-started") {
    const candidates = entry.run.candidates.map((one) =>
      one.id === "synapse" ? { ...one, version: "1.98.0 (derived for a test)" } : one,
    );
    return { ...entry, run: { ...entry.run, candidates } };
  }
  if (entry.type !== "measurement") return entry;
  const { measurement } = entry;
  const hit = measurement.candidate === "synapse" && measurement.id === "federation.unlisted.events-passed";
  return hit ? { ...entry, measurement: { ...measurement, value: 7 } } : entry;
}

/** A run folder whose journal was changed and chained anew. */
async function derived(id: string, change: (entry: JournalEntry) => JournalEntry): Promise<string> {
  const folder = join(out, id);
  await mkdir(folder);
  await copyFile(catalogueFile(), join(folder, "criteria.yaml"));
  let previous = "";
  const lines: string[] = [];
  for (const entry of parseJournal(stored, await readFile(stored, "utf8")).entries) {
    const changed = change(entry);
    const named =
      changed.type === "run-started"
        ? { ...changed, run: { ...changed.run, id, command: "derived for a test" } }
        : changed;
    const line = JSON.stringify({ ...named, previous });
    previous = sha256(line);
    lines.push(line);
  }
  await writeFile(join(folder, "journal.jsonl"), `${lines.join("\n")}\n`);
  return folder;
}

it("diff of two versions of a server names the changed verdict with both measurements", async () => {
  const folders = [await derived("derived-old", older), await derived("derived-new", (entry) => entry)];
  const main = join(import.meta.dirname, "main.ts");
  const env = { ...process.env, PRUEFSTAND_OUT: out, NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", main, "diff", ...folders],
    { encoding: "utf8", env, timeout: 120_000 },
  );
  assert.equal(status, 1, stderr);
  assert.match(stdout, /product synapse +1\.98\.0 \(derived for a test\) .+→ +\d/u);
  assert.match(
    stdout,
    /^F-02 synapse hardened: not-met \(.*federation\.unlisted\.events-passed = 7\/20.*\) → met \(.*federation\.unlisted\.events-passed = 0\/20.*\)$/mu,
  );
  assert.match(stdout, /values differ; changed too: product/u);
  assert.doesNotMatch(stdout, /^F-02 prosody/mu);
});
