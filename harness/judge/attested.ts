import { ruleReferences } from "../catalogue/references.ts";
import { abilities } from "../model/candidate.ts";
import type { Catalogue, Criterion } from "../model/criterion.ts";
import type { Dossier, DossierStatement, StatementState } from "../model/dossier.ts";
import { HarnessError } from "../model/errors.ts";
import type { CandidateFacts, RunFacts } from "../model/journal.ts";
import type { Measurement } from "../model/measurement.ts";
import type { Attested, AttestedProduct, AttestedVerdict, Proof, VerdictRecord } from "../model/result.ts";
import type { Localized } from "../model/text.ts";
import { grades } from "../model/verdict.ts";
import type { Grade } from "../model/verdict.ts";
import { assess } from "./assess.ts";
import type { JournalIndex } from "./journal-index.ts";
import type { Outcome } from "./outcome.ts";
import { isTested, undecided } from "./outcome.ts";
import { writeRecord } from "./record.ts";
import { totalOf } from "./totals.ts";
import type { Cell } from "./view.ts";
import type { Declarations } from "./wording.ts";

const rank = (grade: Grade): number => grades.indexOf(grade);

/** The least grade a statement needs to count (catalogue 2b): E1 for `attest.` values, else what the row demands. */
const demanded = (row: Criterion, measurement: string): Grade =>
  measurement.startsWith("attest.") ? "E1" : row.evidenceMin;

const sameMeasurement = (left: DossierStatement, right: DossierStatement): boolean =>
  left.measurement !== undefined && left.measurement === right.measurement;

const sameValue = (left: DossierStatement, right: DossierStatement): boolean =>
  left.value === right.value && left.total === right.total;

/** Ids of the statements that give another value for the same measurement. */
export const contradictionsOf = (one: DossierStatement, all: readonly DossierStatement[]): readonly string[] =>
  all.filter((other) => sameMeasurement(one, other) && !sameValue(one, other)).map(({ id }) => id);

/** ISO dates compare as text. */
export const isExpired = ({ expires }: Pick<DossierStatement, "expires">, on: string): boolean => expires <= on;

/**
 * What becomes of a statement on a day. A contradiction between two valid statements takes both out of the verdict; what
 * nobody vouches for (E0) is shown beside but cannot take a documented value out.
 */
function stateOf(
  one: DossierStatement,
  all: readonly DossierStatement[],
  row: Criterion | undefined,
  on: string,
): StatementState {
  if (row === undefined) return "no-row";
  if (one.measurement !== undefined && !row.measurements.some(({ id }) => id === one.measurement)) return "no-row";
  if (isExpired(one, on)) return "expired";
  if (one.measurement === undefined) return "remark";
  if (rank(one.grade) < Math.max(rank("E1"), rank(demanded(row, one.measurement)))) return "too-weak";
  const against = contradictionsOf(one, all);
  const valid = all.filter((other) => against.includes(other.id) && other.grade !== "E0" && !isExpired(other, on));
  return valid.length > 0 ? "contradicting" : "counts";
}

function productOf(dossier: Dossier, rows: ReadonlyMap<string, Criterion>, on: string): AttestedProduct {
  const { id, title, vendor, licence, scope, file, statements } = dossier;
  return {
    id,
    title,
    vendor,
    licence,
    scope,
    file,
    statements: statements.map((one) => ({
      ...one,
      state: stateOf(one, statements, rows.get(one.criterion), on),
      contradicts: contradictionsOf(one, statements),
    })),
  };
}

/**
 * One record for each measurement: several documents that agree count once, with the best grade. A statement counts for its
 * own criterion only, so that each verdict shows what it rests on.
 */
function measurementsOf(product: AttestedProduct, criterion: string): ReadonlyMap<string, Measurement> {
  const counting = product.statements
    .filter((one) => one.criterion === criterion && one.state === "counts")
    .toSorted((left, right) => rank(left.grade) - rank(right.grade));
  return new Map(
    counting.flatMap(({ measurement, value, total, grade }): [string, Measurement][] => {
      if (measurement === undefined || value === undefined) return [];
      const place = { candidate: product.id, config: "hardened", scenario: "dossier", run: 1 } as const;
      return [
        [measurement, { id: measurement, value, ...place, ...(total !== undefined && { total }), grade, evidence: [] }],
      ];
    }),
  );
}

/** The run as a product sees it that was in none of its scenarios. */
function withoutJobs(run: RunFacts, rows: readonly Criterion[]): RunFacts {
  const scenarios = [...new Set(rows.flatMap((row) => row.scenarios))].map((id) => ({
    id,
    title: { de: id, en: id },
    verifies: rows.filter((row) => row.scenarios.includes(id)).map((row) => row.id),
  }));
  return { ...run, scenarios, plan: [], leftOut: [] };
}

/** A journal in which nothing was run, with what documents say about one criterion. */
function indexOf(product: AttestedProduct, criterion: string, run: RunFacts): JournalIndex {
  const records = measurementsOf(product, criterion);
  const index: JournalIndex = {
    run,
    outcome: "completed",
    attempts: () => [],
    measurements: (id, _candidate, config) => {
      const record = config === "hardened" ? records.get(id) : undefined;
      return record ? [record] : [];
    },
    gates: () => [],
    images: [],
    towards: () => index,
  };
  return index;
}

/** What a closed product can do nobody has seen: no ability is held against it, and none is taken as given. */
function factsOf({ id, title, vendor, licence }: AttestedProduct): CandidateFacts {
  return {
    id,
    title,
    vendor,
    licence,
    version: "",
    protocol: "attested",
    abilities,
    endEncryption: [],
    notes: [],
    deviations: { default: [], hardened: [] },
    configDiff: [],
  };
}

