// Every format a run is reported in. A new one is one folder and one line here.
import type { PagePrinter, Renderer } from "../harness/model/result.ts";
import { html } from "./html/index.ts";
import { json } from "./json/index.ts";
import { junit } from "./junit/index.ts";
import { matrixCsv } from "./matrix-csv/index.ts";
import { pdf } from "./pdf/index.ts";
import { summaryMd } from "./summary-md/index.ts";

/** Pure ones: a result in, bytes out. */
export const renderers: readonly Renderer[] = [html, json, junit, matrixCsv, summaryMd];

/** All of them, those included that need a browser to set pages; last, so that no other report waits for it. */
export const allRenderers = (printer: PagePrinter): readonly Renderer[] => [...renderers, pdf(printer)];
