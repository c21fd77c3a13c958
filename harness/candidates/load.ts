import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Candidate } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import { openToForeign } from "./foreign.ts";

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
