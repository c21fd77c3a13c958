// The report on paper: the same content as the HTML, in German, without evidence lists. A browser sets the pages.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { OutputFile, PagePrinter, Renderer, ReportInput } from "../../harness/model/result.ts";
import { annexView } from "../html/annex-view.ts";
import { attestedView } from "../html/attested-view.ts";
import { openBook, type Book } from "../html/book.ts";
import { chartsView } from "../html/charts.ts";
import { matrixView } from "../html/matrix-view.ts";
import { productsView } from "../html/products-view.ts";
import { reasonsView } from "../html/reasons-view.ts";
import { pageOf } from "../html/render.ts";
import { summaryView } from "../html/summary-view.ts";
import { cleanDeep } from "../text/clean.ts";
import { formatDate, formatNumber } from "../text/format.ts";
import { word } from "../text/words.ts";
import { fixDates } from "./fixed-dates.ts";

const folder = join(import.meta.dirname, "templates");
const renderSheets = pageOf("print", "de", [folder]);
/** Letters after which a line of the first page is cut, and lines per product; all of it follows on later pages. */
const brief = { letters: 150, rows: 3 } as const;

/** A text cut at a word. */
function cut(text: string): string {
  if (text.length <= brief.letters) return text;
  const start = text.slice(0, brief.letters);
  return `${start.slice(0, Math.max(start.lastIndexOf(" "), brief.letters / 2))} …`;
}

/** The first page has room for a few short lines per product; the opening sentence names those without any. */
function briefSummary(book: Book) {
  const { exclusions, ...rest } = summaryView(book);
  const products = exclusions.products
    .filter(({ rows, untested }) => rows.length > 0 || untested.length > 0)
    .map(({ rows, ...product }) => ({
      ...product,
      rows: rows
        .slice(0, brief.rows)
        .map((row) => ({ ...row, reason: { de: cut(row.reason.de), en: cut(row.reason.en) } })),
      more: rows
        .slice(brief.rows)
        .map(({ id }) => id)
        .join(", "),
    }));
  return { ...rest, max: formatNumber(book.gp * 10), exclusions: { ...exclusions, products } };
}

/** Says once what is the same in both configurations, and nothing about the grade of what was not tested. */
function briefReasons(book: Book) {
  return reasonsView(book).map((group) => ({
    ...group,
    criteria: group.criteria.map((criterion) => ({
      ...criterion,
      results: criterion.results.map((result) => ({
        ...result,
        parts: result.parts.map((part, index, [first]) => ({
          ...part,
          graded: part.word !== "not-tested",
          same: index > 0 && part.word === first?.word && part.reason.de === first.reason.de,
        })),
      })),
    })),
  }));
}

function sheetsView(book: Book) {
  const { run, profile } = book.result;
  return {
    style: readFileSync(join(folder, "print.css"), "utf8"),
    title: word("title"),
    run: { id: run.id, profile, date: formatDate(run.startedAt) },
    summary: briefSummary(book),
    matrix: matrixView(book),
    reasons: briefReasons(book),
    charts: chartsView(book),
    products: productsView(book),
    attested: attestedView(book),
    annex: annexView(book),
  };
}

/** The page that becomes the PDF; for tests too. */
export const sheets = (input: ReportInput): string => renderSheets(sheetsView(openBook(cleanDeep(input))));

/** report.pdf: tagged, with bookmarks and page numbers. Fails as the printer fails; the other reports do not need it. */
export const pdf = (printer: PagePrinter): Renderer => ({
  format: "pdf",
  async *render(input: ReportInput): AsyncIterable<OutputFile> {
    const { run } = input.result;
    const printed = await printer.print({
      html: sheets(input),
      header: `${word("title").de} – ${run.id}`,
      pageOfPages: word("pageOfPages", { page: "{page}", pages: "{pages}" }).de,
    });
    yield { path: "report.pdf", content: fixDates(printed, run.startedAt) };
  },
});
