import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { HarnessError } from "../model/errors.ts";
import type { Scenario } from "../model/scenario.ts";

/** A scenario and where it stands. */
export interface FoundScenario {
  readonly scenario: Scenario;
  /** File name without ending, e.g. "two-authorities"; usable on the command line. */
  readonly slug: string;
  readonly path: string;
  /** Hash of the file and of everything it imports from the scenarios' folder. */
  readonly sourceHash: string;
}

const importPattern = /(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/gu;

/** The file and its relative imports below the scenarios' folder, in the order of their paths. */
async function sourcesOf(file: string, root: string, seen: Set<string>): Promise<void> {
  if (seen.has(file) || relative(root, file).startsWith("..")) return;
  seen.add(file);
  const text = await readFile(file, "utf8");
  for (const match of text.matchAll(importPattern)) {
    await sourcesOf(resolve(dirname(file), match[1] as string), root, seen);
  }
}

async function hashSources(file: string, root: string): Promise<string> {
  const seen = new Set<string>();
  await sourcesOf(file, root, seen);
  const hash = createHash("sha256");
  for (const path of [...seen].toSorted()) hash.update(relative(root, path)).update(await readFile(path));
  return hash.digest("hex");
}

function isScenario(value: unknown): value is Scenario {
  const candidate = value as Partial<Scenario> | null;
  return (
    typeof candidate === "object" && candidate !== null && typeof candidate.id === "string" && "verifies" in candidate
  );
}

async function scenarioFiles(root: string): Promise<readonly string[]> {
  const areas = await readdir(root, { withFileTypes: true }).catch(() => []);
  const files: string[] = [];
  for (const area of areas.filter((entry) => entry.isDirectory())) {
    for (const name of await readdir(join(root, area.name))) {
      if (name.endsWith(".ts") && !name.endsWith(".test.ts")) files.push(join(root, area.name, name));
    }
  }
  return files.toSorted();
}

/** Numeric order of "SZ-2", "SZ-16". */
export const byId = (left: { readonly id: string }, right: { readonly id: string }): number =>
  left.id.localeCompare(right.id, "en", { numeric: true });

function refuseTwins(found: readonly FoundScenario[]): void {
  for (const [index, { scenario, path }] of found.entries()) {
    const twin = found.slice(index + 1).find((other) => other.scenario.id === scenario.id);
    if (twin === undefined) continue;
    throw new HarnessError(
      "harness-fault",
      `${scenario.id} is the id of ${basename(path)} and of ${basename(twin.path)}.`,
    );
  }
}

/**
 * Imports every file `scenarios/<area>/<slug>.ts` that exports `scenario`; files without one are helpers.
 * Throws `harness-fault` when two scenarios have one id.
 */
export async function findScenarios(root: string): Promise<readonly FoundScenario[]> {
  const found: FoundScenario[] = [];
  for (const path of await scenarioFiles(root)) {
    const module = (await import(pathToFileURL(path).href)) as { readonly scenario?: unknown };
    if (!isScenario(module.scenario)) continue;
    const sourceHash = await hashSources(path, root);
    found.push({ scenario: module.scenario, slug: basename(path, ".ts"), path, sourceHash });
  }
  refuseTwins(found);
  return found.toSorted((left, right) => byId(left.scenario, right.scenario));
}
