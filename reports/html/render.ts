// Fills the templates. The only importer of handlebars in the reports.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

import Handlebars from "handlebars";

import type { Localized } from "../../harness/model/text.ts";
import { word } from "../text/words.ts";

const folder = join(import.meta.dirname, "templates");
const escape = (text: string): string => Handlebars.escapeExpression(text);

/** Both languages side by side, of which the style sheet shows one, or one language alone, as paper has it. */
export type Shown = "both" | keyof Localized;

/** A text in an element of its own; one that is the same in both languages stands once. */
const marked =
  (element: string, shown: Shown) =>
  (text: Localized): string => {
    if (shown !== "both") return escape(text[shown]);
    if (text.de === text.en) return escape(text.de);
    return `<${element} lang="de">${escape(text.de)}</${element}><${element} lang="en">${escape(text.en)}</${element}>`;
  };

interface HelperOptions {
  readonly hash: Readonly<Record<string, string | number | Localized>>;
}

function handlebarsWithParts(folders: readonly string[], shown: Shown): typeof Handlebars {
  const instance = Handlebars.create();
  const spans = marked("span", shown);
  const tspans = marked("tspan", shown);
  instance.registerHelper("l", (text: Localized) => new Handlebars.SafeString(spans(text)));
  instance.registerHelper("t", (text: Localized) => new Handlebars.SafeString(tspans(text)));
  instance.registerHelper(
    "w",
    (key: string, { hash }: HelperOptions) => new Handlebars.SafeString(spans(word(key, hash))),
  );
  const files = folders.flatMap((path) => readdirSync(path).map((name) => join(path, name))).toSorted();
  for (const path of files.filter((name) => name.endsWith(".hbs"))) {
    instance.registerPartial(basename(path, ".hbs"), readFileSync(path, "utf8"));
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

/** A page made of the templates of the HTML report and those of `folders`. Compiled once, when first filled. */
export function pageOf(name: string, shown: Shown, folders: readonly string[] = []): (view: object) => string {
  let page: Handlebars.TemplateDelegate | undefined;
  return (view) => {
    page ??= handlebarsWithParts([folder, ...folders], shown).compile(`{{> ${name}}}`, options);
    return page(view);
  };
}

/** The whole page of the HTML report. */
export const renderPage = pageOf("page", "both");

/** A style sheet or script of the page, as a text. */
export function asset(name: "report.css" | "report.js"): string {
  return readFileSync(join(folder, name), "utf8");
}
