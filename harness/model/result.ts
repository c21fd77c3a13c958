import type { ConfigName } from "./candidate.ts";
import type { DocumentGrade, DossierStatement, StatementState } from "./dossier.ts";
import type { ProofRecord } from "./control.ts";
import type { RunFacts, Fault, ImageFacts } from "./journal.ts";
import type { MeasurementValue } from "./measurement.ts";
import type { Localized } from "./text.ts";
import type { Grade, ReasonCode, VerdictWord } from "./verdict.ts";

/** A measurement as a verdict used it. */
export interface UsedMeasurement {
  readonly id: string;
  readonly config: ConfigName;
  readonly value: MeasurementValue;
  readonly unit?: string;
  readonly total?: number;
  readonly censored?: boolean;
  readonly notApplicable?: string;
  readonly missingAbility?: string;
  readonly note?: string;
  /** All repetitions, in order, where there is more than one. */
  readonly values?: readonly MeasurementValue[];
  /** `rule`: decides; `report`: printed only; `valid`, `control`: gates. */
  readonly role: "rule" | "report" | "valid" | "control";
}

export interface Proof {
  readonly state: "proven" | "unproven" | "stale" | "missed";
  /** ISO time of the last proof; absent when never proven. */
  readonly at?: string;
  readonly controls: readonly string[];
}

/** One flat verdict: criterion × candidate × configuration. */
export interface VerdictRecord {
  readonly criterion: string;
  readonly candidate: string;
  /** `hardened` decides; `default` is the plain column "Auslieferungszustand". */
  readonly config: ConfigName;
  /** False for the default column of a row judged on hardened. */
  readonly decides: boolean;
  readonly verdict: VerdictWord;
  /** 0..10 for B rows, null for A rows and where nothing was tested. */
  readonly points: number | null;
  readonly reason: { readonly code: ReasonCode; readonly text: Localized };
  /** value → BP → BP × GP = LP with the numbers put in; empty texts for A rows and where nothing was tested. */
  readonly arithmetic: Localized;
  /** The conditions of the rule as written, each with what came; `held` is null where it could not be decided or was skipped. */
  readonly conditions: readonly {
    readonly text: string;
    readonly held: boolean | null;
    readonly observed: Localized;
  }[];
  readonly measurements: readonly UsedMeasurement[];
  readonly evidence: readonly string[];
  readonly grade: Grade;
  readonly proof: Proof;
  /** Set when repetitions gave different verdicts ("instabil"). */
  readonly unstable?: { readonly verdicts: readonly VerdictWord[] };
  /** Of a row that is measured between products: what came with each partner; one of them decided. */
  readonly partners?: readonly PartnerVerdict[];
  readonly faults: readonly Fault[];
}

/** What a row says about a product and one partner. */
export interface PartnerVerdict extends Pick<
  VerdictRecord,
  "verdict" | "points" | "reason" | "measurements" | "evidence"
> {
  /** Id of the other candidate. */
  readonly partner: string;
  /** True for the pair that decided. */
  readonly decides: boolean;
}

/** A criterion as the report prints it. */
export interface CriterionFacts {
  readonly id: string;
  readonly group: string;
  readonly title: Localized;
  readonly type: "A" | "B";
  readonly gp: number;
  readonly minimum?: number;
  readonly sources: readonly {
    readonly norm?: string;
    readonly clause: string;
    readonly kind: "norm" | "house";
    readonly verified: string;
    readonly confidence?: string;
  }[];
  readonly ruleText: Localized;
  readonly scenarios: readonly string[];
  readonly method: readonly string[];
  readonly config: ConfigName | "both";
  readonly note?: Localized;
}

