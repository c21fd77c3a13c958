// Fills the templates. The only importer of handlebars in the reports.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import Handlebars from "handlebars";

import type { Localized } from "../../harness/model/text.ts";
import { word } from "../text/words.ts";

const folder = join(import.meta.dirname, "templates");
const escape = (text: string): string => Handlebars.escapeExpression(text);

/** Both languages side by side; the style sheet shows one. A text that is the same in both stands once. */
function spans(text: Localized): string {
  if (text.de === text.en) return escape(text.de);
  return `<span lang="de">${escape(text.de)}</span><span lang="en">${escape(text.en)}</span>`;
}

/** The same inside SVG text. */
function tspans(text: Localized): string {
  if (text.de === text.en) return escape(text.de);
  return `<tspan lang="de">${escape(text.de)}</tspan><tspan lang="en">${escape(text.en)}</tspan>`;
}

interface HelperOptions {
  readonly hash: Readonly<Record<string, string | number | Localized>>;
}

function handlebarsWithParts(): typeof Handlebars {
  const instance = Handlebars.create();
  instance.registerHelper("l", (text: Localized) => new Handlebars.SafeString(spans(text)));
  instance.registerHelper("t", (text: Localized) => new Handlebars.SafeString(tspans(text)));
  instance.registerHelper(
    "w",
    (key: string, { hash }: HelperOptions) => new Handlebars.SafeString(spans(word(key, hash))),
  );
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith(".hbs"))
    .toSorted()) {
    instance.registerPartial(file.slice(0, -".hbs".length), readFileSync(join(folder, file), "utf8"));
  }
  return instance;
}

// strict: a field that a view does not have is an error, not an empty place in the report.
const options = {
  strict: true,
  preventIndent: true,
  knownHelpers: { l: true, t: true, w: true },
  knownHelpersOnly: true,
} as const;
let page: Handlebars.TemplateDelegate | undefined;

/** The whole page. Compiled once per process. */
export function renderPage(view: object): string {
  page ??= handlebarsWithParts().compile("{{> page}}", options);
  return page(view);
}

/** A style sheet or script of the page, as a text. */
export function asset(name: "report.css" | "report.js"): string {
  return readFileSync(join(folder, name), "utf8");
}