const open = (code: "document-too-weak" | "document-expired" | "documents-contradict", text: Localized): Outcome =>
  undecided("not-tested", code, text);

const listed = (items: readonly string[]): string => [...new Set(items)].join(", ");

/** Why the documents leave a row open, in the order in which a reader can do something about it. */
function openReason(row: Criterion, about: AttestedProduct["statements"]): Outcome {
  const of = (state: StatementState): AttestedProduct["statements"] => about.filter((one) => one.state === state);
  if (about.length === 0) {
    return undecided("not-tested", "no-document", {
      de: "Zu diesem Kriterium liegt kein Dokument vor; gemessen wurde das Produkt nicht.",
      en: "There is no document about this criterion; the product was not measured.",
    });
  }
  if (of("contradicting").length > 0) {
    const which = listed(of("contradicting").map(({ measurement = "" }) => measurement));
    return open("documents-contradict", {
      de: `Gültige Dokumente widersprechen sich (${which}); keines zählt.`,
      en: `Valid documents contradict each other (${which}); none counts.`,
    });
  }
  if (of("expired").length > 0 && of("counts").length === 0) {
    const days = listed(of("expired").map(({ expires }) => expires));
    return open("document-expired", {
      de: `Die Angaben der Dokumente galten am Tag des Prüflaufs nicht mehr (abgelaufen am ${days}).`,
      en: `What the documents attest no longer held on the day of the run (expired on ${days}).`,
    });
  }
  if (of("too-weak").length > 0) {
    const given = listed(of("too-weak").map(({ grade }) => grade));
    const needed = listed(of("too-weak").map(({ measurement = "" }) => demanded(row, measurement)));
    return open("document-too-weak", {
      de: `Dokumente vom Grad ${given} liegen vor, das Kriterium verlangt ${needed}${needed === "E4" ? " (gemessen)" : ""}.`,
      en: `There are documents of grade ${given}; the criterion demands ${needed}${needed === "E4" ? " (measured)" : ""}.`,
    });
  }
  if (row.evidenceMin === "E4") {
    return open("document-too-weak", {
      de: "Das Kriterium verlangt eine Messung (E4); was die Dokumente sagen, steht hier nur zur Information.",
      en: "The criterion demands a measurement (E4); what the documents say is listed for information.",
    });
  }
  return open("document-too-weak", {
    de: "Die vorliegenden Dokumente geben nicht alle Werte, die das Kriterium verlangt.",
    en: "The documents do not give every value that the criterion demands.",
  });
}

/**
 * The validity conditions of a row guard its measuring instrument (was the control message found?). They do not apply where
 * nothing but `attest.` values, which no instrument gives, is at hand.
 */
function readable(row: Criterion, index: JournalIndex): Criterion {
  const given = ruleReferences(row).filter(({ id }) => index.measurements(id, "", "hardened").length > 0);
  const paperOnly = given.length > 0 && given.every(({ id }) => id.startsWith("attest."));
  return paperOnly ? { ...row, valid: [] } : row;
}

const unproven: Proof = { state: "unproven", controls: [] };

interface Judged {
  readonly record: VerdictRecord;
  readonly statements: readonly string[];
}

function judgeRow(row: Criterion, product: AttestedProduct, run: RunFacts, declarations: Declarations): Judged {
  const candidate = factsOf(product);
  const index = indexOf(product, row.id, run);
  const cell: Cell = { row: readable(row, index), candidate, base: "hardened", plain: false, index, declarations };
  const about = product.statements.filter(({ criterion }) => criterion === row.id);
  const assessment = assess(cell);
  const decided = isTested(assessment.outcome) || assessment.outcome.verdict === "not-applicable";
  const outcome = decided ? assessment.outcome : { ...assessment.outcome, ...openReason(row, about) };
  const record = writeRecord(cell, { outcome, runs: [1] }, true, unproven);
  return { record, statements: about.map(({ id }) => id) };
}

/** Throws `harness-fault` for a verdict that claims to be measured: no document may ever make one. */
function attestedVerdict({ record, statements }: Judged): AttestedVerdict {
  const { criterion, candidate, verdict, points, reason, arithmetic, conditions, measurements, grade } = record;
  if (grade === "E4") {
    throw new HarnessError("harness-fault", `A dossier gave ${candidate} a measured verdict on ${criterion}.`);
  }
  return { criterion, candidate, verdict, points, reason, arithmetic, conditions, measurements, grade, statements };
}

/**
 * Dossiers + catalogue → attested columns. Pure, and apart from the measured verdicts: the same rules read the documents'
 * values, of which only those with the grade a row demands count. Everything else is `not-tested` with the reason.
 */
export function judgeDossiers(
  dossiers: readonly Dossier[],
  rows: readonly Criterion[],
  { groups, measurements }: Pick<Catalogue, "groups" | "measurements">,
  run: RunFacts,
): Attested {
  const on = run.startedAt.slice(0, 10);
  const byId = new Map(rows.map((row) => [row.id, row]));
  const declarations: Declarations = new Map(measurements.map((one) => [one.id, one]));
  const products = dossiers.map((dossier) => productOf(dossier, byId, on));
  const idle = withoutJobs(run, rows);
  const judged = products.map((product) => rows.map((row) => judgeRow(row, product, idle, declarations)));
  return {
    on,
    products,
    verdicts: judged.flat().map(attestedVerdict),
    totals: products.map(({ id }, place) =>
      totalOf(
        id,
        rows,
        groups,
        (judged[place] ?? []).map(({ record }) => record),
      ),
    ),
  };
}
