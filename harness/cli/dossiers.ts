import { resolve } from "node:path";
import type { Command } from "commander";
import { loadDossiers } from "../dossier/load.ts";
import type { Catalogue } from "../model/criterion.ts";
import type { Dossier } from "../model/dossier.ts";
import { dossierFolder } from "./paths.ts";

export interface DossierOptions {
  readonly dossiers?: string;
}

export const addDossierOption = (command: Command, otherwise: string): Command =>
  command.option("--dossiers <folder>", `folder of dossiers of closed products, or none (default: ${otherwise})`);

/** The dossiers a command asks for; without a word those of the bench. Throws `bad-input` naming all mistakes. */
export async function chosenDossiers(
  { dossiers }: DossierOptions,
  catalogue: Pick<Catalogue, "criteria" | "measurements">,
  measured: readonly string[],
): Promise<readonly Dossier[]> {
  if (dossiers === "none") return [];
  return loadDossiers(dossiers === undefined ? dossierFolder : resolve(dossiers), catalogue, measured);
}
