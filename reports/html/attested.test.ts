import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { withDossiers } from "../../fixtures/runs/attested.ts";
import { threeMessengers } from "../../fixtures/runs/three-messengers.ts";
import type { Renderer, ReportInput } from "../../harness/model/result.ts";
import { json } from "../json/index.ts";
import { junit } from "../junit/index.ts";
import { matrixCsv } from "../matrix-csv/index.ts";
import { summaryMd } from "../summary-md/index.ts";
import { openBook } from "./book.ts";
import { html } from "./index.ts";
import { rankingOf } from "./summary-view.ts";

async function textOf(renderer: Renderer, input: ReportInput): Promise<string> {
  for await (const { content } of renderer.render(input)) return String(content);
  return "";
}

const page = await textOf(html, withDossiers());

test("attested columns stand after the measured ones, named as not measured in words", () => {
  const heads = [...page.matchAll(/<th [^>]*class="column-(\d+) (edge|documented)[^"]*"[^>]*><a href="#p-([a-z]+)"/gu)];
  assert.deepEqual(
    heads.slice(0, 5).map(([, column, kind, id]) => [column, kind, id]),
    [
      ["0", "edge", "synapse"],
      ["1", "edge", "prosody"],
      ["2", "edge", "ejabberd"],
      ["3", "documented", "vault"],
      ["4", "documented", "harbour"],
    ],
  );
  assert.match(page, /Vault Messenger<\/a> <small><span lang="de">durch Dokumente belegt, nicht gemessen/u);
  assert.match(page, /:root:has\(#column-4:not\(:checked\)\) \.column-4/u);
});

test("every decided attested cell carries its grade in words; no cell says E4", () => {
  const cells = [...page.matchAll(/<td class="column-[34] documented[^"]*"><a class="v ([a-z-]+)".*?<\/td>/gu)];
  const rows = withDossiers().result.criteria.length;
  assert.equal(cells.length, 2 * rows);
  const decided = cells.filter(([, word]) => word !== "not-tested");
  assert.equal(decided.length, 1);
  assert.match(decided[0]?.[0] ?? "", /belegt E3/u);
  assert.ok(cells.every(([text]) => !text.includes("E4")));
});

test("every statement shows source, place, grade and expiry, and an expired or contradicting one says so", () => {
  for (const text of [
    "Hersteller</bdi>, 2025-02-21",
    "Abschnitt 3",
    "handbuch.pdf, SHA-256 aaaa",
    "abgelaufen, zählt nicht",
    "widersprüchlich, zählt nicht",
    "widerspricht harbour-02",
    "Nachweisgrad reicht nicht",
    "zur Kenntnis, zählt nicht",
    "von diesem Katalog nicht gefragt",
    "ohne Datum",
    "2024-01-01",
  ]) {
    assert.ok(page.includes(text), text);
  }
});

test("all links of attested cells lead to a place on the page", () => {
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/gu)].map(([, id]) => id));
  const cells = [...page.matchAll(/<td class="column-[34] documented[^"]*"><a class="v [a-z-]+" href="#([^"]+)"/gu)];
  assert.ok(cells.length > 10);
  for (const [, id] of cells) assert.ok(ids.has(id), id);
});

test("attested products are in no ranking, in no test case and in no totals of measured ones", async () => {
  const input = withDossiers();
  const ranked = rankingOf(openBook(input)).map(({ candidate }) => candidate.id);
  assert.ok(ranked.length === 3 && !ranked.includes("vault"));
  assert.equal(await textOf(junit, input), await textOf(junit, threeMessengers()));
  const { totals, records, attested } = JSON.parse(await textOf(json, input)) as {
    totals: readonly { candidate: string }[];
    records: readonly { candidate: string }[];
    attested: { verdicts: readonly { grade: string }[] };
  };
  assert.ok([...totals, ...records].every(({ candidate }) => candidate !== "vault"));
  assert.ok(attested.verdicts.length > 0 && attested.verdicts.every(({ grade }) => grade !== "E4"));
});

test("the published schemas accept attested columns and refuse one of grade E4", async () => {
  const files = new Map<string, string>();
  for await (const { path, content } of json.render(withDossiers())) files.set(path, String(content));
  const schema = (name: string) => new Ajv2020({ strict: false }).compile(JSON.parse(files.get(name) ?? "") as object);
  const { result } = withDossiers();
  const check = schema("result.schema.json");
  assert.ok(check(result), JSON.stringify(check.errors));
  const checkReport = schema("report.schema.json");
  assert.ok(checkReport(JSON.parse(files.get("report.json") ?? "")), JSON.stringify(checkReport.errors));
  const { attested } = result;
  const claimed = attested?.verdicts.map((one) => ({ ...one, grade: "E4" }));
  assert.equal(check({ ...result, attested: { ...attested, verdicts: claimed } }), false);
});

test("matrix.csv and summary.md name attested columns as such", async () => {
  const [head = "", ...rows] = (await textOf(matrixCsv, withDossiers())).trim().split("\r\n");
  assert.match(head, /"Vault Messenger \(belegt, nicht gemessen\)";"Vault Messenger BP \(belegt\)"/u);
  const width = head.split(";").length;
  assert.ok(rows.length > 5 && rows.every((row) => row.split('";"').length === width));
  assert.match(
    await textOf(summaryMd, withDossiers()),
    /Nichts davon ist gemessen[\s\S]*Vault Messenger \| 140 \| 2? ?/u,
  );
});

test("hostile text of a dossier stays text", async () => {
  const input = withDossiers();
  const { attested } = input.result;
  assert.ok(attested);
  const products = attested.products.map((product) => ({
    ...product,
    title: "<script>alert(1)</script>",
    statements: product.statements.map((one) => ({
      ...one,
      document: { ...one.document, title: "<img src=x onerror=alert(1)>", address: "javascript:alert(1)" },
    })),
  }));
  const hostile = await textOf(html, { ...input, result: { ...input.result, attested: { ...attested, products } } });
  assert.ok(!hostile.includes("<img src=x") && !hostile.includes("<script>alert"));
  assert.ok(!/href="javascript/u.test(hostile));
});

test("a run without dossiers has no attested column and no attested section", async () => {
  const plain = await textOf(html, threeMessengers());
  assert.ok(!plain.includes('class="column-3') && !plain.includes('id="attested"'));
});
