import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { Candidate } from "../model/candidate.ts";
import { standInClients, type Control } from "../model/control.ts";
import type { Catalogue } from "../model/criterion.ts";
import { HarnessError } from "../model/errors.ts";
import { verdictWords } from "../model/verdict.ts";
import { nearest } from "../model/nearest.ts";
import type { FoundScenario } from "./scenarios.ts";

const words = z.strictObject({ de: z.string().min(1), en: z.string().min(1) });
const patch = z.union([
  z.strictObject({ service: z.string(), path: z.string(), append: z.string().min(1) }),
  z.strictObject({
    service: z.string(),
    path: z.string(),
    replace: z.array(z.strictObject({ find: z.string().min(1), with: z.string() })).min(1),
  }),
]);
const labFault = z.strictObject({
  fault: z.enum(["kill-server", "pause-server", "block-ports", "stop-scanner", "no-browser"]),
  at: z.union([z.number().min(0), z.string().min(1)]),
});
const sabotage = z
  .strictObject({
    files: z.array(patch).min(1).optional(),
    variables: z.record(z.string(), z.unknown()).optional(),
    withoutEffect: z.array(z.string()).min(1).optional(),
    client: z.enum(standInClients).optional(),
    peers: z.enum(["stolen-identity"]).optional(),
    accounts: z.enum(["all-administrators"]).optional(),
    certificate: z.enum(["rsa-2048"]).optional(),
    starve: z.strictObject({ cpus: z.number().positive(), before: z.string().min(1) }).optional(),
    lab: labFault.optional(),
  })
  .refine((value) => Object.keys(value).length > 0, "expected at least one sabotage");
const shown = z.strictObject({ measurement: z.string(), value: z.union([z.boolean(), z.number()]) });
const controlFile = z.strictObject({
  criterion: z.string(),
  scenario: z.string(),
  candidate: z.string(),
  partner: z.string().optional(),
  config: z.enum(["default", "hardened"]).default("hardened"),
  everyConfig: z.boolean().optional(),
  explains: words,
  sabotage,
  expect: z.enum(verdictWords),
  shows: shown.optional(),
  alsoChanges: z.record(z.string(), z.string()).optional(),
});

/** A control and the text of its file. */
export interface FoundControl {
  readonly control: Control;
  readonly text: string;
}

export interface ControlContext {
  readonly catalogue: Catalogue;
  readonly scenarios: readonly FoundScenario[];
  readonly candidates: readonly Candidate[];
}

function unknown(key: string, value: string, known: readonly string[]): readonly string[] {
  if (known.includes(value)) return [];
  const best = nearest(value, known);
  return [`${key}: expected a known ${key}, got "${value}"${best === undefined ? "" : ` (did you mean "${best}"?)`}`];
}

/** Names that lead nowhere, and a criterion that the scenario does not decide. */
function wrongNames(control: Control, { catalogue, scenarios, candidates }: ControlContext): readonly string[] {
  const ids = (items: readonly { readonly id: string }[]): readonly string[] => items.map(({ id }) => id);
  const criterion = catalogue.criteria.find(({ id }) => id === control.criterion);
  const stray = criterion !== undefined && !criterion.scenarios.includes(control.scenario);
  const measured = criterion?.measurements.map(({ id }) => id) ?? [];
  return [
    ...unknown("criterion", control.criterion, ids(catalogue.criteria)),
    ...unknown("scenario", control.scenario, ids(scenarios.map(({ scenario }) => scenario))),
    ...unknown("candidate", control.candidate, ids(candidates)),
    ...(control.partner === undefined ? [] : unknown("partner", control.partner, ids(candidates))),
    ...(stray
      ? [`scenario: ${control.criterion} is decided by ${criterion.scenarios.join(", ")}, not by ${control.scenario}`]
      : []),
    ...(control.shows === undefined ? [] : unknown("measurement", control.shows.measurement, measured)),
    ...Object.keys(control.alsoChanges ?? {}).flatMap((id) => unknown("criterion", id, ids(catalogue.criteria))),
  ];
}

function parseControl(id: string, text: string, problems: string[]): Control | undefined {
  const file = `${id}.yaml`;
  let data: unknown;
  try {
    data = parse(text);
  } catch (error) {
    problems.push(`${file}: ${(error as Error).message.split("\n")[0]}`);
    return undefined;
  }
  const result = controlFile.safeParse(data);
  if (result.success) return { id, ...result.data } as Control;
  problems.push(...result.error.issues.map(({ path, message }) => `${file}: ${path.join(".") || "file"}: ${message}`));
  return undefined;
}

/**
 * Reads `fixtures/controls/*.yaml`; the file name is the id.
 * Throws `bad-input` naming every mistake of every file at once.
 */
export async function loadControls(folder: string, context: ControlContext): Promise<readonly FoundControl[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".yaml"));
  const problems: string[] = [];
  const found: FoundControl[] = [];
  for (const name of names.toSorted((left, right) => left.localeCompare(right, "en", { numeric: true }))) {
    const text = await readFile(join(folder, name), "utf8");
    const control = parseControl(name.slice(0, -".yaml".length), text, problems);
    if (control === undefined) continue;
    problems.push(...wrongNames(control, context).map((problem) => `${name}: ${problem}`));
    found.push({ control, text });
  }
  if (problems.length === 0) return found;
  throw new HarnessError("bad-input", `${problems.length} mistakes in the controls:\n${problems.join("\n")}`, {
    hint: "Correct the named files below fixtures/controls/.",
    context: { problems },
  });
}

async function hashFolder(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash("sha256");
  for (const file of files.toSorted((left, right) => left.localeCompare(right, "en"))) {
    hash
      .update(relative(folder, file))
      .update("\0")
      .update(await readFile(file));
  }
  return hash.digest("hex");
}

/** Folders beside the candidate's that its files name: `../shared/<name>` in imports and templates, "shared/<name>" as images. */
async function sharedFolders(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".ts"));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  const found = texts.flatMap((text) =>
    [...text.matchAll(/["'/]shared\/([a-z0-9-]+)[/"']/g)].map((match) => match[1] ?? ""),
  );
  return [...new Set(found)].toSorted().map((name) => join(folder, "..", "shared", name));
}

/**
 * Hash of what a proof depends on: scenario source, control file, candidate folder and the shared folders it names. Another hash
 * makes an old proof stale.
 */
export async function subjectOf({ control, text }: FoundControl, context: ControlContext): Promise<string> {
  const scenario = context.scenarios.find((one) => one.scenario.id === control.scenario);
  const servers = context.candidates.filter(({ id }) => id === control.candidate || id === control.partner);
  const own = servers.map(({ folder }) => folder);
  const folders = [...new Set([...own, ...(await Promise.all(own.map(sharedFolders))).flat()])];
  const parts = [scenario?.sourceHash ?? "", text, ...(await Promise.all(folders.map(hashFolder)))];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
