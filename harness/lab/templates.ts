import { readFile } from "node:fs/promises";
import { join } from "node:path";
import Handlebars from "handlebars";
import type { Candidate, ConfigName } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";

/** What a template of a candidate may name; `variables` of the configuration stand beside these at the top level. */
export interface TemplateFacts {
  readonly server: string;
  readonly domain: string;
  /** Short names, e.g. "conference". */
  readonly subdomains: readonly string[];
  readonly secrets: Readonly<Record<string, string>>;
  readonly config: ConfigName;
  /** Domains this server may federate with; undefined: the configuration decides. */
  readonly federationAllow: readonly string[] | undefined;
  readonly certs: { readonly chain: string; readonly key: string; readonly ca: string };
}

/** Where containers find their certificate. */
export const certificatePaths = { chain: "/certs/fullchain.pem", key: "/certs/key.pem", ca: "/certs/ca.pem" } as const;

const bars = Handlebars.create();
bars.registerHelper("json", (value: unknown) => JSON.stringify(value));
// An empty list is false for `if`, but "may federate with nobody" is not "nothing was said".
bars.registerHelper("given", (value: unknown) => value !== undefined && value !== null);
bars.registerHelper("eq", (left: unknown, right: unknown) => left === right);

/** Fills a template. Unknown names are errors: a misspelt option would otherwise vanish from the configuration. */
export function render(
  source: string,
  where: string,
  facts: TemplateFacts & Readonly<Record<string, unknown>>,
): string {
  try {
    return bars.compile(source, { noEscape: true, strict: true })(facts);
  } catch (cause) {
    throw new HarnessError("bad-input", `expected the template ${where} to render, got: ${(cause as Error).message}`, {
      cause,
    });
  }
}

const shared = join(import.meta.dirname, "..", "candidates", "shared");

/** `../shared/…` is the bench's own folder for every candidate, also for one that lies outside of the repository. */
function templatePath({ folder }: Pick<Candidate, "folder">, template: string): string {
  return template.startsWith("../shared/") ? join(shared, template.slice("../shared/".length)) : join(folder, template);
}

export function readTemplate(candidate: Candidate, template: string): Promise<string> {
  return readFile(templatePath(candidate, template), "utf8");
}

/** Names in `secrets.<name>` of all given sources, sorted: the lab generates exactly these. */
export function secretNames(sources: readonly string[]): readonly string[] {
  const names = sources.flatMap((source) =>
    [...source.matchAll(/\bsecrets\.([A-Za-z0-9_]+)/g)].map((match) => match[1] ?? ""),
  );
  return [...new Set(names)].toSorted();
}
