import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { HarnessError } from "../../model/errors.ts";
import type { PagePrinter, PrintJob } from "../../model/result.ts";
import { findChromium, startChromium } from "./chromium.ts";

/** Bound of one print; the whole catalogue with ten products takes a small part of it. */
const timeLimitMs = 180_000;

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Chromium fills elements of these classes with the page numbers; its own font size there is zero. */
const line = (content: string, side: "left" | "right"): string =>
  `<div style="width:100%;margin:0 16mm;font:8px Arial,sans-serif;color:#444;text-align:${side}">${content}</div>`;

function footer(words: string): string {
  const numbered = escaped(words)
    .replace("{page}", '<span class="pageNumber"></span>')
    .replace("{pages}", '<span class="totalPages"></span>');
  return line(numbered, "right");
}

async function printPage(browser: Browser, { html, header, pageOfPages }: PrintJob): Promise<Uint8Array> {
  // The page is text of candidates: no script runs, nothing is loaded.
  const context = await browser.newContext({ javaScriptEnabled: false, offline: true });
  const page = await context.newPage();
  await page.setContent(html, { waitUntil: "load", timeout: timeLimitMs });
  return page.pdf({
    preferCSSPageSize: true,
    tagged: true,
    outline: true,
    displayHeaderFooter: true,
    headerTemplate: line(escaped(header), "left"),
    footerTemplate: footer(pageOfPages),
  });
}

/** The promise, or `deadline` after the limit: Playwright's own printing knows no time-out. */
async function bounded<T>(work: Promise<T>, limitMs: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(
      new HarnessError("deadline", `Expected Chromium to print the report within ${limitMs / 1000} s, it did not.`, {
        hint: "Run ./pruefstand report <run> again when the machine is less busy.",
      }),
    );
  }, limitMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Prints with the distribution's Chromium, one process per page: nothing is left behind, whatever happens. */
export function createPagePrinter(limitMs: number = timeLimitMs): PagePrinter {
  return {
    async print(job) {
      const executablePath = findChromium();
      const home = await mkdtemp(join(tmpdir(), "pruefstand-print-"));
      try {
        const browser = await startChromium(executablePath, home);
        try {
          return await bounded(printPage(browser, job), limitMs);
        } finally {
          await browser.close();
        }
      } finally {
        await rm(home, { recursive: true, force: true, maxRetries: 3 });
      }
    },
  };
}
