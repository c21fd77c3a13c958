import { mkdir } from "node:fs/promises";
import { join } from "node:path";

/** The repository's folder. */
export const projectRoot = join(import.meta.dirname, "..", "..");

/** `.cache/<name>` of the repository, created if needed: what may be deleted at any time. */
export async function cacheFolder(name: string): Promise<string> {
  const folder = join(projectRoot, ".cache", name);
  await mkdir(folder, { recursive: true });
  return folder;
}
