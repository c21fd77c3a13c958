import assert from "node:assert/strict";
import { test } from "node:test";

import { Ajv2020 } from "ajv/dist/2020.js";
import { SaxesParser } from "saxes";

import { hostile } from "../fixtures/runs/hostile.ts";
import { priced } from "../fixtures/runs/priced.ts";
import { threeMessengers } from "../fixtures/runs/three-messengers.ts";
import type { Renderer, ReportInput } from "../harness/model/result.ts";
import { html } from "./html/index.ts";
import { renderers } from "./index.ts";
import { json } from "./json/index.ts";
import { junit } from "./junit/index.ts";
import { matrixCsv } from "./matrix-csv/index.ts";
import { summaryMd } from "./summary-md/index.ts";

async function filesOf(renderer: Renderer, input: ReportInput): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const file of renderer.render(input)) files.set(file.path, String(file.content));
  return files;
}

async function fileOf(renderer: Renderer, input: ReportInput, path: string): Promise<string> {
  const content = (await filesOf(renderer, input)).get(path);
  assert.ok(content !== undefined, `${renderer.format} wrote no ${path}`);
  return content;
}

test("formats and file names are unique, and equal input gives equal bytes", async () => {
  assert.equal(new Set(renderers.map((renderer) => renderer.format)).size, renderers.length);
  const first = await Promise.all(renderers.map((renderer) => filesOf(renderer, threeMessengers())));
  const second = await Promise.all(renderers.map((renderer) => filesOf(renderer, threeMessengers())));
  assert.deepEqual(first, second);
  const paths = first.flatMap((files) => [...files.keys()]);
  assert.equal(new Set(paths).size, paths.length);
  assert.ok(paths.includes("index.html"));
});

for (const [name, make] of [
  ["realistic", threeMessengers],
  ["hostile", hostile],
  ["priced", priced],
] as const) {
  test(`the published schemas accept a ${name} result and report`, async () => {
    const files = await filesOf(json, make());
    const parsed = (path: string): object => JSON.parse(files.get(path) ?? "null") as object;
    const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
    const check = ajv.compile(parsed("result.schema.json"));
    assert.ok(check(JSON.parse(JSON.stringify(make().result))), ajv.errorsText(check.errors));
    const checkReport = ajv.compile(parsed("report.schema.json"));
    assert.ok(checkReport(parsed("report.json")), ajv.errorsText(checkReport.errors));
  });
}

test("award figures are shown with prices only: formula, band, leader, and excluded products for information", async () => {
  const plain = await fileOf(summaryMd, threeMessengers(), "summary.md");
  assert.doesNotMatch(plain, /UfAB/u);
  const text = await fileOf(summaryMd, priced(), "summary.md");
  assert.match(text, /Methode: erweitert, s = 10 %, Entscheidungskriterium group:T\. Führend: Prosody/u);
  assert.match(text, /\| ejabberd .+ \| Z = 700 \/ 30\.000 \| ausgeschlossen, nur informativ \|/u);
  assert.match(text, /\| Synapse .+ \| kein Preis \|/u);
  assert.match(text, /ändert sich in 1 Fall\b/u);
  const page = (await fileOf(html, priced(), "index.html")).replaceAll(/\s+/gu, " ").replaceAll("&#x3D;", "=");
  assert.match(page, /<caption id="award-caption">/u);
  assert.match(page, /<tr class="out"> <th scope="row">ejabberd/u);
  assert.match(page, /Entscheidungsbereich ab Z = 18\.750 × \(1 − 10 \/ 100\) = 16\.875/u);
  assert.match(page, /Schwankungsbreite s = 0 %/u);
  assert.doesNotMatch(await fileOf(html, threeMessengers(), "index.html"), /id="award-caption"/u);
});

test("the schema refuses a verdict word outside the list and points above 10", async () => {
  const ajv = new Ajv2020({ allowUnionTypes: true });
  const check = ajv.compile(JSON.parse(await fileOf(json, threeMessengers(), "result.schema.json")) as object);
  const { result } = threeMessengers();
  const [first, ...rest] = result.verdicts;
  assert.ok(!check({ ...result, verdicts: [{ ...first, verdict: "passed" }, ...rest] }));
  assert.ok(!check({ ...result, verdicts: [{ ...first, points: 11 }, ...rest] }));
});

interface Seen {
  readonly counts: Readonly<Record<string, number>>;
  readonly suites: readonly Readonly<Record<string, string>>[];
}

/** Reads XML with a strict parser that throws on anything not well-formed. */
function read(xml: string): Seen {
  const counts: Record<string, number> = {};
  const suites: Record<string, string>[] = [];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", (tag) => {
    counts[tag.name] = (counts[tag.name] ?? 0) + 1;
    if (tag.name === "testsuite") suites.push(tag.attributes);
  });
  parser.write(xml).close();
  return { counts, suites };
}

test("junit.xml has a suite per candidate and counts what it holds", async () => {
  const { counts, suites } = read(await fileOf(junit, threeMessengers(), "junit.xml"));
  const { result } = threeMessengers();
  const words = result.verdicts.filter((item) => item.decides).map((item) => item.verdict);
  const expected = (...list: readonly string[]): number => words.filter((item) => list.includes(item)).length;
  assert.equal(counts["testsuite"], 3);
  assert.equal(counts["testcase"], result.criteria.length * 3);
  assert.equal(counts["failure"], expected("not-met"));
  assert.equal(counts["error"], expected("inconclusive"));
  assert.equal(counts["skipped"], expected("not-tested", "not-applicable"));
  const sum = (name: string): number => suites.reduce((all, suite) => all + Number(suite[name]), 0);
  assert.deepEqual(
    [sum("failures"), sum("errors"), sum("skipped")],
    [counts["failure"], counts["error"], counts["skipped"]],
  );
});

test("junit.xml stays well-formed with hostile text", async () => {
  const xml = await fileOf(junit, hostile(), "junit.xml");
  assert.equal(read(xml).counts["testsuite"], 3);
  assert.doesNotMatch(xml, /<script|\u202e|[\p{Cc}--\n]/v);
});

test("matrix.csv has one row per criterion and no cell that a spreadsheet would run", async () => {
  const csv = await fileOf(matrixCsv, threeMessengers(), "matrix.csv");
  const lines = csv.trimEnd().split("\r\n");
  assert.equal(lines.length, threeMessengers().result.criteria.length + 1);
  assert.match(lines[1] ?? "", /^"T-01";"T";"Nur TLS 1\.2\/1\.3 an allen Schnittstellen";"A";"";"erfüllt"/u);
  const input = threeMessengers();
  const candidates = input.result.run.candidates.map((item) => ({ ...item, title: `=HYPERLINK("x")` }));
  const hostileCsv = await fileOf(
    matrixCsv,
    { ...input, result: { ...input.result, run: { ...input.result.run, candidates } } },
    "matrix.csv",
  );
  assert.doesNotMatch(hostileCsv, /(^|;)"[=+@]/mu);
});

test("summary.md names standing and failed rows and keeps hostile text inert", async () => {
  const text = await fileOf(summaryMd, threeMessengers(), "summary.md");
  assert.match(text, /\| Synapse 1\.163\.2 \| ausgeschlossen \| 86,3 % \|/u);
  assert.match(text, /\*\*D-03\*\*, Synapse 1\.163\.2: nicht erfüllt\./u);
  assert.doesNotMatch(await fileOf(summaryMd, hostile(), "summary.md"), /(?<!\\)<script|\u202e|[\p{Cc}--\n]/v);
});
