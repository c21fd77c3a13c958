import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Protocol } from "../model/candidate.ts";
import { abilities } from "../model/candidate.ts";
import type { Catalogue, Criterion, MeasurementDeclaration } from "../model/criterion.ts";
import { HarnessError } from "../model/errors.ts";
import { checkCriterion } from "./check.ts";
import type { Known } from "./check.ts";
import { suggestion } from "../model/nearest.ts";
import type { Path } from "./problems.ts";
import type { Problems } from "./problems.ts";
import { refuse } from "./problems.ts";
import { applyChanges, profileKeys } from "./profiles.ts";
import { noRule, readCriterion } from "./read-criterion.ts";
import { RuleReader } from "./rules.ts";
import type { CatalogueFile, ChangeFile } from "./schema.ts";
import { catalogueFile, profileFile } from "./schema.ts";
import type { OpenFile, Shaped } from "./yaml-file.ts";
import { openFile, shapeOf } from "./yaml-file.ts";

/** A profile of criteria.yaml by name, or the text of a profile file. */
export type ProfileChoice = { readonly name?: string | undefined } | { readonly file: string; readonly text: string };

export interface LoadOptions {
  /** Name of a profile in the file, or the path of a profile file (has a slash or ends in .yaml); default: the file's default profile. */
  readonly profile?: string | undefined;
}

/**
 * Reads and checks criteria.yaml for one profile.
 * @throws HarnessError `bad-input` naming every mistake with line and column (`context.problems`), or that a file cannot be read.
 */
export async function loadCatalogue(path: string, options: LoadOptions = {}): Promise<Catalogue> {
  const text = await readText(path, "requirements catalogue");
  const { profile } = options;
  const byFile = profile !== undefined && (/[\\/]/u.test(profile) || /\.ya?ml$/u.test(profile));
  const choice = byFile ? { file: profile, text: await readText(profile, "profile") } : { name: profile };
  return parseCatalogue(text, path, choice);
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new HarnessError("bad-input", `The ${what} ${path} cannot be read.`, {
      cause: error,
      hint: "Check the path and its permissions.",
    });
  }
}

/** The same without files: text in, frozen catalogue out. `path` names the file in messages. */
export function parseCatalogue(text: string, path: string, choice: ProfileChoice = {}): Catalogue {
  const main = openFile(text, basename(path));
  const shaped = shapeOf(main, catalogueFile);
  if (!shaped) throw refused(main.problems);
  const { data } = shaped;
  const read = new RuleReader(main.problems);
  const known = knownOf(shaped);
  checkUnique(data, main.problems);
  const rows = data.criteria.map((row, index) => {
    const rule = shaped.unruled.has(index) ? noRule : read.rule(row, ["criteria", index]);
    return readCriterion(row, rule, ["criteria", index], read);
  });
  rows.forEach((row, index) => checkCriterion(row, ["criteria", index], known, main.problems));
  const { name, criteria, problems } = withProfile(data, rows, choice, main, known);
  refuse([...main.problems.found, ...problems]);
  return deepFreeze({
    path: basename(path),
    sha256: createHash("sha256").update(text).digest("hex"),
    profile: name,
    ...("file" in choice && {
      profileFile: { name: basename(choice.file), sha256: createHash("sha256").update(choice.text).digest("hex") },
    }),
    groups: data.groups,
    criteria,
    measurements: [...known.declarations.values()],
  });
}

function knownOf({ data, untyped }: Shaped<CatalogueFile>): Known {
  const declarations = Object.entries(data.measurements).map(
    ([id, { type, unit, title, protocols }]): MeasurementDeclaration => ({
      id,
      type,
      title,
      ...(unit !== undefined && { unit }),
      ...(protocols && { protocols: protocols satisfies readonly Protocol[] }),
    }),
  );
  return {
    declarations: new Map(declarations.map((declaration) => [declaration.id, declaration])),
    untyped,
    groups: new Set(data.groups.map(({ id }) => id)),
    profiles: new Set(Object.keys(data.profiles)),
    abilities: new Set(abilities),
  };
}

