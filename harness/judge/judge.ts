import type { Catalogue, Criterion } from "../model/criterion.ts";
import type { ProofRecord } from "../model/control.ts";
import type { Dossier } from "../model/dossier.ts";
import type { JournalEntry } from "../model/journal.ts";
import type { CriterionFacts, PriceList, Proof, Result, VerdictRecord } from "../model/result.ts";
import { assess } from "./assess.ts";
import { judgeDossiers } from "./attested.ts";
import { awardOf, sensitivityOf } from "./award.ts";
import { indexJournal } from "./journal-index.ts";
import type { Subjects } from "./proofs.ts";
import { pairRecord } from "./pairs.ts";
import { proofOf } from "./proofs.ts";
import { writeRecord } from "./record.ts";
import { totalOf } from "./totals.ts";
import type { Cell } from "./view.ts";
import type { Declarations } from "./wording.ts";

export interface JudgeInput {
  readonly entries: readonly JournalEntry[];
  /** SHA-256 of journal.jsonl as it lies on disk; printed beside the verdicts. */
  readonly journalSha256: string;
  readonly catalogue: Catalogue;
  readonly proofs: readonly ProofRecord[];
  /** What the proofs would have to be about today; absent: staleness is not checked. */
  readonly subjects?: Subjects;
  /** Prices and award terms; without them no value figure is computed. */
  readonly prices?: PriceList;
  /** What documents say about closed products; judged apart from what was measured. */
  readonly dossiers?: readonly Dossier[];
}

/**
 * Journal + catalogue → verdicts. Pure: no clock, no files; equal input gives equal output, and the order of entries of
 * different scenarios does not matter. Candidates and rows keep the order of run and catalogue.
 * @throws HarnessError `bad-input` when the journal does not say what was run.
 */
export function judge({
  entries,
  journalSha256,
  catalogue,
  proofs,
  subjects,
  prices,
  dossiers = [],
}: JudgeInput): Result {
  const index = indexJournal(entries);
  const rows = catalogue.criteria.filter(({ active, dropped }) => active || dropped);
  const declarations: Declarations = new Map(catalogue.measurements.map((one) => [one.id, one]));
  const verdicts = index.run.candidates.flatMap((candidate) =>
    rows.flatMap((row) => {
      const proof = proofOf(row.id, candidate.protocol, proofs, subjects);
      return recordsOf({ row, candidate, index, declarations }, proof);
    }),
  );
  const totals = index.run.candidates.map(({ id }) => totalOf(id, rows, catalogue.groups, verdicts));
  const sensitivity = sensitivityOf(totals);
  return {
    schema: "pruefstand-result-1",
    run: index.run,
    profile: catalogue.profile,
    ...(catalogue.profileFile && { profileFile: catalogue.profileFile }),
    catalogueSha256: catalogue.sha256,
    journalSha256,
    runOutcome: index.outcome,
    criteria: rows.map(factsOf),
    groups: catalogue.groups,
    verdicts,
    totals,
    ...(sensitivity && { sensitivity }),
    ...(prices && { award: awardOf(totals, prices) }),
    ...(dossiers.length > 0 && { attested: judgeDossiers(dossiers, rows, catalogue, index.run) }),
    images: index.images,
    measurements: catalogue.measurements.map(({ id, type, unit, title }) => ({
      id,
      type,
      ...(unit !== undefined && { unit }),
      title,
    })),
  };
}

/** The deciding record and, for rows shown on both configurations, the plain column "as shipped". */
function recordsOf(place: Omit<Cell, "base" | "plain">, proof: Proof): readonly VerdictRecord[] {
  const { row } = place;
  const deciding: Cell = { ...place, base: row.config === "default" ? "default" : "hardened", plain: false };
  const decided = pairRecord(deciding, proof) ?? writeRecord(deciding, assess(deciding), true, proof);
  if (row.config !== "both" || row.dropped) return [decided];
  const shipped: Cell = { ...place, base: "default", plain: true };
  return [decided, writeRecord(shipped, assess(shipped), false, proof)];
}

/** A row as the report prints it. */
export function factsOf(row: Criterion): CriterionFacts {
  const { id, group, title, ufab, sources, ruleText, scenarios, method, config } = row;
  const note = row.untested ?? row.note;
  return {
    id,
    group,
    title,
    type: ufab.type,
    gp: ufab.type === "B" ? ufab.gp : 0,
    ...(ufab.type === "B" && ufab.minimum !== undefined && { minimum: ufab.minimum }),
    sources,
    ruleText,
    scenarios,
    method,
    config,
    ...(note !== undefined && { note }),
  };
}
