import type { MeasurementValue } from "./measurement.ts";
import type { Localized } from "./text.ts";

/** What a document can be worth. E4 is what the bench measured itself; no document ever gets it. */
export const documentGrades = ["E0", "E1", "E2", "E3"] as const;
export type DocumentGrade = (typeof documentGrades)[number];

/** A document that somebody can look up again. */
export interface DossierDocument {
  readonly title: string;
  readonly publisher: string;
  /** As printed: year, month or day; "undated" where the document bears none. */
  readonly date: string;
  /** Day on which it was read. */
  readonly read: string;
  readonly address?: string;
  /** A copy that is kept, by name and SHA-256. */
  readonly file?: { readonly name: string; readonly sha256: string };
}

/** One sentence of a document about one criterion. Without a measurement it is a remark: shown, never counted. */
export interface DossierStatement {
  /** "threema-work-03": id of the dossier and place in the file. */
  readonly id: string;
  readonly criterion: string;
  readonly measurement?: string;
  readonly value?: MeasurementValue;
  /** Denominator of a count. */
  readonly total?: number;
  readonly says: Localized;
  readonly document: DossierDocument;
  /** Where in the document: section, page, paragraph. */
  readonly place: string;
  readonly grade: DocumentGrade;
  /** First day on which it no longer counts. */
  readonly expires: string;
}

/** What documents say about a product that the bench cannot run. */
export interface Dossier {
  readonly id: string;
  readonly title: string;
  readonly vendor: string;
  readonly licence: string;
  /** Which product and variant the statements are about. */
  readonly scope: Localized;
  /** Place in the report; lower comes first. */
  readonly order: number;
  readonly statements: readonly DossierStatement[];
  readonly file: { readonly name: string; readonly sha256: string };
}

/** What became of a statement when a run was judged. */
export const statementStates = [
  "counts", // its value went into the verdict
  "too-weak", // the criterion demands a better grade, or none accepts documents at all
  "expired", // on the day of the run
  "contradicting", // another valid statement gives another value: neither counts
  "remark", // gives no value
  "no-row", // the catalogue of this judgement does not read it
] as const;
export type StatementState = (typeof statementStates)[number];
