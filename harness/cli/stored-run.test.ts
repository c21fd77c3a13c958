import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { attack, hostilePaths } from "../../fixtures/runs/hostile.ts";
import { renderers } from "../../reports/index.ts";
import { loadCatalogue } from "../catalogue/load.ts";
import { judge } from "../judge/judge.ts";
import type { JournalEntry } from "../model/journal.ts";
import type { Result } from "../model/result.ts";
import { parseJournal, requireIntact } from "../run/journal.ts";
import { catalogueFile, projectRoot } from "./paths.ts";

// A journal of a real run (SZ-17 on Synapse and Prosody), cut down: facts about the host and most packages are taken out, the
// chain is written anew. Journal → verdicts → every report, with nothing in between that a test made up.

const path = join(projectRoot, "fixtures/runs/closed-federation/journal.jsonl");
const journal = requireIntact(parseJournal(path, readFileSync(path, "utf8")));
const catalogue = await loadCatalogue(catalogueFile());
const judged = (entries: readonly JournalEntry[]): Result =>
  judge({ entries, journalSha256: journal.sha256, catalogue, proofs: [] });

async function filesOf(result: Result): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const renderer of renderers)
    for await (const { path: name, content } of renderer.render({ result, charts: [] }))
      files.set(name, String(content));
  return files;
}

/** Texts that a product can write into a journal, turned against whoever reads the report. */
const influenced = new Set([
  "title",
  "vendor",
  "version",
  "licence",
  "note",
  "message",
  "hint",
  "diff",
  "tag",
  "digest",
]);
function poisoned(value: unknown, key = ""): unknown {
  if (typeof value === "string") return influenced.has(key) ? `${value} ${attack}` : value;
  if (Array.isArray(value)) return key === "evidence" ? hostilePaths : value.map((item) => poisoned(item, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, poisoned(item, name)]));
}

describe("a stored journal of a real run", () => {
  it("names no path of the machine it was measured on", () => {
    assert.doesNotMatch(readFileSync(path, "utf8"), /\/(?:work|tmp|root|home)\//u);
  });

  it("gives verdicts with their values for what was measured, and for nothing else", () => {
    const result = judged(journal.entries);
    const measured = result.verdicts.filter(({ verdict }) => verdict !== "not-tested");
    assert.deepEqual([...new Set(measured.map(({ criterion }) => criterion))].toSorted(), ["F-02", "F-03"]);
    const f02 = measured.find(({ criterion, candidate }) => criterion === "F-02" && candidate === "synapse");
    const passed = f02?.measurements.find(({ id }) => id === "federation.unlisted.events-passed");
    assert.deepEqual([passed?.value, passed?.total, f02?.grade], [0, 20, "E4"]);
  });

  it("is rendered in every format, the same each time", async () => {
    const files = await filesOf(judged(journal.entries));
    for (const name of ["index.html", "report.json", "junit.xml", "matrix.csv", "summary.md"])
      assert.ok((files.get(name) ?? "").includes("F-02"), name);
    assert.deepEqual(await filesOf(judged(journal.entries)), files);
  });

  it("stays harmless when every text a product can influence is hostile", async () => {
    const entries = journal.entries.map((entry) => poisoned(entry) as JournalEntry);
    const result = judged(entries);
    assert.deepEqual(
      result.verdicts.map(({ verdict }) => verdict),
      judged(journal.entries).verdicts.map(({ verdict }) => verdict),
      "hostile text changed a verdict",
    );
    const files = await filesOf(result);
    const page = files.get("index.html") ?? "";
    assert.ok(page.includes("window.pwned"), "the hostile text did not reach the report: the test proves nothing");
    assert.ok(!/<script>window|<img |<svg onload/u.test(page), "hostile text became markup");
    assert.ok(!/href="(?:javascript|data|\/)/iu.test(page), "a hostile path became a link");
    for (const [name, text] of files)
      if (!name.endsWith(".schema.json"))
        assert.ok(
          !["\u001b", "\u0007", "\u0000", "\u202E"].some((one) => text.includes(one)),
          `control characters in ${name}`,
        );
  });
});
