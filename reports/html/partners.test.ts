import assert from "node:assert/strict";
import { test } from "node:test";

import { threeMessengers } from "../../fixtures/runs/three-messengers.ts";
import type { PartnerVerdict, ReportInput } from "../../harness/model/result.ts";
import { html } from "./index.ts";

async function pageOf(input: ReportInput): Promise<string> {
  let page = "";
  for await (const file of html.render(input)) page = String(file.content);
  return page;
}

const pair = (partner: string, more: Partial<PartnerVerdict> = {}): PartnerVerdict => ({
  partner,
  decides: true,
  verdict: "met",
  points: 10,
  reason: { code: "threshold-held", text: { de: "gut", en: "good" } },
  measurements: [
    { id: "interop.messages-delivered", config: "hardened", value: 20, total: 20, role: "rule" },
    { id: "interop.delivery-time-max", config: "hardened", value: 0.5, unit: "s", role: "rule" },
  ],
  evidence: [],
  ...more,
});

/** The example run, with what one of its records says about partners. */
function withPartners(partners: readonly PartnerVerdict[]): ReportInput {
  const input = threeMessengers();
  const first = input.result.verdicts.find(({ candidate, decides }) => candidate === "prosody" && decides);
  const verdicts = input.result.verdicts.map((verdict) => (verdict === first ? { ...verdict, partners } : verdict));
  return { ...input, result: { ...input.result, verdicts } };
}

const gridOf = (page: string): string =>
  page.slice(page.indexOf('id="partners-xmpp"'), page.indexOf("</table>", page.indexOf('id="partners-xmpp"')));

test("a pair stands in the grid from both sides, with its figures in both languages", async () => {
  const grid = gridOf(await pageOf(withPartners([pair("ejabberd")])));
  assert.equal(grid.match(/20 von 20 zugestellt/gu)?.length, 2);
  assert.equal(grid.match(/20 of 20 delivered/gu)?.length, 2);
  assert.match(grid, /längste Zustellung 0,5 s/u);
  assert.equal(grid.match(/class="v met"/gu)?.length, 2);
  assert.equal(grid.match(/dasselbe Produkt/gu)?.length, 2);
});

test("a pair that gave no figures shows its word alone, errors are counted", async () => {
  const broken = pair("ejabberd", { verdict: "inconclusive", points: null, measurements: [] });
  const grid = gridOf(await pageOf(withPartners([broken])));
  assert.match(grid, /class="v inconclusive"/u);
  assert.doesNotMatch(grid, /zugestellt/u);
  const errors = [
    { id: "version-skew.messages-delivered", config: "hardened", value: 20, total: 20, role: "rule" },
    { id: "version-skew.errors", config: "hardened", value: 2, role: "rule" },
  ] as const;
  assert.match(gridOf(await pageOf(withPartners([pair("ejabberd", { measurements: errors })]))), /2 errors/u);
});

test("a run without pairs has no grid", async () => {
  assert.doesNotMatch(await pageOf(threeMessengers()), /id="partners/u);
});
