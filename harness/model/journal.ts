import type { ConfigName } from "./candidate.ts";
import type { ErrorCode } from "./errors.ts";
import type { Measurement } from "./measurement.ts";
import type { PartnerKind } from "./partners.ts";

/** Version of the entry shapes below; readers refuse newer ones. */
export const journalVersion = 1;

export interface ImageFacts {
  /** Whose image it is, where it is not that of the deployed candidate but of its partner. */
  readonly candidate?: string;
  readonly service: string;
  readonly tag: string;
  /** Content address of the image as the daemon knows it. */
  readonly digest: string;
  /** name → version of installed packages. */
  readonly packages: Readonly<Record<string, string>>;
}

/** What a run writes, in order. One JSON object a line. */
export type JournalEvent =
  | { readonly type: "run-started"; readonly version: typeof journalVersion; readonly run: RunFacts }
  | {
      readonly type: "deployed";
      readonly candidate: string;
      readonly config: ConfigName;
      readonly scenario: string;
      /** Id of the other candidate, where the servers are a pair. */
      readonly partner?: string;
      readonly servers: readonly string[];
      readonly images: readonly ImageFacts[];
      readonly tookMs: number;
    }
  | {
      readonly type: "scenario-started";
      readonly scenario: string;
      readonly candidate: string;
      readonly config: ConfigName;
      readonly run: number;
      readonly partner?: string;
      /** What is measured on the pair counts for the partner as well. */
      readonly mutual?: true;
      readonly params: Readonly<Record<string, number>>;
    }
  | {
      readonly type: "step";
      readonly scenario: string;
      readonly candidate: string;
      readonly config: ConfigName;
      readonly run: number;
      readonly partner?: string;
      readonly title: string;
      readonly tookMs: number;
      readonly error?: Fault;
    }
  | { readonly type: "measurement"; readonly measurement: Measurement }
  | {
      readonly type: "evidence";
      readonly scenario: string;
      readonly candidate: string;
      readonly config: ConfigName;
      readonly partner?: string;
      readonly path: string;
      readonly sha256: string;
      readonly bytes: number;
    }
  | {
      readonly type: "scenario-ended";
      readonly scenario: string;
      readonly candidate: string;
      readonly config: ConfigName;
      readonly run: number;
      readonly partner?: string;
      readonly outcome: "completed" | "failed";
      readonly fault?: Fault;
      readonly tookMs: number;
      /** Waited for the machine; not part of `tookMs`. */
      readonly waitedMs?: number;
    }
  | { readonly type: "run-ended"; readonly outcome: "completed" | "interrupted" };

/** Why a scenario gave no verdict: belongs to us or to the lab, never to the candidate. */
export interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly step?: string;
}

/** A line of journal.jsonl: the event, its number, its time, and the SHA-256 of the line before ("" for the first). */
export type JournalEntry = JournalEvent & { readonly seq: number; readonly at: string; readonly previous: string };

/** Facts fixed before anything runs; run.json holds the same. */
export interface RunFacts {
  readonly id: string;
  readonly startedAt: string;
  readonly seed: string;
  readonly profile: string;
  readonly command: string;
  readonly harness: { readonly version: string; readonly commit: string; readonly dirty: boolean };
  readonly catalogue: { readonly path: string; readonly sha256: string };
  readonly host: {
    readonly os: string;
    readonly kernel: string;
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly node: string;
    readonly docker: string;
  };
  readonly candidates: readonly CandidateFacts[];
  readonly scenarios: readonly {
    readonly id: string;
    readonly title: { readonly de: string; readonly en: string };
    readonly verifies: readonly string[];
    /** It runs on pairs of candidates. */
    readonly partners?: PartnerKind;
  }[];
  /** What this run was going to measure. Absent: every scenario above on both configurations of every candidate. */
  readonly plan?: readonly {
    readonly scenario: string;
    readonly candidate: string;
    readonly config: ConfigName;
    readonly partner?: string;
  }[];
  /** Scenarios the bench has but this plan left out: their rows are "not in plan", not "no scenario yet". */
  readonly leftOut?: readonly { readonly id: string; readonly verifies: readonly string[] }[];
  /** `quick`: hardened only, no load; `standard`: compressed; `full`: nothing compressed, both configurations. */
  readonly size?: "quick" | "standard" | "full";
  readonly repeat: number;
  /** Compressed parameters: row, parameter, planned value, used value, factor. Printed in the report. */
  readonly compression: readonly {
    readonly criterion: string;
    readonly parameter: string;
    readonly full: number;
    readonly used: number;
    readonly factor: number;
  }[];
}

/** What the report says about a candidate without asking its code. */
export interface CandidateFacts {
  readonly id: string;
  readonly title: string;
  readonly vendor: string;
  readonly licence: string;
  readonly version: string;
  readonly implementation?: string;
  readonly released?: string;
  readonly protocol: string;
  readonly abilities: readonly string[];
  readonly endEncryption: readonly string[];
  readonly notes: readonly { readonly de: string; readonly en: string }[];
  readonly deviations: Readonly<
    Record<
      ConfigName,
      readonly {
        readonly setting: string;
        readonly from: string;
        readonly to: string;
        readonly why: { readonly de: string; readonly en: string };
        readonly kind: "lab" | "hardening";
      }[]
    >
  >;
  /** Unified diff default → hardened per file. */
  readonly configDiff: readonly { readonly path: string; readonly diff: string }[];
}
