// The page in a real browser: readable without script, nothing loaded, nothing hostile runs, accessible in both themes.
import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

// oxlint-disable-next-line no-restricted-imports -- the drivers own the browser for sessions; here it only reads a file
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

import { withDossiers } from "../../fixtures/runs/attested.ts";
import { hostile } from "../../fixtures/runs/hostile.ts";
import { largeRun } from "../../fixtures/runs/large.ts";
import { priced } from "../../fixtures/runs/priced.ts";
import { threeMessengers } from "../../fixtures/runs/three-messengers.ts";
import type { ReportInput } from "../../harness/model/result.ts";
import { verdictTitles } from "../../harness/model/verdict.ts";
import { html } from "./index.ts";

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** A row of each verdict and reservation: axe needs minutes for several hundred cells of the same template. */
function fewRows(): ReportInput {
  const input = threeMessengers();
  const kept = new Set(["T-01", "T-05", "E-03", "E-12", "E-13", "F-02", "F-08", "I-08", "D-03", "D-07"]);
  const criteria = input.result.criteria.filter((row) => kept.has(row.id));
  const verdicts = input.result.verdicts.filter((record) => kept.has(record.criterion));
  const proofs = (input.proofs ?? []).filter((proof) => kept.has(proof.criterion));
  return { ...input, proofs, result: { ...input.result, criteria, verdicts } };
}

/** Cells of the full report that keep their measured values; a browser's checker needs milliseconds for each element. */
const keptInFull = 12;

/** The whole catalogue, three products, prices and closed products, but most results without their tables of values. */
function fullReport(): ReportInput {
  const large = largeRun(110, 3);
  const { award, sensitivity } = priced().result;
  const renamed = JSON.parse(
    JSON.stringify({ award, sensitivity }).replaceAll(
      /"(synapse|prosody|ejabberd)"/gu,
      (_, id: string) => `"candidate-${["synapse", "prosody", "ejabberd"].indexOf(id)}"`,
    ),
  ) as Pick<ReportInput["result"], "award" | "sensitivity">;
  const verdicts = large.result.verdicts.map((record, index) =>
    index < keptInFull ? record : { ...record, conditions: [], measurements: [], evidence: [] },
  );
  // Charts of both configurations carry the same labels; their regions must still be told apart.
  const charts = large.charts.flatMap((chart) => [chart, { ...chart, config: "default" as const }]);
  return { ...large, charts, result: { ...large.result, ...renamed, ...attestedBeside(), verdicts } };
}

/** Documents about two closed products, if the stored runs have any. */
const attestedBeside = (): Partial<ReportInput["result"]> => {
  const { attested } = withDossiers().result;
  return attested === undefined ? {} : { attested };
};

/** A group without a single tested row has words where others have a figure. */
function nobodyTestedTransport(): ReportInput {
  const input = threeMessengers();
  const verdicts = input.result.verdicts.map((one) =>
    one.criterion.startsWith("T-") ? { ...one, verdict: "not-tested" as const, points: null } : one,
  );
  return { ...input, result: { ...input.result, verdicts } };
}

let folder: string;
let browser: Browser;
const urls: Record<string, string> = {};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "pruefstand-report-"));
  for (const [name, input] of Object.entries({
    plain: threeMessengers(),
    few: fewRows(),
    full: fullReport(),
    hostile: hostile(),
    untested: nobodyTestedTransport(),
  })) {
    for await (const file of html.render(input)) await writeFile(join(folder, `${name}.html`), file.content);
    urls[name] = pathToFileURL(join(folder, `${name}.html`)).href;
  }
  const executablePath = process.env["PRUEFSTAND_CHROMIUM"] ?? "/usr/bin/chromium";
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  browser = await chromium.launch({ executablePath, args });
});

after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

async function onPage(
  name: string,
  options: BrowserContextOptions,
  look: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  try {
    await page.goto(urls[name] ?? "about:blank");
    await look(page);
  } finally {
    await context.close();
  }
}

/** Words in the cells that count, as shown. */
async function shownWords(page: Page): Promise<string[]> {
  return page
    .locator("table.matrix a.v:visible")
    .evaluateAll((cells) => cells.map((cell) => (cell as HTMLElement).innerText.trim()));
}

