import { z } from "zod";
import { grades } from "../model/verdict.ts";

/** Shape of a dossier file. Objects are strict: a misspelt key is a mistake, never silently ignored. */
const text = z.string().min(1).max(2_000);
const localized = z.strictObject({ de: text, en: text });
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/u);

export const documentFile = z.strictObject({
  title: text,
  publisher: text,
  /** As printed; "undated" where the document bears none. */
  date: z.string().regex(/^(?:undated|\d{4}(?:-\d{2}(?:-\d{2})?)?)$/u),
  read: day,
  address: z.url({ protocol: /^https?$/u }).optional(),
  file: z.strictObject({ name: text, sha256: z.string().regex(/^[0-9a-f]{64}$/u) }).optional(),
});

export const statementFile = z.strictObject({
  criterion: text,
  measurement: text.optional(),
  value: z.union([z.number(), z.boolean(), z.literal("none")]).optional(),
  total: z.int().positive().optional(),
  says: localized,
  document: text,
  place: text,
  /** E4 has the right shape and is refused with its reason. */
  grade: z.enum(grades),
  expires: day,
});

export const dossierFile = z.strictObject({
  version: z.literal(1),
  id: z.string().regex(/^[a-z][a-z0-9-]{0,40}$/u),
  title: text,
  vendor: text,
  licence: text,
  scope: localized,
  order: z.int().optional(),
  documents: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/u), documentFile),
  statements: z.array(statementFile).min(1).max(500),
});

export type DossierFile = z.infer<typeof dossierFile>;
export type StatementFile = z.infer<typeof statementFile>;
export type DocumentFile = z.infer<typeof documentFile>;