function checkUnique(data: CatalogueFile, problems: Problems): void {
  const seen = new Set<string>();
  data.criteria.forEach(({ id, profiles }, index) => {
    if (seen.has(id)) problems.add(["criteria", index, "id"], "each id once", `"${id}" again`);
    seen.add(id);
    for (const name of Object.keys(profiles).filter((profile) => !(profile in data.profiles))) {
      const got = `"${name}"${suggestion(name, Object.keys(data.profiles))}`;
      problems.add(["criteria", index, "profiles"], "a profile declared above", got, name);
    }
  });
}

interface Profiled {
  readonly name: string;
  readonly criteria: readonly Criterion[];
  readonly problems: Problems["found"];
}

/** First the profile of criteria.yaml, then, if there is one, the profile file on top of it. */
function withProfile(
  data: CatalogueFile,
  rows: readonly Criterion[],
  choice: ProfileChoice,
  main: OpenFile,
  known: Known,
): Profiled {
  if (!("file" in choice)) {
    const name = choice.name ?? defaultProfile(data);
    return { name, criteria: withInnerProfile(data, rows, name, main, known), problems: [] };
  }
  const own = openFile(choice.text, basename(choice.file));
  const profile = shapeOf(own, profileFile, profileKeys)?.data;
  if (!profile) return { name: choice.file, criteria: rows, problems: own.problems.found };
  const base = withInnerProfile(data, rows, profile.base ?? defaultProfile(data), main, known);
  const read = new RuleReader(own.problems);
  const criteria = applyChanges(base, profile.criteria, (id) => ["criteria", id], read, own.problems);
  recheck(criteria, base, (row) => ["criteria", row.id], known, own.problems);
  return { name: profile.id, criteria, problems: own.problems.found };
}

const defaultProfile = ({ profiles }: CatalogueFile): string =>
  Object.entries(profiles).find(([, { default: isDefault }]) => isDefault)?.[0] ?? Object.keys(profiles)[0] ?? "";

/** Every profile of the file is applied and checked, so that a mistake in one shows whichever is asked for. */
function withInnerProfile(
  data: CatalogueFile,
  rows: readonly Criterion[],
  name: string,
  { problems }: OpenFile,
  known: Known,
): readonly Criterion[] {
  if (!known.profiles.has(name)) {
    throw new HarnessError("bad-input", `There is no profile "${name}"${suggestion(name, known.profiles)}.`, {
      hint: `Profiles in the catalogue: ${[...known.profiles].join(", ")}; or give the path of a profile file.`,
    });
  }
  const read = new RuleReader(problems);
  const index = new Map(data.criteria.map(({ id }, position) => [id, position]));
  const applied = [...known.profiles].map((profile) => {
    const changes = Object.fromEntries(
      data.criteria.flatMap(({ id, profiles }): [string, ChangeFile][] => {
        const change = profiles[profile];
        return change ? [[id, change]] : [];
      }),
    );
    const pathOf = (id: string): Path => ["criteria", index.get(id) ?? 0, "profiles", profile];
    const criteria = applyChanges(rows, changes, pathOf, read, problems);
    recheck(criteria, rows, (row) => pathOf(row.id), known, problems);
    return [profile, criteria] as const;
  });
  return new Map(applied).get(name) ?? rows;
}

/** Rows that a profile gave another rule are checked like any other row. */
function recheck(
  changed: readonly Criterion[],
  before: readonly Criterion[],
  pathOf: (row: Criterion) => Path,
  known: Known,
  problems: Problems,
): void {
  for (const [index, row] of changed.entries()) {
    if (row.rule !== before[index]?.rule) checkCriterion(row, pathOf(row), known, problems);
  }
}

function refused(problems: Problems): unknown {
  refuse(problems.found);
  return new HarnessError("harness-fault", "A catalogue without a shape gave no problem.");
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
