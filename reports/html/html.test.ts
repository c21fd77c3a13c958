import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { hostile } from "../../fixtures/runs/hostile.ts";
import { largeRun } from "../../fixtures/runs/large.ts";
import { threeMessengers } from "../../fixtures/runs/three-messengers.ts";
import type { OutputFile, ReportInput } from "../../harness/model/result.ts";
import { reasonCodes } from "../../harness/model/verdict.ts";
import { hasWord } from "../text/words.ts";
import { openBook } from "./book.ts";
import { html } from "./index.ts";
import { rankingOf } from "./summary-view.ts";

async function pageOf(input: ReportInput): Promise<string> {
  const files: OutputFile[] = [];
  for await (const file of html.render(input)) files.push(file);
  assert.deepEqual(
    files.map((file) => file.path),
    ["index.html"],
  );
  return String(files[0]?.content);
}

test("equal input gives equal bytes", async () => {
  assert.equal(await pageOf(threeMessengers()), await pageOf(threeMessengers()));
});

test("every verdict word, reservation and reason code has its German text", async () => {
  const page = await pageOf(threeMessengers());
  for (const text of [
    "erfüllt",
    "teilweise",
    "nicht erfüllt",
    "nicht geprüft",
    "nicht anwendbar",
    "unklar",
    "instabil",
    "Gegenprobe veraltet",
    "Gegenprobe misslungen",
    "ohne Gegenprobe",
    "Dokument E1",
    "Festlegung",
  ]) {
    assert.ok(page.includes(text), text);
  }
  for (const code of reasonCodes) assert.ok(hasWord(code), `words.ts has no text for ${code}`);
});

test("an excluded product has no rank, an open one leads provisionally", () => {
  const ranking = rankingOf(openBook(threeMessengers()));
  assert.deepEqual(
    ranking.map((item) => [item.candidate.id, item.rank, item.total.standing]),
    [
      ["prosody", 1, "open"],
      ["ejabberd", 2, "eligible"],
      ["synapse", undefined, "excluded"],
    ],
  );
});

test("a product alone leads nobody", async () => {
  const input = threeMessengers();
  const { result } = input;
  const alone = {
    ...result,
    run: { ...result.run, candidates: result.run.candidates.filter(({ id }) => id === "prosody") },
    verdicts: result.verdicts.filter(({ candidate }) => candidate === "prosody"),
    totals: result.totals.filter(({ candidate }) => candidate === "prosody"),
  };
  assert.match(await pageOf(input), /Nach Leistungspunkten liegt Prosody vorn/u);
  const page = await pageOf({ ...input, result: alone });
  assert.match(page, /Prosody erreicht [\d,]+\u00a0?\s?% der Leistungspunkte/u);
  assert.doesNotMatch(page, /liegt Prosody vorn/u);
});

test("a verdict missing from the result is shown as not tested, never left blank", async () => {
  const input = threeMessengers();
  const verdicts = input.result.verdicts.filter((item) => item.criterion !== "T-05" || item.candidate !== "prosody");
  const page = await pageOf({ ...input, result: { ...input.result, verdicts } });
  const cell = /<a class="v not-tested" href="#r-T-05-prosody">/u;
  assert.match(page, cell);
  assert.match(page, /Im Ergebnis des Laufs steht kein Eintrag/u);
});

test("each cell of the matrix leads to a reason on the page", async () => {
  const page = await pageOf(threeMessengers());
  const links = [...page.matchAll(/href="#([^"]+)"/gu)].map((match) => match[1] ?? "");
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/gu)].map((match) => match[1]));
  assert.ok(links.length > 100);
  assert.deepEqual(
    links.filter((link) => !ids.has(link)),
    [],
  );
});

test("ids are unique", async () => {
  const ids = [...(await pageOf(threeMessengers())).matchAll(/ id="([^"]+)"/gu)].map((match) => match[1]);
  assert.equal(new Set(ids).size, ids.length);
});

test("the policy admits exactly the style and script of the page", async () => {
  const page = await pageOf(threeMessengers());
  const hashes = ["style", "script"].map((tag) => {
    const content = page.match(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, "u"))?.[1] ?? "";
    return `&#x27;sha256-${createHash("sha256").update(content).digest("base64").replaceAll("=", "&#x3D;")}&#x27;`;
  });
  for (const hash of hashes) assert.ok(page.includes(hash), hash);
  assert.equal(page.match(/<script/gu)?.length, 1);
});

test("hostile text stays text, in every field", async () => {
  const page = await pageOf(hostile());
  assert.equal(page.match(/<script/gu)?.length, 1);
  assert.doesNotMatch(page, /<img|<svg onload|href="(?:javascript|data|\/|evidence)/iu);
  assert.doesNotMatch(page, /[\u202a-\u202e\u2066-\u2069]|[\p{Cc}--[\t\n]]/v);
  assert.ok(page.length < 5_000_000, `a long text must be shortened, the page has ${page.length} characters`);
});

test("the annex says how long each scenario took, and which broke off", async () => {
  const page = (await pageOf(threeMessengers())).replaceAll(/\s+/gu, " ");
  assert.match(page, /<b>SZ-01<\/b>.*?<td class="n"><span lang="de">4,2<\/span>/u);
  assert.match(page, /12,6 \(abgebrochen\)/u);
  assert.doesNotMatch(await pageOf({ ...threeMessengers(), jobs: [] }), /id="times-caption"/u);
});

test("110 criteria × 10 candidates give a page with every result", async () => {
  const page = await pageOf(largeRun(110, 10));
  assert.equal(page.match(/<details class="result">/gu)?.length, 1100);
});

test("methods of XMPP that nobody exercised stand beside the measured ones as not tested, with the reason", async () => {
  const page = await pageOf(threeMessengers());
  const table = page.slice(
    page.indexOf('id="methods-caption"'),
    page.indexOf("</table>", page.indexOf('id="methods-caption"')),
  );
  const rows = table.split("<tr>").slice(2);
  assert.ok(rows.length >= 1, "the fixture has rows of the table");
  for (const row of rows) assert.equal(row.match(/<td><span class="v not-tested">/g)?.length, 2);
  for (const name of ["OX (XEP-0373, XEP-0374): ", "OTR (XEP-0364): "]) assert.ok(page.includes(name), name);
});
