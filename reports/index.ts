// Every format a run is reported in. A new one is one folder and one line here.
import type { Renderer } from "../harness/model/result.ts";
import { html } from "./html/index.ts";

export const renderers: readonly Renderer[] = [html];
