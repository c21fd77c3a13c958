import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFile, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadCatalogue } from "../catalogue/load.ts";
import { loadDossiers } from "../dossier/load.ts";
import type { Result } from "../model/result.ts";
import { finishRun, judgeRun, keepInputs, resultText, runFiles } from "./finish.ts";
import { catalogueFile, dossierFolder, projectRoot } from "./paths.ts";

// A stored journal of a real run, judged with the dossiers of the bench.

const runId = "20261123-120000-d055";
let out = "";
let folder = "";
before(async () => {
  out = await mkdtemp(join(tmpdir(), "pruefstand-dossiers-"));
  process.env["PRUEFSTAND_KEY_FOLDER"] = join(out, "keys");
  process.env["PRUEFSTAND_CHROMIUM"] = join(out, "no-browser");
  folder = join(out, runId);
  await mkdir(folder);
  const journal = join(projectRoot, "fixtures", "runs", "closed-federation", "journal.jsonl");
  await copyFile(journal, join(folder, runFiles.journal));
  const dossiers = await loadDossiers(dossierFolder, await loadCatalogue(catalogueFile()));
  await keepInputs(folder, { catalogue: catalogueFile(), profile: undefined }, { records: [] }, { dossiers });
  await finishRun(folder);
});
after(() => rm(out, { recursive: true, force: true }));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function pruefstand(...args: readonly string[]): Ran {
  const env = { ...process.env, PRUEFSTAND_OUT: out, NO_COLOR: "1" };
  const main = join(import.meta.dirname, "main.ts");
  const ran = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...args], {
    encoding: "utf8",
    env,
    cwd: projectRoot,
    timeout: 60_000,
  });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

describe("a run with dossiers", () => {
  it("judges again to the same bytes, from its own folder alone", async () => {
    const kept = await readFile(join(folder, runFiles.result), "utf8");
    assert.equal(resultText((await judgeRun(folder)).result), kept);
    const { attested } = JSON.parse(kept) as Result;
    assert.deepEqual(
      attested?.products.map(({ id }) => id),
      ["threema-work", "whatsapp", "stashcat", "cisco-jabber"],
    );
    assert.ok(attested.verdicts.every(({ grade }) => (grade as string) !== "E4"));
  });

  it("gives measured products the verdicts, totals and points they have without dossiers", async () => {
    const { attested: _, ...withOut } = (await judgeRun(folder)).result;
    assert.deepEqual(withOut, (await judgeRun(folder, { dossiers: [] })).result);
  });

  it("is covered by verify: a statement changed afterwards is found", async () => {
    // The stored journal comes without its evidence files, which verify rightly misses; nothing else may differ.
    const found = (run: string): readonly string[] => {
      const { findings } = JSON.parse(pruefstand("verify", run, "--json").out) as {
        findings: readonly { id: string; problem: string }[];
      };
      return findings.filter(({ id }) => !id.startsWith("evidence/")).map(({ id, problem }) => `${id} ${problem}`);
    };
    assert.deepEqual(found(folder), []);
    const copy = join(out, "copy");
    await cp(folder, copy, { recursive: true });
    const path = join(copy, runFiles.dossiers);
    await writeFile(path, (await readFile(path, "utf8")).replace('"grade": "E1"', '"grade": "E3"'));
    assert.deepEqual(found(copy), [
      "dossiers.json was changed after the run was signed",
      "result.json differs from what judging the journal gives",
    ]);
  });

  it("can be judged with other dossiers or none, beside its own judgement", async () => {
    const none = pruefstand("judge", runId, "--dossiers", "none", "--json");
    assert.equal(none.code, 0, none.err);
    assert.equal((JSON.parse(none.out) as Result).attested, undefined);
    const other = join(out, "other");
    await mkdir(other);
    await copyFile(join(dossierFolder, "stashcat.yaml"), join(other, "stashcat.yaml"));
    const { code, out: told, err } = pruefstand("judge", runId, "--dossiers", other);
    assert.equal(code, 0, err);
    assert.match(told, /stashcat: attested, not measured: \d+ criteria by 8 statements/u);
    assert.ok((await readdir(join(folder, "judged"))).some((name) => name.includes("-dossiers-")));
    const { attested } = (await judgeRun(folder)).result;
    assert.equal(attested?.products.length, 4);
  });

  it("refuses a folder with a wrong dossier before anything else", async () => {
    const wrong = join(out, "wrong");
    await mkdir(wrong);
    await copyFile(join(dossierFolder, "stashcat.yaml"), join(wrong, "stashcat.yaml"));
    await appendFile(join(wrong, "stashcat.yaml"), "surprise: true\n");
    const { code, err } = pruefstand("judge", runId, "--dossiers", wrong);
    assert.equal(code, 3);
    assert.match(err, /stashcat\.yaml:\d+:1 .*"surprise"/u);
  });
});

describe("dossier check", () => {
  const file = (name: string): string => join(dossierFolder, name);

  it("says that a sound dossier is sound, on a day", () => {
    const { code, out: told, err } = pruefstand("dossier", "check", file("whatsapp.yaml"), "--on", "2017-01-01");
    assert.equal(code, 0, err);
    assert.match(told, /11 statements \(E0 3, E1 6, E2 0, E3 2\), 0 expired, 0 contradicting/u);
  });

  it("ends with 1 and names what has expired", () => {
    const { code, out: told } = pruefstand("dossier", "check", file("stashcat.yaml"), "--on", "2026-11-23", "--json");
    assert.equal(code, 1);
    const items = JSON.parse(told) as readonly { readonly id: string; readonly expired: boolean }[];
    assert.deepEqual(
      items.filter(({ expired }) => expired).map(({ id }) => id),
      ["stashcat-04"],
    );
  });

  it("ends with 3 for mistakes, with line and column, also as JSON", async () => {
    const path = join(out, "mistaken.yaml");
    const text = await readFile(file("cisco-jabber.yaml"), "utf8");
    await writeFile(path, text.replace("grade: E1", "grade: E4").replace("criterion: R-03", "criterion: R-30"));
    const plain = pruefstand("dossier", "check", path);
    assert.equal(plain.code, 3);
    assert.match(plain.err, /2 mistakes in the dossier/u);
    assert.match(plain.err, /E4 is what the bench measured itself/u);
    const { error } = JSON.parse(pruefstand("dossier", "check", path, "--json").out) as {
      error: { problems: readonly { line: number; column: number }[] };
    };
    assert.equal(error.problems.length, 2);
    assert.ok(error.problems.every(({ line, column }) => line > 1 && column > 1));
  });

  it("has help with examples, and refuses a day that is none", () => {
    assert.match(pruefstand("dossier", "check", "--help").out, /Examples:[\s\S]*dossier check/u);
    assert.equal(pruefstand("dossier", "check", file("whatsapp.yaml"), "--on", "tomorrow").code, 3);
  });
});
