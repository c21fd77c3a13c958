// Every format a run is reported in. A new one is one folder and one line here.
import type { Renderer } from "../harness/model/result.ts";
import { html } from "./html/index.ts";
import { json } from "./json/index.ts";
import { junit } from "./junit/index.ts";
import { matrixCsv } from "./matrix-csv/index.ts";
import { summaryMd } from "./summary-md/index.ts";

export const renderers: readonly Renderer[] = [html, json, junit, matrixCsv, summaryMd];
