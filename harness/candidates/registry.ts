import { readdirSync, existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Candidate } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import { openToForeign } from "./foreign.ts";

const defaultOrder = 100;

/** Every folder here that holds a candidate.ts, in report order. A new candidate needs its folder and nothing else. */
export const candidates: readonly Candidate[] = (
  await Promise.all(candidateFolders(import.meta.dirname).map(loadCandidate))
).toSorted(inReportOrder);

/** Loads `candidate.ts` of a folder, also of one outside of the repository. Throws `bad-input` if it exports no candidate. */
export async function loadCandidate(folder: string): Promise<Candidate> {
  const file = join(folder, "candidate.ts");
  if (!existsSync(file)) throw new HarnessError("bad-input", `expected a candidate.ts in ${folder}, found none`);
  openToForeign();
  const module = await importCandidate(file);
  if (module.candidate === undefined) {
    throw new HarnessError(
      "bad-input",
      `expected ${file} to export "candidate", got ${Object.keys(module).join(", ") || "nothing"}`,
    );
  }
  return module.candidate;
}

/** A mistake in the file is its author's: said with its place, not as a fault of the bench. */
async function importCandidate(file: string): Promise<{ readonly candidate?: Candidate }> {
  try {
    return (await import(pathToFileURL(file).href)) as { readonly candidate?: Candidate };
  } catch (cause) {
    const problem = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new HarnessError("bad-input", `expected ${file} to load, got ${problem}`, {
      cause,
      hint: "Types are stripped, not checked: no enum, no parameter properties, imports with their .ts ending, `import type` for types.",
    });
  }
}

function candidateFolders(root: string): readonly string[] {
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map((entry) => join(root, entry.name)).filter((folder) => existsSync(join(folder, "candidate.ts")));
}

function inReportOrder(left: Candidate, right: Candidate): number {
  const byOrder = (left.order ?? defaultOrder) - (right.order ?? defaultOrder);
  return byOrder === 0 ? left.title.localeCompare(right.title, "en") : byOrder;
}
