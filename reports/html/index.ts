// The report a person reads: one self-contained page, German first, that needs neither network nor script.
import { createHash } from "node:crypto";

import type { OutputFile, Renderer, ReportInput } from "../../harness/model/result.ts";
import { cleanDeep } from "../text/clean.ts";
import { formatDate } from "../text/format.ts";
import { word } from "../text/words.ts";
import { annexView } from "./annex-view.ts";
import { attestedProducts, attestedView } from "./attested-view.ts";
import { openBook, type Book } from "./book.ts";
import { chartsView } from "./charts.ts";
import { matrixView } from "./matrix-view.ts";
import { productsView } from "./products-view.ts";
import { reasonsView } from "./reasons-view.ts";
import { asset, renderPage } from "./render.ts";
import { summaryView } from "./summary-view.ts";

const cspHash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Columns are chosen without script: one rule per product hides its cells when its box is not ticked. */
function columnRules(count: number): string {
  return Array.from(
    { length: count },
    (_, index) => `:root:has(#column-${index}:not(:checked)) .column-${index}{display:none}`,
  ).join("\n");
}

function pageView(book: Book) {
  const { run } = book.result;
  const style = `${asset("report.css")}\n${columnRules(book.candidates.length + attestedProducts(book).length)}\n`;
  const script = asset("report.js");
  return {
    // Nothing may be loaded or run but the one style sheet and the one script of this page.
    policy: `default-src 'none'; style-src ${cspHash(style)}; script-src ${cspHash(script)}; base-uri 'none'; form-action 'none'`,
    style,
    script,
    title: word("title"),
    run: { id: run.id, profile: book.result.profile, date: formatDate(run.startedAt) },
    version: run.harness.version,
    shownText: word("shown", { shown: "{shown}", all: book.result.criteria.length }),
    summary: summaryView(book),
    attested: attestedView(book),
    matrix: matrixView(book),
    reasons: reasonsView(book),
    charts: chartsView(book),
    products: productsView(book),
    annex: annexView(book),
  };
}

/** index.html in German and English. */
export const html: Renderer = {
  format: "html",
  *render(input: ReportInput): Iterable<OutputFile> {
    yield { path: "index.html", content: renderPage(pageView(openBook(cleanDeep(input)))) };
  },
};