const expectedWords = (language: "de" | "en"): string[] => {
  const { result } = threeMessengers();
  const rows = [
    ...result.criteria.filter((row) => row.type === "A"),
    ...result.groups.flatMap((group) => result.criteria.filter((row) => row.type === "B" && row.group === group.id)),
  ];
  return rows.flatMap((row) =>
    result.run.candidates.map((candidate) => {
      const record = result.verdicts.find(
        (item) => item.decides && item.criterion === row.id && item.candidate === candidate.id,
      );
      return verdictTitles[record?.verdict ?? "not-tested"][language];
    }),
  );
};

test("without script every verdict, the filter, the columns and both languages work", async () => {
  await onPage("plain", { javaScriptEnabled: false }, async (page) => {
    assert.deepEqual(await shownWords(page), expectedWords("de"));
    await page.locator("label[for=language-en]").click();
    assert.deepEqual(await shownWords(page), expectedWords("en"));
    await page.locator("#rows-failed").check();
    const failed = await page.locator("tr[data-row]:visible").count();
    assert.equal(failed, await page.locator('tr[data-failed="1"]').count());
    assert.ok(failed > 0 && failed < threeMessengers().result.criteria.length);
    await page.locator("#column-1").uncheck();
    assert.equal(await page.locator("table.matrix .column-1:visible").count(), 0);
    assert.ok((await page.locator("table.matrix .column-2:visible").count()) > 0);
  });
});

test("a copied folder is readable without network and without script, to its last result", async () => {
  const copy = await mkdtemp(join(tmpdir(), "pruefstand-stick-"));
  try {
    await mkdir(join(copy, "report"));
    await copyFile(join(folder, "plain.html"), join(copy, "report", "index.html"));
    urls["copied"] = pathToFileURL(join(copy, "report", "index.html")).href;
    await onPage("copied", { javaScriptEnabled: false, offline: true }, async (page) => {
      for (const language of ["de", "en"] as const) {
        await page.locator(`label[for=language-${language}]`).click();
        const results = page.locator("details.result");
        for (const place of [results.first(), results.last()]) {
          if (!(await place.locator(".body").isVisible())) await place.locator("summary").click();
          assert.match(await place.locator(".body").innerText(), /\.\/pruefstand run --candidate/u);
        }
      }
    });
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
});

test("with script the search narrows matrix and reasons and says how many rows are left", async () => {
  await onPage("plain", {}, async (page) => {
    await page.getByLabel("Suche in Kriterien und Begründungen").fill("Selbstregistrierung");
    await page.getByText("1 von 26 Kriterien angezeigt").waitFor();
    assert.equal(await page.locator("tr[data-row]:visible").count(), 1);
    assert.equal(await page.locator("section[data-criterion]:visible").count(), 1);
  });
});

test("no word beside a bar is cut off", async () => {
  await onPage("untested", {}, async (page) => {
    await page.locator(".panel svg text.figure:visible", { hasText: "nicht geprüft" }).first().waitFor();
    const widths = await page
      .locator(".panel svg")
      .evaluateAll((panels) =>
        panels.flatMap((panel) =>
          [...panel.querySelectorAll<SVGTextElement>("text")].map(
            (text) => panel.getBoundingClientRect().right - text.getBoundingClientRect().right,
          ),
        ),
      );
    assert.ok(widths.length > 10);
    assert.ok(Math.min(...widths) >= 0, `${Math.min(...widths)} px`);
  });
});

test("a cell leads to its opened reason", async () => {
  await onPage("plain", {}, async (page) => {
    await page.locator('a.v[href="#r-F-08-ejabberd"]').click();
    await page.locator("#r-F-08-ejabberd").waitFor({ state: "visible" });
    const text = await page.locator("#r-F-08-ejabberd").innerText();
    assert.match(text, /Instabil: Die Wiederholungen ergaben erfüllt, teilweise, erfüllt\./u);
    assert.match(text, /\.\/pruefstand run --candidate ejabberd --only F-08 --seed 20261123/u);
  });
});

test("language switch, filter, columns, search and matrix are reached with the keyboard", async () => {
  await onPage("plain", {}, async (page) => {
    const reached = new Set<string>();
    for (let presses = 0; presses < 60 && !reached.has("scored-caption"); presses += 1) {
      await page.keyboard.press("Tab");
      reached.add(
        await page.evaluate(
          () => document.activeElement?.id || document.activeElement?.getAttribute("aria-labelledby") || "",
        ),
      );
    }
    for (const id of ["language-de", "rows-all", "column-0", "column-1", "search", "required-caption"]) {
      assert.ok(reached.has(id), `Tab should reach ${id}, reached ${[...reached].join(" ")}`);
    }
    await page.locator("#language-de").focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
  });
});

test("the page asks for nothing from anywhere, and hostile text runs nothing", async () => {
  for (const name of ["plain", "hostile"]) {
    await onPage(name, {}, async (page) => {
      const asked: string[] = [];
      const complaints: string[] = [];
      page.on("request", (request) => asked.push(request.url().slice(0, 100)));
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(error.message));
      await page.reload({ waitUntil: "load" });
      assert.deepEqual(asked, [urls[name]]);
      assert.deepEqual(complaints, []);
      assert.equal(await page.evaluate(() => "pwned" in window), false);
      assert.equal(await page.locator("script, img, iframe, object, embed, [onload], [onerror]").count(), 1);
      const links = await page.locator("a").evaluateAll((all) => all.map((link) => link.getAttribute("href") ?? ""));
      assert.deepEqual(
        links.filter((link) => !/^#[\w-]+$|^\.\.\/evidence\/[\w%./-]+$/u.test(link)),
        [],
      );
    });
  }
});

test("nothing is wider than a screen of 400 pixels", async () => {
  for (const name of ["plain", "hostile"]) {
    await onPage(name, { viewport: { width: 400, height: 800 } }, async (page) => {
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 400);
    });
  }
});

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
  readonly passes: readonly unknown[];
}

