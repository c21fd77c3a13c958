import { readdir, stat } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { HarnessError } from "../model/errors.ts";
import { unknownName } from "../model/nearest.ts";

/** The repository's folder. */
export const projectRoot = join(import.meta.dirname, "..", "..");
export const scenarioFolder = join(projectRoot, "scenarios");
/** Results of `prove --publish`, part of the repository. */
export const publishedProofs = join(projectRoot, "fixtures", "proofs.json");
export const controlFolder = join(projectRoot, "fixtures", "controls");
export const dossierFolder = join(projectRoot, "fixtures", "dossiers");

/** Folder of all runs: --out, else PRUEFSTAND_OUT, else `out` of the repository. */
export const outFolder = (option?: string): string =>
  resolve(option ?? process.env["PRUEFSTAND_OUT"] ?? join(projectRoot, "out"));

export const catalogueFile = (option?: string): string =>
  option === undefined ? join(projectRoot, "criteria.yaml") : resolve(option);

const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );

/** Ids of the runs, oldest first. */
export async function runIds(out: string): Promise<readonly string[]> {
  const names = await readdir(out).catch(() => []);
  return names
    .filter((name) => /^\d{8}-\d{6}-[0-9a-f]{4}$/u.test(name))
    .toSorted((left, right) => left.localeCompare(right));
}

/** The folder of a run named by id, by the start or end of an id, by `latest`, or by a path. Throws `bad-input`. */
export async function findRun(name: string, out: string): Promise<string> {
  if ((isAbsolute(name) || name.includes("/") || name === ".") && (await isFolder(resolve(name)))) return resolve(name);
  const ids = await runIds(out);
  if (name === "latest") {
    const newest = ids.at(-1);
    if (newest !== undefined) return join(out, newest);
    throw new HarnessError("bad-input", `Expected a run below ${out}, but there is none.`, {
      hint: "Start one: ./pruefstand run",
    });
  }
  const matching = ids.filter((id) => id.startsWith(name) || id.endsWith(name));
  if (matching.length === 1) return join(out, matching[0] as string);
  if (matching.length > 1) {
    throw new HarnessError("bad-input", `"${name}" names ${matching.length} runs: ${matching.join(", ")}.`);
  }
  throw unknownName("run", name, [...ids.toReversed(), "latest"]);
}