export interface CandidateTotal {
  readonly candidate: string;
  /** Excluded: an A row is not met (or a minimum is missed). Open: an A row is not tested or inconclusive. */
  readonly standing: "eligible" | "excluded" | "open";
  readonly excludedBy: readonly string[];
  readonly openRows: readonly string[];
  readonly points: number;
  readonly maxPoints: number;
  readonly groups: readonly { readonly group: string; readonly points: number; readonly maxPoints: number }[];
  readonly grades: Readonly<Record<Grade, { readonly a: number; readonly points: number }>>;
  /** k of n required (A) criteria were tested. */
  readonly requiredTested: { readonly tested: number; readonly required: number };
}

/** Value figures of UfAB 2018 by name; the formula is printed too, because names differ in practice. */
export const awardMethods = ["einfach", "erweitert", "median", "referenz"] as const;
export type AwardMethod = (typeof awardMethods)[number];

/** What an awarding authority fixes and publishes before the offers. */
export interface AwardTerms {
  readonly method: AwardMethod;
  /** s of `erweitert`, in percent. */
  readonly bandPercent: number;
  /** Decides inside the band: "L" score, "P" price, "group:<id>" the score of one group. */
  readonly criterion: string;
  /** Shares of `median` and `referenz`, together 1. */
  readonly weights?: { readonly performance: number; readonly price: number };
  /** Reference values of `referenz`: score and EUR. */
  readonly reference?: { readonly performance: number; readonly price: number };
}

/** A checked price file. */
export interface PriceList {
  /** Name of the file, without its folder. */
  readonly name: string;
  readonly sha256: string;
  readonly terms: AwardTerms;
  /** EUR, life-cycle cost included, by candidate; above 0. */
  readonly prices: Readonly<Record<string, number>>;
}

/** Ranks as sets: candidates with equal figures share a place. */
export type Places = readonly (readonly string[])[];

/** A change of weight or band that changes an order or a leader. */
export interface Flip {
  readonly change:
    | { readonly kind: "weight"; readonly group: string; readonly percent: number }
    | { readonly kind: "band"; readonly percent: number };
  readonly before: Places;
  readonly after: Places;
}

/** Does the ranking by score flip when one group weighs 20 % more or less? Excluded products are not in it. */
export interface Sensitivity {
  readonly ranking: Places;
  readonly weightFlips: readonly Flip[];
}

export interface AwardOffer {
  readonly candidate: string;
  readonly standing: CandidateTotal["standing"];
  readonly performance: number;
  /** EUR; null where the price file names none. */
  readonly price: number | null;
  /** Z; null without a price. For excluded products for information only. */
  readonly value: number | null;
  /** The formula with the numbers put in; empty texts without a price. */
  readonly formula: Localized;
  readonly inBand: boolean;
}

/** Figures after UfAB 2018; only with a price file. */
export interface Award {
  readonly terms: AwardTerms;
  readonly priceFile: { readonly name: string; readonly sha256: string };
  /** By value; products without a price and excluded ones last. */
  readonly offers: readonly AwardOffer[];
  readonly band?: { readonly from: number; readonly formula: Localized };
  /** More than one on a tie, none when no offer has a figure above nothing. */
  readonly leading: readonly string[];
  /** Changes of one weight by ±20 %, or of s from 0 to 10 %, that give another leading product. */
  readonly leaderFlips: readonly Flip[];
  /** Changes of one weight by ±20 % that give another order by Z. */
  readonly orderFlips: readonly Flip[];
}

/** A statement of a dossier and what became of it in this judgement. */
export interface AttestedStatement extends DossierStatement {
  readonly state: StatementState;
  /** Ids of the statements that give another value for the same measurement, whatever their grade. */
  readonly contradicts: readonly string[];
}

/** A product that the bench cannot run, known from documents only. */
export interface AttestedProduct {
  readonly id: string;
  readonly title: string;
  readonly vendor: string;
  readonly licence: string;
  readonly scope: Localized;
  readonly file: { readonly name: string; readonly sha256: string };
  readonly statements: readonly AttestedStatement[];
}

