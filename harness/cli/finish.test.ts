import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFile, copyFile, cp, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Result } from "../model/result.ts";
import { sha256 } from "../run/journal.ts";
import { loadCatalogue } from "../catalogue/load.ts";
import { fakeCandidate, fakeLabState, fakeParts } from "../run/fake-lab.ts";
import { silentObserver } from "../run/observer.ts";
import { makePlan } from "../run/plan.ts";
import { executeRun } from "../run/run.ts";
import { findScenarios } from "../run/scenarios.ts";
import { finishRun, judgeRun, keepInputs, resultText } from "./finish.ts";
import { catalogueFile, projectRoot, scenarioFolder } from "./paths.ts";
import { exitOf } from "./run-exit.ts";
import { resultTable } from "./result-table.ts";

// The real catalogue and the real scenario SZ-16 on the messenger in memory: everything but containers.

let out = "";
let folder = "";
before(async () => {
  out = await mkdtemp(join(tmpdir(), "pruefstand-finish-"));
  process.env["PRUEFSTAND_KEY_FOLDER"] = join(out, "keys");
  // No browser: whatever else is reported must not need one. reports/pdf has tests with a real one.
  process.env["PRUEFSTAND_CHROMIUM"] = join(out, "no-browser");
  const catalogue = await loadCatalogue(catalogueFile());
  const plan = makePlan({
    catalogue,
    scenarios: await findScenarios(scenarioFolder),
    candidates: [fakeCandidate("alpha"), fakeCandidate("beta")],
    size: "standard",
    seed: "1",
    repeat: 1,
    only: ["F-01"],
    onlyCandidates: [],
    onlyConfigs: [],
  });
  const run = await executeRun({
    plan,
    catalogue,
    parts: fakeParts(fakeLabState()),
    observer: silentObserver,
    signal: new AbortController().signal,
    root: projectRoot,
    outFolder: out,
    profile: catalogue.profile,
    command: "pruefstand run --only F-01",
    concurrency: 2,
    keep: false,
  });
  ({ folder } = run);
  await keepInputs(folder, { catalogue: catalogueFile(), profile: undefined }, { records: [] });
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
    timeout: 60_000,
  });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

/** A copy of the run in which one file was changed. */
async function tampered(change: (copy: string) => Promise<void>): Promise<Ran> {
  const copy = await mkdtemp(join(out, "copy-"));
  await cp(folder, copy, { recursive: true });
  await change(copy);
  return pruefstand("verify", copy, "--json");
}

interface Checked {
  readonly intact: boolean;
  readonly unfinished: boolean;
  readonly trusted: boolean;
  readonly findings: readonly { readonly id: string; readonly problem: string }[];
}

