import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ProofRecord } from "../model/control.ts";
import { subjectOf } from "../run/controls.ts";
import type { ControlContext, FoundControl } from "../run/controls.ts";
import { readProofs } from "../run/prove.ts";
import { runFiles } from "./finish.ts";
import { publishedProofs } from "./paths.ts";

const byControl = (left: ProofRecord, right: ProofRecord): number => left.control.localeCompare(right.control, "en");

/**
 * The newest proof of each control: those the repository brings, so that a fresh clone knows what its checks have shown, and
 * those of this machine. A proof of other code says so itself by its `subject`.
 */
export async function knownProofs(out: string): Promise<readonly ProofRecord[]> {
  const all = [...(await readProofs(publishedProofs)), ...(await readProofs(join(out, runFiles.proofs)))];
  const newest = new Map<string, ProofRecord>();
  for (const proof of all) {
    const known = newest.get(proof.control);
    if (known === undefined || known.at < proof.at) newest.set(proof.control, proof);
  }
  return [...newest.values()].toSorted(byControl);
}

/** Controls without a proof that caught, of the code as it is now. */
export async function unproven(
  controls: readonly FoundControl[],
  context: ControlContext,
  out: string,
): Promise<readonly FoundControl[]> {
  const proofs = new Map((await knownProofs(out)).map((proof) => [proof.control, proof]));
  const checked = await Promise.all(
    controls.map(async (found) => {
      const proof = proofs.get(found.control.id);
      return proof?.outcome === "caught" && proof.subject === (await subjectOf(found, context)) ? [] : [found];
    }),
  );
  return checked.flat();
}

/** Writes what is known about the given controls into the repository. */
export async function publishProofs(controls: readonly FoundControl[], out: string): Promise<void> {
  const ids = new Set(controls.map(({ control }) => control.id));
  const proofs = (await knownProofs(out)).filter(({ control }) => ids.has(control));
  await writeFile(publishedProofs, `${JSON.stringify(proofs, undefined, 2)}\n`);
}