async function axeFindings(page: Page, rules?: readonly string[]): Promise<AxeResult> {
  await page.evaluate(axeSource);
  return page.evaluate(async (only): Promise<AxeResult> => {
    const checker = (globalThis as unknown as { axe: { run(options: object): Promise<AxeResult> } }).axe;
    return checker.run({ resultTypes: ["violations"], ...(only && { runOnly: only }) });
  }, rules);
}

/** Takes out what is not shown and so not checked either, the other language and closed results: axe looks at each node. */
async function dropHidden(page: Page, language: "de" | "en"): Promise<void> {
  await page.evaluate((other) => {
    for (const node of document.querySelectorAll(`span[lang=${other}], tspan[lang=${other}]`)) node.remove();
    for (const node of document.querySelectorAll("details:not([open]) > :not(summary)")) node.remove();
  }, language);
}

const violationsOf = (result: AxeResult): string[] =>
  result.violations.map((item) => `${item.id}: ${item.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);

for (const [colorScheme, width, language] of [
  ["light", 1280, "de"],
  ["dark", 1280, "en"],
  ["light", 400, "en"],
  ["dark", 400, "de"],
] as const) {
  test(`axe finds nothing: ${colorScheme}, ${width} px, ${language}`, async () => {
    // The page's own policy would refuse the checker's script.
    await onPage("few", { colorScheme, viewport: { width, height: 900 }, bypassCSP: true }, async (page) => {
      await page.locator(`label[for=language-${language}]`).click();
      // One of each kind is opened: several hundred opened results only repeat the same template.
      await page.locator("details.result, .chart details, details.diff").evaluateAll((all) => {
        for (const kind of ["result", "diff", ""]) {
          const first = all.find((details) => details.className === kind);
          if (first) (first as HTMLDetailsElement).open = true;
        }
      });
      const result = await axeFindings(page);
      assert.ok(result.passes.length > 20, "axe should have checked something");
      assert.deepEqual(violationsOf(result), []);
    });
  });
}

// Language and theme each once with every rule; their other pairings differ in nothing that a rule reads but colours.
for (const [colorScheme, language, rules] of [
  ["light", "de", undefined],
  ["dark", "en", undefined],
  ["light", "en", ["color-contrast"]],
  ["dark", "de", ["color-contrast"]],
] as const) {
  test(`axe finds nothing in a report of 110 rows with prices: ${colorScheme}, ${language}`, async () => {
    await onPage("full", { colorScheme, bypassCSP: true }, async (page) => {
      page.setDefaultTimeout(300_000);
      assert.equal(await page.locator("tr[data-row]").count(), 110);
      assert.equal(await page.locator("#award-caption").count(), 1);
      await page.locator(`label[for=language-${language}]`).click();
      await dropHidden(page, language === "de" ? "en" : "de");
      const result = await axeFindings(page, rules);
      assert.ok(result.passes.length > (rules ? 0 : 20), "axe should have checked something");
      assert.deepEqual(violationsOf(result), []);
    });
  });
}