describe("a finished run", () => {
  it("gives the verdict of the row that was measured, for every candidate", async () => {
    const { result } = await judgeRun(folder);
    const f01 = result.verdicts.filter(({ criterion, decides }) => criterion === "F-01" && decides);
    assert.deepEqual(
      f01.map(({ candidate, verdict, proof }) => [candidate, verdict, proof.state]),
      [
        ["alpha", "met", "unproven"],
        ["beta", "met", "unproven"],
      ],
    );
    assert.equal(exitOf(result, true, false), 0);
    assert.equal(exitOf(result, false, false), 1, "required rows that were not tested must not look like met");
    assert.equal(exitOf(result, true, true), 2);
  });

  it("prints words, not only colours", async () => {
    const { result } = await judgeRun(folder);
    const text = resultTable(result, (_, word) => word).join("\n");
    assert.match(text, /F-01 A {2}Two authorities.+met \(unproven\) {2}met \(unproven\)/u);
    assert.doesNotMatch(text, /^E-01/mu, "a row outside of the plan is in the table");
    assert.match(text, /Fake alpha: 0 of \d+ points, .+; \d+ of \d+ required criteria were tested/u);
  });

  it("is judged again to the same bytes", async () => {
    const kept = await readFile(join(folder, "result.json"), "utf8");
    assert.equal(resultText((await judgeRun(folder)).result), kept);
    assert.equal(pruefstand("judge", basename(folder), "--json").out, kept);
  });

  it("is judged under another profile beside its own verdicts, which stay signed", () => {
    const { code, out: text, err } = pruefstand("judge", "latest", "--profile", "market-survey");
    assert.equal(code, 0, err);
    assert.match(text, /Judged under market-survey: .+judged\/market-survey-[0-9a-f]{8}\/result\.json/u);
    assert.equal(pruefstand("verify", "latest").code, 0);
  });

  const sums: readonly (readonly [string, number, number])[] = [
    ["interministerial", 17, 10_000],
    ["market-survey", 14, 11_200],
    ["vs-nfd", 18, 10_000],
  ];
  for (const [profile, required, maxPoints] of sums) {
    it(`gives the sums of the catalogue under ${profile}, without a container`, () => {
      const { code, out: text, err } = pruefstand("judge", "latest", "--profile", profile, "--json");
      assert.equal(code, 0, err);
      const { totals, profile: judged } = JSON.parse(text) as Result;
      assert.equal(judged, profile);
      for (const total of totals)
        assert.deepEqual([total.requiredTested.required, total.maxPoints], [required, maxPoints]);
    });
  }

  it("refuses an own profile that changes a measurement or a rule, with the reason and the place", async () => {
    const file = join(out, "own.yaml");
    const changes = [
      "id: ministry",
      "title: { de: Ressort, en: ministry }",
      "criteria:",
      "  F-01: { measurements: [federation.messages-delivered] }",
      "  F-02: { pass: [federation.unlisted.messages-delivered = 0] }",
    ];
    await writeFile(file, changes.join("\n"));
    const { code, err } = pruefstand("judge", "latest", "--profile", file);
    assert.equal(code, 3);
    assert.match(err, /own\.yaml:4:\d+ criteria\.F-01\.measurements: .*never changes what is measured/u);
    assert.match(err, /own\.yaml:5:\d+ criteria\.F-02\.pass: expected no "pass" unless the profile turns F-02/u);
  });

  it("records name and hash of an own profile file", async () => {
    const file = join(out, "need.yaml");
    const text =
      "id: ministry\ntitle: { de: Ressort, en: ministry }\ncriteria:\n  O-01: { active: false, because: { de: Eigenbetrieb, en: own operation } }\n";
    await writeFile(file, text);
    const { code, out: printed, err } = pruefstand("judge", "latest", "--profile", file, "--json");
    assert.equal(code, 0, err);
    const { profile, profileFile, totals } = JSON.parse(printed) as Result;
    assert.deepEqual([profile, profileFile?.name, profileFile?.sha256], ["ministry", "need.yaml", sha256(text)]);
    assert.equal(totals[0]?.requiredTested.required, 16);
  });

  it("gets award figures from a price file only, beside its own verdicts", async () => {
    const file = join(out, "prices.yaml");
    await writeFile(file, "prices: { alpha: 400000, beta: 480000 }\n");
    const plain = JSON.parse(pruefstand("judge", "latest", "--json").out) as Result;
    assert.equal(plain.award, undefined);
    const chosen = ["--prices", file, "--s", "6", "--criterion", "P"];
    const { award } = JSON.parse(pruefstand("judge", "latest", "--json", ...chosen).out) as Result;
    assert.deepEqual(award?.terms, { method: "erweitert", bandPercent: 6, criterion: "P" });
    assert.equal(award?.priceFile.sha256, sha256(await readFile(file)));
    const { code, out: text, err } = pruefstand("judge", "latest", ...chosen);
    assert.equal(code, 0, err);
    assert.match(text, /judged\/interministerial-[0-9a-f]{8}-prices-[0-9a-f]{8}\/result\.json/u);
    assert.equal(pruefstand("verify", "latest").code, 0);
  });

  it("refuses a price file with every mistake, and terms without prices", async () => {
    const file = join(out, "wrong.yaml");
    await writeFile(file, "currency: USD\nprices: { alpah: 400000, prosodi: 0 }\n");
    const { code, err } = pruefstand("judge", "latest", "--prices", file);
    assert.equal(code, 3);
    for (const trace of [/:1:\d+ currency/u, /"alpha"/u, /"prosody"/u, /prices\.prosodi: .*got 0/u])
      assert.match(err, trace);
    const alone = pruefstand("judge", "latest", "--method", "einfach");
    assert.equal(alone.code, 3);
    assert.match(alone.err, /Expected --prices beside --method/u);
  });

  it("moves no verdict against itself", () => {
    const { code, out: text } = pruefstand("diff", basename(folder), "latest");
    assert.equal(code, 0);
    assert.match(text, /No verdict moved/u);
  });

  it("is explained with condition, value and evidence", () => {
    const { code, out: text } = pruefstand("explain", "f-01", "--run", basename(folder));
    assert.equal(code, 0);
    assert.match(text, /alpha \(hardened\): met/u);
    assert.match(text, /federation\.messages-delivered \(hardened\) = 20 of 20/u);
    assert.match(text, /evidence\/SZ-16\/alpha-hardened\/deliveries\.json/u);
  });
});

