// The document as a PDF tool sees it. poppler-utils is no part of the bench: the test installs it where it may.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { hostile } from "../../fixtures/runs/hostile.ts";
import { largeRun } from "../../fixtures/runs/large.ts";
import { priced } from "../../fixtures/runs/priced.ts";
import { createPagePrinter } from "../../harness/drivers/browser/printer.ts";
import { hasCode } from "../../harness/model/errors.ts";
import type { ReportInput } from "../../harness/model/result.ts";
import { findCommand, installPackages, runCommand } from "../../harness/setup/system.ts";
import { pdf } from "./index.ts";

let folder: string;

before(async () => {
  if ((await findCommand("pdfinfo")) === undefined) await installPackages(["poppler-utils"], () => {});
  folder = await mkdtemp(join(tmpdir(), "pruefstand-pdf-"));
});
after(() => rm(folder, { recursive: true, force: true }));

async function printed(name: string, input: ReportInput): Promise<string> {
  const path = join(folder, `${name}.pdf`);
  for await (const file of pdf(createPagePrinter()).render(input)) await writeFile(path, file.content);
  return path;
}

async function tool(...command: readonly [string, ...string[]]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand([...command], { timeoutMs: 60_000 });
  assert.equal(exitCode, 0, stderr);
  assert.equal(stderr, "", `${command[0]} complains about the document`);
  return stdout;
}

const words = (text: string): string => text.replaceAll(/\s+/gu, " ");

test("report.pdf has title, language, tags, bookmarks, page numbers, and its first page is the summary", async () => {
  const path = await printed("priced", priced());
  const info = await tool("pdfinfo", path);
  assert.match(info, /^Title: +Vergleichsbericht Messenger – /mu);
  assert.match(info, /^Tagged: +yes$/mu);
  assert.match(info, /^JavaScript: +no$/mu);
  const pages = Number(info.match(/^Pages: +(\d+)$/mu)?.[1]);
  assert.ok(pages > 10, `expected more than 10 pages, got ${pages}`);

  const raw = (await readFile(path)).toString("latin1");
  for (const key of [/\/Lang ?\(de\)/u, /\/MarkInfo/u, /\/StructTreeRoot/u, /\/Outlines/u]) assert.match(raw, key);
  const structure = await tool("pdfinfo", "-struct-text", path);
  for (const role of ["H1", "H2", "H3", "H4", "Table", "TH", "TD", "L", "P", "Figure"])
    assert.match(structure, new RegExp(`^ *${role}\\b`, "mu"), `no ${role} among the tags`);

  const first = words(await tool("pdftotext", "-f", "1", "-l", "1", "-layout", path, "-"));
  assert.match(first, /Synapse \(D-03\) ist ausgeschlossen\./u);
  assert.match(first, /Rangfolge .+ Zielerfüllungsgrad je Gruppe .+ Empfehlung .+ Über den Zuschlag entscheidet/u);
  assert.match(first, new RegExp(`Seite 1 von ${pages}`, "u"));
  const second = words(await tool("pdftotext", "-f", "2", "-l", "2", path, "-"));
  assert.match(second, /Einzelheiten zur Zusammenfassung/u);

  const outline = await tool("pdftohtml", "-xml", "-i", "-stdout", path);
  const marks = [...outline.matchAll(/<item page="(\d+)">([^<]+)<\/item>/gu)].map(([, page, text]) => [
    text,
    Number(page),
  ]);
  assert.deepEqual(marks[0], ["Vergleichsbericht Messenger", 1]);
  for (const text of ["Zusammenfassung", "Bewertungsmatrix", "Begründungen", "Produkte", "Anlagen"])
    assert.ok(
      marks.some(([mark]) => mark === text),
      `no bookmark ${text}`,
    );
  assert.ok(
    marks.some(([text]) => String(text).startsWith("D-03 ")),
    "no bookmark per criterion",
  );
});

test("equal input gives equal bytes, and no page is blank", async () => {
  const paths = [await printed("one", priced()), await printed("two", priced())];
  const [one, two] = await Promise.all(paths.map((path) => readFile(path)));
  assert.ok(one && two && one.equals(two));
  const text = await tool("pdftotext", paths[0] ?? "", "-");
  const sheets = text.split("\f").slice(0, -1);
  for (const [index, sheet] of sheets.entries()) assert.ok(words(sheet).length > 150, `page ${index + 1} is blank`);
});

test("hostile text neither breaks the document nor widens a page", async () => {
  const info = await tool("pdfinfo", await printed("hostile", hostile()));
  assert.match(info, /^Tagged: +yes$/mu);
  assert.match(info, /^Page size: +59\d.* x 84\d.* pts \(A4\)$/mu);
});

test("the whole catalogue with ten products is printed", async () => {
  const path = await printed("large", largeRun(110, 10));
  assert.ok(Number((await tool("pdfinfo", path)).match(/^Pages: +(\d+)$/mu)?.[1]) > 50);
});

test("a browser that is too slow is given up, with what to do", async () => {
  const printer = createPagePrinter(1);
  const job = { html: "<!doctype html><title>t</title><p>x", header: "h", pageOfPages: "{page}" };
  await assert.rejects(
    printer.print(job),
    (error) => hasCode(error, "deadline") && /report <run>/u.test(error.hint ?? ""),
  );
});
