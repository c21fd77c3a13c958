import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Document } from "yaml";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import type { Protocol } from "../model/candidate.ts";
import { abilities } from "../model/candidate.ts";
import type { Catalogue, Criterion, MeasurementDeclaration, Param } from "../model/criterion.ts";
import { HarnessError } from "../model/errors.ts";
import { checkCriterion } from "./check.ts";
import type { Known } from "./check.ts";
import { suggestion } from "./nearest.ts";
import type { Path } from "./problems.ts";
import { Problems, refuse } from "./problems.ts";
import { applyChanges, tidy } from "./profiles.ts";
import { RuleReader } from "./rules.ts";
import { salvage, shapeIssues } from "./salvage.ts";
import type { CatalogueFile, ChangeFile, CriterionFile } from "./schema.ts";
import { catalogueFile, profileFile } from "./schema.ts";

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
  const rows = data.criteria.map((row, index) => readCriterion(row, ["criteria", index], read));
  rows.forEach((row, index) => checkCriterion(row, ["criteria", index], known, main.problems));
  const { name, criteria, problems } = withProfile(data, rows, choice, main, known);
  refuse([...main.problems.found, ...problems]);
  return deepFreeze({
    path: basename(path),
    sha256: createHash("sha256").update(text).digest("hex"),
    profile: name,
    groups: data.groups,
    criteria,
    measurements: [...known.declarations.values()],
  });
}

interface OpenFile {
  readonly document: Document;
  readonly problems: Problems;
}

function openFile(text: string, file: string): OpenFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const problems = new Problems(file, document, lines);
  for (const error of document.errors) {
    const [sentence = ""] = error.message.split("\n");
    problems.addAt(error.pos[0], [], "readable YAML", sentence.replace(/ at line \d+, column \d+:?$/u, ""));
  }
  return { document, problems };
}

interface Shaped<T> {
  readonly data: T;
  /** Measurements whose declaration is itself wrong: their type is not compared. */
  readonly untyped: ReadonlySet<string>;
}

/** The data in its shape. What has a wrong shape is noted and replaced by something neutral so that the rest is checked too. */
function shapeOf<T>({ document, problems }: OpenFile, schema: z.ZodType<T>): Shaped<T> | undefined {
  const data: unknown = document.toJS();
  const result = schema.safeParse(data);
  if (result.success) return { data: result.data, untyped: new Set() };
  const issues = shapeIssues(result.error.issues);
  for (const { path, expected, unknownKey } of issues) {
    const got = unknownKey === undefined ? (JSON.stringify(valueAt(data, path)) ?? "nothing") : `"${unknownKey}"`;
    problems.add(path, expected, shorten(got), unknownKey);
  }
  const salvaged = salvage(data, issues);
  const again = schema.safeParse(salvaged.data);
  return again.success ? { data: again.data, untyped: salvaged.untyped } : undefined;
}

const shorten = (text: string): string => (text.length > 120 ? `${text.slice(0, 120)}…` : text);

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined),
    data,
  );
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

function readCriterion(row: CriterionFile, path: Path, read: RuleReader): Criterion {
  return {
    id: row.id,
    group: row.group,
    title: row.title,
    sources: row.source.map((source) => ({
      clause: source.clause,
      kind: source.kind,
      verified: source.verified ?? "none",
      ...(source.norm !== undefined && { norm: source.norm }),
      ...(source.confidence && { confidence: source.confidence }),
      ...(source.note !== undefined && { note: source.note }),
    })),
    ufab: tidy(row.ufab),
    method: row.method,
    scenarios: row.scenarios,
    measurements: row.measurements.map((measurement) => {
      if (typeof measurement === "string") return { id: measurement };
      const { id, total } = measurement;
      return { id, total: typeof total === "number" ? total : { param: total.slice(1) } };
    }),
    params: Object.fromEntries(Object.entries(row.params).map(([name, value]) => [name, readParam(value)])),
    valid: read.conditions(row.valid, [...path, "valid"]),
    rule: read.rule(row, path),
    report: read.refs(row.report, [...path, "report"]),
    config: row.config,
    evidenceMin: row.evidence_min,
    appliesTo: row.applies_to ?? ["matrix", "xmpp", "attested"],
    needs: row.needs,
    active: row.active,
    ruleText: row.rule_text,
    ...(row.note !== undefined && { note: row.note }),
  };
}

function readParam(param: CriterionFile["params"][string]): Param {
  if (typeof param === "number") return { full: param };
  const { full, compressed, unit } = param;
  return { full, ...(compressed !== undefined && { compressed }), ...(unit !== undefined && { unit }) };
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
  const profile = shapeOf(own, profileFile)?.data;
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