describe("verify", () => {
  it("finds nothing in an untouched run", async () => {
    const { code, out: text } = await tampered(async () => undefined);
    const checked = JSON.parse(text) as Checked;
    assert.deepEqual(
      [code, checked.intact, checked.unfinished, checked.trusted, checked.findings],
      [0, true, false, true, []],
    );
  });

  const changes: readonly (readonly [string, (copy: string) => Promise<void>, RegExp])[] = [
    [
      "a measurement turned in the journal",
      async (copy) => {
        const path = join(copy, "journal.jsonl");
        const text = await readFile(path, "utf8");
        await writeFile(path, text.replace('"value":20,', '"value":19,'));
      },
      /^journal\.jsonl:\d+$/u,
    ],
    [
      "a verdict turned in the result",
      async (copy) => {
        const path = join(copy, "result.json");
        await writeFile(path, (await readFile(path, "utf8")).replace('"verdict": "met"', '"verdict": "not-met"'));
      },
      /^result\.json$/u,
    ],
    [
      "an evidence file that was changed",
      (copy) => appendFile(join(copy, "evidence/SZ-16/alpha-hardened/deliveries.json"), " "),
      /^evidence\/SZ-16\/alpha-hardened\/deliveries\.json$/u,
    ],
    ["a file that was added", (copy) => writeFile(join(copy, "evidence/extra.txt"), "x"), /^evidence\/extra\.txt$/u],
    ["a report that was removed", (copy) => rm(join(copy, "report/index.html")), /^report\/index\.html$/u],
    [
      "a manifest that was made to fit",
      async (copy) => {
        const path = join(copy, "manifest.json");
        await writeFile(path, (await readFile(path, "utf8")).replace(/"bytes": \d+/u, '"bytes": 1'));
      },
      /^manifest\.sig$/u,
    ],
  ];
  for (const [what, change, place] of changes) {
    it(`finds ${what}`, async () => {
      const { code, out: text } = await tampered(change);
      const { intact, findings } = JSON.parse(text) as Checked;
      assert.equal(code, 1);
      assert.equal(intact, false);
      assert.ok(
        findings.some(({ id }) => place.test(id)),
        text,
      );
    });
  }

  it("trusts only the key it is told to trust", async () => {
    const other = await mkdtemp(join(out, "other-"));
    await copyFile(join(folder, "manifest.pub"), join(other, "issuer.pub"));
    assert.equal(pruefstand("verify", "latest", "--key", join(other, "issuer.pub")).code, 0);
    const { privateKey } = (await import("node:crypto")).generateKeyPairSync("ed25519");
    const { createPublicKey } = await import("node:crypto");
    await writeFile(join(other, "stranger.pub"), createPublicKey(privateKey).export({ type: "spki", format: "pem" }));
    assert.equal(pruefstand("verify", "latest", "--key", join(other, "stranger.pub")).code, 1);
  });
});

describe("without a browser", () => {
  it("every report but the printed one is written, and the command says why and how to mend it", async () => {
    const copy = await mkdtemp(join(out, "unprinted-"));
    await cp(folder, copy, { recursive: true });
    await rm(join(copy, "report"), { recursive: true });
    const { code, out: text } = pruefstand("report", copy);
    assert.equal(code, 2);
    assert.match(text, /^pdf: Chromium \(.+no-browser\) did not start: .+; \.\/pruefstand doctor/mu);
    const written = (await readdir(join(copy, "report"))).toSorted();
    assert.deepEqual(written, [
      "index.html",
      "junit.xml",
      "matrix.csv",
      "report.json",
      "report.schema.json",
      "result.schema.json",
      "summary.md",
    ]);
  });
});

describe("a run that was killed", () => {
  it("is judged, reported and signed afterwards, and says that it was cut off", async () => {
    const copy = await mkdtemp(join(out, "killed-"));
    const whole = await readFile(join(folder, "journal.jsonl"), "utf8");
    await copyFile(join(folder, "criteria.yaml"), join(copy, "criteria.yaml"));
    await cp(join(folder, "evidence"), join(copy, "evidence"), { recursive: true });
    await writeFile(join(copy, "journal.jsonl"), whole.slice(0, whole.length - 60));
    const { err } = pruefstand("report", copy);
    assert.match(err, /was cut off/u);
    const checked = JSON.parse(pruefstand("verify", copy, "--json").out) as Checked;
    assert.deepEqual([checked.intact, checked.unfinished], [true, true]);
    const { result } = await judgeRun(copy);
    assert.equal(result.runOutcome, "unfinished");
  });
});
