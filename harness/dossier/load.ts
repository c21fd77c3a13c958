import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { refuse } from "../catalogue/problems.ts";
import { openFile, shapeOf } from "../catalogue/yaml-file.ts";
import type { DocumentGrade, Dossier, DossierDocument } from "../model/dossier.ts";
import { HarnessError } from "../model/errors.ts";
import { checkDossier } from "./check.ts";
import type { KnownRows } from "./check.ts";
import { dossierFile } from "./schema.ts";
import type { DocumentFile, DossierFile } from "./schema.ts";

/** Larger files are refused: a dossier is written by a person. */
const maximumBytes = 1024 * 1024;

function documentOf({ address, file, ...document }: DocumentFile): DossierDocument {
  return { ...document, ...(address !== undefined && { address }), ...(file && { file }) };
}

function statementsOf({ id, documents, statements }: DossierFile): Dossier["statements"] {
  return statements.map(({ measurement, value, total, document, grade, ...statement }, index) => ({
    id: `${id}-${String(index + 1).padStart(2, "0")}`,
    ...statement,
    ...(measurement !== undefined && { measurement }),
    // "none" is "no limit", which a journal writes as null.
    ...(value !== undefined && { value: value === "none" ? null : value }),
    ...(total !== undefined && { total }),
    document: documentOf(documents[document] as DocumentFile),
    grade: grade as DocumentGrade,
  }));
}

/**
 * The text of a dossier as data.
 * @throws HarnessError `bad-input` naming every mistake with line and column (`context.problems`).
 */
export function parseDossier(text: string, path: string, known: KnownRows): Dossier {
  const open = openFile(text, basename(path));
  const { problems } = open;
  const shaped = shapeOf(open, dossierFile)?.data;
  checkDossier(open.document.toJS(), known, problems);
  refuse(problems.found, "dossier");
  if (!shaped) throw new HarnessError("harness-fault", "A dossier without a shape gave no problem.");
  const { id, title, vendor, licence, scope, order = 100 } = shaped;
  return {
    id,
    title,
    vendor,
    licence,
    scope,
    order,
    statements: statementsOf(shaped),
    file: { name: basename(path), sha256: createHash("sha256").update(text).digest("hex") },
  };
}

function unreadable(path: string, cause: unknown): HarnessError {
  return new HarnessError("bad-input", `The dossier ${path} cannot be read.`, {
    cause,
    hint: "Check the path and its permissions; fixtures/dossiers/ has examples.",
  });
}

/** Reads and checks one file. Throws `bad-input`. */
export async function loadDossier(path: string, known: KnownRows): Promise<Dossier> {
  const facts = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!facts.isFile() || facts.size > maximumBytes) {
    throw new HarnessError("bad-input", `Expected a dossier of at most ${maximumBytes} bytes, got ${path}.`);
  }
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw unreadable(path, error);
  });
  return parseDossier(text, path, known);
}

/** Words in which the files of a folder were refused, all of them. */
function refusedTogether(errors: readonly unknown[]): unknown {
  const [first] = errors;
  if (errors.length === 1 || errors.some((error) => !(error instanceof HarnessError))) return first;
  const all = errors as readonly HarnessError[];
  return new HarnessError("bad-input", all.map(({ message }) => message).join("\n"), {
    hint: "Correct the places named above; nothing was run.",
    context: { problems: all.flatMap(({ context }) => (context["problems"] as readonly unknown[] | undefined) ?? []) },
  });
}

function requireUnique(dossiers: readonly Dossier[], taken: readonly string[]): void {
  const seen = new Map(taken.map((id) => [id, "a product of the bench"]));
  for (const { id, file } of dossiers) {
    const holder = seen.get(id);
    if (holder !== undefined) {
      throw new HarnessError("bad-input", `${file.name}: expected an id of its own, got "${id}" of ${holder}.`);
    }
    seen.set(id, file.name);
  }
}

/**
 * All dossiers (*.yaml) of a folder in report order.
 * @param taken ids of measured products, which no dossier may use.
 * @throws HarnessError `bad-input` naming the mistakes of all files.
 */
export async function loadDossiers(
  folder: string,
  known: KnownRows,
  taken: readonly string[] = [],
): Promise<readonly Dossier[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new HarnessError("bad-input", `Expected a folder of dossiers, got ${folder}.`, {
      cause: error,
      hint: "Name a folder with *.yaml files, or say --dossiers none.",
    });
  });
  const files = names.filter((name) => /\.ya?ml$/u.test(name)).toSorted((a, b) => (a < b ? -1 : 1));
  const read = await Promise.allSettled(files.map((name) => loadDossier(join(folder, name), known)));
  const errors = read.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
  if (errors.length > 0) throw refusedTogether(errors);
  const dossiers = read.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  requireUnique(dossiers, taken);
  return dossiers.toSorted((a, b) => a.order - b.order || (a.title < b.title ? -1 : 1));
}
