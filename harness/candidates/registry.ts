import { readdirSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { Candidate } from "../model/candidate.ts";
import { loadCandidate } from "./load.ts";

const defaultOrder = 100;

/** Every folder here that holds a candidate.ts, in report order. A new candidate needs its folder and nothing else. */
export const candidates: readonly Candidate[] = (
  await Promise.all(candidateFolders(import.meta.dirname).map(loadCandidate))
).toSorted(inReportOrder);

function candidateFolders(root: string): readonly string[] {
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map((entry) => join(root, entry.name)).filter((folder) => existsSync(join(folder, "candidate.ts")));
}

function inReportOrder(left: Candidate, right: Candidate): number {
  const byOrder = (left.order ?? defaultOrder) - (right.order ?? defaultOrder);
  return byOrder === 0 ? left.title.localeCompare(right.title, "en") : byOrder;
}
