import { existsSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { descriptorProblems } from "../contract/index.ts";
import type { Candidate } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import { unknownName } from "../model/nearest.ts";
import { projectRoot } from "./paths.ts";

/** The folder of the bench's own candidates. */
export const candidateFolder = join(projectRoot, "harness", "candidates");
const sharedFolder = join(candidateFolder, "shared");

/** A path and not an id: ids hold no slash. */
const isPath = (name: string): boolean => isAbsolute(name) || name.includes("/") || name.startsWith(".");

/** Throws `bad-input` with all mistakes of a descriptor at once. */
function requireUsable(candidate: Candidate, where: string): Candidate {
  const problems = descriptorProblems(candidate, sharedFolder);
  if (problems.length === 0) return candidate;
  const lines = problems.map(({ place, expected, got }) => `${place}: expected ${expected}, got ${got}`);
  const count = problems.length === 1 ? "1 mistake" : `${problems.length} mistakes`;
  throw new HarnessError("bad-input", [`${count} in the descriptor of ${where}:`, ...lines].join("\n"), {
    hint: "harness/model/candidate.ts says what each field means; docs/recipes/add-a-candidate.md shows a working one.",
    context: { problems },
  });
}

/** The candidate in a folder, its descriptor checked. Its candidate.ts is code and runs as you: load only what you trust. */
export async function candidateAt(path: string): Promise<Candidate> {
  const folder = resolve(path);
  if (!existsSync(folder))
    throw new HarnessError("bad-input", `Expected a candidate's folder, but there is no ${path}.`);
  const { loadCandidate } = await import("../candidates/load.ts");
  return requireUsable(await loadCandidate(folder), path);
}

/** A candidate by its id or by its folder. Throws `bad-input` with the nearest name, or with all mistakes of the descriptor. */
export async function candidateNamed(name: string): Promise<Candidate> {
  if (isPath(name)) return candidateAt(name);
  const { candidates } = await import("../candidates/registry.ts");
  const found = candidates.find(({ id }) => id === name.toLowerCase());
  if (found !== undefined) return requireUsable(found, found.id);
  if (existsSync(join(name, "candidate.ts"))) return candidateAt(name);
  throw unknownName(
    "candidate",
    name,
    candidates.map(({ id }) => id),
  );
}

/** Candidates of the bench and those in folders that were named, with the ids of all that were named. */
export interface NamedCandidates {
  readonly candidates: readonly Candidate[];
  readonly ids: readonly string[];
}

/** Loads the folders among the names. Throws `bad-input` if one has the id of another candidate. */
export async function withFolders(known: readonly Candidate[], names: readonly string[]): Promise<NamedCandidates> {
  const candidates = [...known];
  const ids: string[] = [];
  for (const name of names) {
    if (!isPath(name)) {
      ids.push(name);
      continue;
    }
    const candidate = await candidateAt(name);
    const same = candidates.find(({ id }) => id === candidate.id);
    if (same !== undefined && same.folder !== candidate.folder) {
      throw new HarnessError(
        "bad-input",
        `Expected an id of its own for the candidate in ${name}, got "${candidate.id}".`,
        {
          hint: `The bench has a candidate with this id already (${same.title}); change \`id\` in candidate.ts.`,
        },
      );
    }
    if (same === undefined) candidates.push(candidate);
    ids.push(candidate.id);
  }
  return { candidates, ids };
}
