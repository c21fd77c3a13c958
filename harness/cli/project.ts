import { loadCatalogue } from "../catalogue/load.ts";
import type { KnownNames } from "../catalogue/prices.ts";
import { planProfile, planProfileNames } from "../catalogue/plan-profiles.ts";
import type { Candidate } from "../model/candidate.ts";
import type { Catalogue } from "../model/criterion.ts";
import { loadControls, subjectOf } from "../run/controls.ts";
import type { FoundControl } from "../run/controls.ts";
import { unknownName } from "../model/nearest.ts";
import type { PlanSize } from "../run/plan.ts";
import { findScenarios } from "../run/scenarios.ts";
import type { FoundScenario } from "../run/scenarios.ts";
import { catalogueFile, controlFolder, scenarioFolder } from "./paths.ts";

/** Everything the bench is made of, read from its files. */
export interface Project {
  readonly catalogue: Catalogue;
  readonly scenarios: readonly FoundScenario[];
  readonly candidates: readonly Candidate[];
}

export interface ChosenProfile {
  /** Profile of the catalogue, or the path of a profile file; undefined = the catalogue's default. */
  readonly profile: string | undefined;
  readonly size: PlanSize;
  readonly scenarioIds?: readonly string[] | undefined;
  /** Also scenarios in depth. */
  readonly inDepth: boolean;
}

/** What a word after --profile means: a plan of the bench, else a profile of the catalogue run as the standard plan. */
export function splitProfile(name: string | undefined): ChosenProfile {
  if (name === undefined || !planProfileNames.includes(name))
    return { profile: name, size: "standard", inDepth: false };
  const { catalogueProfile, compressed, scenarios, inDepth } = planProfile(name);
  const size = name === "quick" ? "quick" : "standard";
  return { profile: catalogueProfile, size: compressed ? size : "full", scenarioIds: scenarios, inDepth };
}

export interface ProjectOptions {
  readonly catalogue?: string | undefined;
  readonly profile?: string | undefined;
}

/** The candidates in report order. */
async function loadCandidates(): Promise<readonly Candidate[]> {
  const { candidates } = await import("../candidates/registry.ts");
  return candidates;
}

/** Reads catalogue, scenarios and candidates. Throws `bad-input` naming all mistakes of the catalogue. */
export async function loadProject(options: ProjectOptions = {}): Promise<Project> {
  const { profile } = splitProfile(options.profile);
  const catalogue = await loadCatalogue(catalogueFile(options.catalogue), { profile });
  return { catalogue, scenarios: await findScenarios(scenarioFolder), candidates: await loadCandidates() };
}

export const projectControls = (project: Project): Promise<readonly FoundControl[]> =>
  loadControls(controlFolder, project);

/** What each proof would have to be about today, by control id. */
export async function currentSubjects(project: Project): Promise<Readonly<Record<string, string>>> {
  const controls = await projectControls(project);
  const pairs = controls.map(async (found) => [found.control.id, await subjectOf(found, project)] as const);
  return Object.fromEntries(await Promise.all(pairs));
}

/** Names a price file may use: products of the run and of the bench, and the groups of criteria. */
export async function knownOffers(
  { groups }: Pick<Catalogue, "groups">,
  measured: readonly string[] = [],
): Promise<KnownNames> {
  const listed = (await loadCandidates()).map(({ id }) => id);
  return { candidates: [...new Set([...measured, ...listed])], groups: groups.map(({ id }) => id) };
}

/** The item with this id, upper and lower case alike. Throws `bad-input` with the nearest name. */
export function byName<T extends { readonly id: string }>(kind: string, name: string, items: readonly T[]): T {
  const found = items.find(({ id }) => id.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  throw unknownName(
    kind,
    name,
    items.map(({ id }) => id),
  );
}