/** One verdict that rests on documents alone. It stands apart from {@link VerdictRecord} everywhere and is never E4. */
export interface AttestedVerdict extends Pick<
  VerdictRecord,
  "criterion" | "candidate" | "verdict" | "points" | "reason" | "arithmetic" | "conditions" | "measurements"
> {
  readonly grade: DocumentGrade;
  /** Ids of all statements about this row, also of those that did not count. */
  readonly statements: readonly string[];
}

/** The attested columns. Their totals are for information: they are in no ranking and in no award figure. */
export interface Attested {
  /** Day on which expiry was looked at: that of the run. */
  readonly on: string;
  readonly products: readonly AttestedProduct[];
  readonly verdicts: readonly AttestedVerdict[];
  readonly totals: readonly CandidateTotal[];
}

/** result.json. A pure function of journal, catalogue, profile and proofs. */
export interface Result {
  readonly schema: "pruefstand-result-1";
  readonly run: RunFacts;
  readonly profile: string;
  /** Set when the profile came from a file of its own. */
  readonly profileFile?: { readonly name: string; readonly sha256: string };
  readonly catalogueSha256: string;
  readonly journalSha256: string;
  readonly runOutcome: "completed" | "interrupted" | "unfinished";
  readonly criteria: readonly CriterionFacts[];
  readonly groups: readonly { readonly id: string; readonly title: Localized }[];
  readonly verdicts: readonly VerdictRecord[];
  readonly totals: readonly CandidateTotal[];
  /** Absent where fewer than two products are in the ranking. */
  readonly sensitivity?: Sensitivity;
  readonly award?: Award;
  /** Absent where the run took no dossiers in. */
  readonly attested?: Attested;
  readonly images: readonly (ImageFacts & { readonly candidate: string })[];
  readonly measurements: readonly {
    readonly id: string;
    readonly type: string;
    readonly unit?: string;
    readonly title: Localized;
  }[];
}

/** Latency curves and the like: evidence a report turns into pictures. `evidence/<…>/*.chart.json` */
export interface ChartData {
  readonly kind: "percentiles" | "timeline" | "knee" | "deliveries";
  readonly title: Localized;
  readonly candidate: string;
  readonly config: ConfigName;
  readonly unit: string;
  readonly points: readonly (readonly [number, number | null])[];
  readonly xLabel: Localized;
}

export interface OutputFile {
  /** Relative to the run's report folder. */
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** How long one scenario took on one product: a line of the timetable, taken from the journal. */
export interface JobTime {
  readonly scenario: string;
  readonly candidate: string;
  readonly config: ConfigName;
  readonly run: number;
  readonly outcome: "completed" | "failed";
  readonly tookMs: number;
}

/** Everything a renderer may read: equal input gives equal bytes. */
export interface ReportInput {
  readonly result: Result;
  readonly charts: readonly ChartData[];
  /** In journal order. */
  readonly jobs?: readonly JobTime[];
  /** The last proof of each control (`pruefstand prove`), for the proofs annex. */
  readonly proofs?: readonly ProofRecord[];
  /** Hashes of the evidence files as journaled; `path` is below the run folder. */
  readonly evidence?: readonly { readonly path: string; readonly sha256: string; readonly bytes: number }[];
}

export interface Renderer {
  readonly format: string;
  render(input: ReportInput): AsyncIterable<OutputFile> | Iterable<OutputFile>;
}

/** A page to be printed as a PDF with tags, bookmarks made of its headings, and page numbers. */
export interface PrintJob {
  /** Complete, self-contained HTML with a title and a language. */
  readonly html: string;
  /** Text at the head of each page. */
  readonly header: string;
  /** Words around the page numbers, "Seite {page} von {pages}". */
  readonly pageOfPages: string;
}

/** Prints pages. Throws `environment` where there is no browser, `deadline` when it takes too long. */
export interface PagePrinter {
  print(job: PrintJob): Promise<Uint8Array>;
}
