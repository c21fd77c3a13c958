import type { z } from "zod";
import type { Path, Problems } from "../catalogue/problems.ts";
import type { Catalogue, Criterion, MeasurementDeclaration } from "../model/criterion.ts";
import { suggestion } from "../model/nearest.ts";
import { documentFile, statementFile } from "./schema.ts";
import type { DocumentFile, StatementFile } from "./schema.ts";

/** What statements may be about. */
export type KnownRows = Pick<Catalogue, "criteria" | "measurements">;

type Loose = Readonly<Record<string, unknown>>;
const looseOf = (value: unknown): Loose => (typeof value === "object" && value !== null ? (value as Loose) : {});

/** The entries whose own shape is right, so that a mistake in one does not hide what is wrong with the others. */
function rightEntries<T>(schema: z.ZodObject, data: unknown): Partial<T> {
  const shape = schema.shape as Readonly<Record<string, z.ZodType>>;
  const right = Object.entries(looseOf(data)).filter(([key, value]) => shape[key]?.safeParse(value).success === true);
  return Object.fromEntries(right) as Partial<T>;
}

/** A day that exists in the calendar, as its milliseconds. */
function dayOf(text: string): number | undefined {
  const time = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text ? undefined : time;
}

/** A statement is believed for at most this long after somebody read it (house value). */
const longestYears = 3;

function checkDocument(document: Partial<DocumentFile>, path: Path, problems: Problems): void {
  const { date, read } = document;
  if (read !== undefined && dayOf(read) === undefined) problems.add([...path, "read"], "a day of the calendar", read);
  if (date === undefined || date === "undated") return;
  const parts = [date, "-01", "-01"].join("").slice(0, 10);
  if (dayOf(parts) === undefined) problems.add([...path, "date"], "a date of the calendar", date);
  else if (read !== undefined && parts > read) problems.add([...path, "date"], `a date not after ${read}`, date);
}

const typeWords: Readonly<Record<MeasurementDeclaration["type"], string>> = {
  boolean: "true or false",
  count: "a whole number from 0",
  number: "a number",
  ratio: "a number from 0",
  duration: 'seconds from 0, or "none"',
};

function fits(value: NonNullable<StatementFile["value"]>, type: MeasurementDeclaration["type"]): boolean {
  if (type === "boolean") return typeof value === "boolean";
  if (value === "none") return type === "duration";
  if (typeof value !== "number") return false;
  if (type === "count") return Number.isInteger(value) && value >= 0;
  return type === "number" || value >= 0;
}

function checkMeasurement(
  { measurement, value, total }: Partial<StatementFile>,
  row: Criterion | undefined,
  path: Path,
  known: KnownRows,
  problems: Problems,
): void {
  if (measurement === undefined) {
    if (value !== undefined) problems.add([...path, "value"], "a measurement beside the value", "none");
    return;
  }
  if (value === undefined) problems.add(path, 'a "value" beside the measurement', "none");
  const declared = known.measurements.find(({ id }) => id === measurement);
  const own = row?.measurements.map(({ id }) => id) ?? [];
  if (declared === undefined) {
    const names = own.length > 0 ? own : known.measurements.map(({ id }) => id);
    const got = `"${measurement}"${suggestion(measurement, names)}`;
    problems.add([...path, "measurement"], "a measurement of criteria.yaml", got);
    return;
  }
  if (row !== undefined && !own.includes(measurement)) {
    problems.add(
      [...path, "measurement"],
      `a measurement that ${row.id} reads (${own.join(", ")})`,
      `"${measurement}"`,
    );
  }
  if (value !== undefined && !fits(value, declared.type)) {
    problems.add([...path, "value"], typeWords[declared.type], JSON.stringify(value));
  }
  const wanted = row?.measurements.find(({ id }) => id === measurement)?.total;
  if (typeof wanted === "number" && total !== wanted) {
    problems.add([...path, "total"], `total: ${wanted}, as ${row?.id ?? "the row"} demands`, String(total ?? "none"));
  }
}

/** "Vendor" and "Vendor GmbH" are one. */
function isSameParty(one: string, other: string): boolean {
  const [left, right] = [one, other].map((name) => `${name.trim().toLowerCase()} `) as [string, string];
  return left.startsWith(right) || right.startsWith(left);
}

function checkGrade(
  { grade, document }: Partial<StatementFile>,
  vendor: unknown,
  documents: Loose,
  path: Path,
  problems: Problems,
): void {
  if (grade === "E4") {
    const why = "E0, E1, E2 or E3: E4 is what the bench measured itself, no document can give it";
    problems.add([...path, "grade"], why, "E4");
  }
  const publisher = document === undefined ? undefined : looseOf(documents[document])["publisher"];
  if (typeof publisher !== "string" || typeof vendor !== "string") return;
  const own = isSameParty(publisher, vendor);
  if (grade === "E3" && own) {
    problems.add([...path, "grade"], "E1 or E2 for the vendor's own document: E3 is independent", "E3");
  }
  if (grade === "E1" && !own) {
    const why = `E0, or E3 from an independent body, for what ${publisher} says: E1 is documentation of ${vendor} itself`;
    problems.add([...path, "grade"], why, "E1");
  }
}

function checkExpiry({ expires, document }: Partial<StatementFile>, documents: Loose, path: Path, problems: Problems) {
  if (expires === undefined) return;
  const end = dayOf(expires);
  if (end === undefined) {
    problems.add([...path, "expires"], "a day of the calendar", expires);
    return;
  }
  const read = document === undefined ? undefined : looseOf(documents[document])["read"];
  if (typeof read !== "string" || dayOf(read) === undefined) return;
  const latest = `${Number(read.slice(0, 4)) + longestYears}${read.slice(4)}`;
  if (expires > latest) {
    problems.add([...path, "expires"], `a day not after ${latest}, ${longestYears} years after it was read`, expires);
  }
}

function checkStatement(data: unknown, path: Path, file: Loose, known: KnownRows, problems: Problems): void {
  const statement = rightEntries<StatementFile>(statementFile, data);
  const documents = looseOf(file["documents"]);
  const { criterion, document } = statement;
  const row = known.criteria.find(({ id }) => id === criterion);
  if (criterion !== undefined && row === undefined) {
    const ids = known.criteria.map(({ id }) => id);
    problems.add([...path, "criterion"], "a criterion of criteria.yaml", `"${criterion}"${suggestion(criterion, ids)}`);
  }
  if (document !== undefined && !Object.hasOwn(documents, document)) {
    const got = `"${document}"${suggestion(document, Object.keys(documents))}`;
    problems.add([...path, "document"], "a document listed above", got);
  }
  checkMeasurement(statement, row, path, known, problems);
  checkGrade(statement, file["vendor"], documents, path, problems);
  checkExpiry(statement, documents, path, problems);
}

/** Everything beyond the shape: names, values, grades and dates, in the whole file at once. */
export function checkDossier(data: unknown, known: KnownRows, problems: Problems): void {
  const file = looseOf(data);
  for (const [key, document] of Object.entries(looseOf(file["documents"]))) {
    checkDocument(rightEntries<DocumentFile>(documentFile, document), ["documents", key], problems);
  }
  const { statements } = file;
  if (!Array.isArray(statements)) return;
  statements.forEach((one, index) => checkStatement(one, ["statements", index], file, known, problems));
}
