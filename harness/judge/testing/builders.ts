import { parseCatalogue } from "../../catalogue/load.ts";
import type { ProfileChoice } from "../../catalogue/load.ts";
import type { ConfigName } from "../../model/candidate.ts";
import { abilities } from "../../model/candidate.ts";
import type { ProofRecord } from "../../model/control.ts";
import type { Catalogue } from "../../model/criterion.ts";
import type { CandidateFacts, Fault, JournalEntry, JournalEvent, RunFacts } from "../../model/journal.ts";
import type { Measurement, MeasurementValue } from "../../model/measurement.ts";
import type { Result, VerdictRecord } from "../../model/result.ts";
import { judge } from "../judge.ts";
import type { JudgeInput } from "../judge.ts";

/** Builders for tests: small journals and catalogues that say only what the test is about. */

const someTitle = "{ de: Titel, en: title }";

/** Measurements of the small catalogue; each test may use any of them. */
const declared = `
  x.count: { type: count, title: { de: Zahl, en: count } }
  x.hits: { type: count, title: { de: Treffer, en: hits } }
  x.time: { type: duration, unit: s, title: { de: Zeit, en: time } }
  x.rate: { type: number, unit: msg/s, title: { de: Rate, en: rate } }
  x.flag: { type: boolean, title: { de: Merkmal, en: flag } }
  x.other: { type: boolean, title: { de: Anderes, en: other } }
  attest.paper: { type: boolean, title: { de: Dokument, en: document } }
  attest.more: { type: boolean, title: { de: Weiteres Dokument, en: further document } }
`;

export interface RowText {
  readonly id?: string;
  /** Flow or block YAML of the keys that matter to the test, each on its own line, without indentation. */
  readonly keys: readonly string[];
}

/** A row of type A or B with everything a row must have; `keys` overrides by being there. */
export function aRow({ id = "T-01", keys }: RowText): string {
  const given = (key: string): boolean => keys.some((line) => line.startsWith(`${key}:`));
  const fallback = (key: string, text: string): readonly string[] => (given(key) ? [] : [`${key}: ${text}`]);
  const type = given("pass") ? "{ type: A }" : "{ type: B, gp: 10 }";
  const lines = [
    `id: ${id}`,
    ...fallback("title", someTitle),
    ...fallback("group", "T"),
    ...fallback("source", "[{ clause: c, kind: house }]"),
    ...fallback("ufab", type),
    ...fallback("method", "[auto-server]"),
    ...fallback("scenarios", "[SZ-01]"),
    ...fallback("config", "hardened"),
    ...fallback("evidence_min", "E4"),
    ...fallback("rule_text", someTitle),
    ...keys,
  ];
  return `  - ${lines.join("\n    ")}\n`;
}

export function catalogueText(rows: readonly string[], measurements: string = declared): string {
  return `version: 1
groups:
  - { id: T, title: { de: Transport, en: transport } }
  - { id: D, title: { de: Datenschutz, en: privacy } }
profiles:
  interministerial: { default: true, title: ${someTitle} }
  market-survey: { title: ${someTitle} }
measurements:${measurements}
criteria:
${rows.join("")}`;
}

export const aCatalogue = (rows: readonly RowText[], choice: ProfileChoice = {}): Catalogue =>
  parseCatalogue(catalogueText(rows.map(aRow)), "criteria.yaml", choice);

export function aCandidate(overrides: Partial<CandidateFacts> = {}): CandidateFacts {
  return {
    id: "alpha",
    title: "Alpha",
    vendor: "Vendor",
    licence: "MIT",
    version: "1.0",
    protocol: "xmpp",
    abilities,
    endEncryption: [],
    notes: [],
    deviations: { default: [], hardened: [] },
    configDiff: [],
    ...overrides,
  };
}

export function aRun(overrides: Partial<RunFacts> = {}): RunFacts {
  return {
    id: "run-1",
    startedAt: "2026-11-23T10:00:00.000Z",
    seed: "seed",
    profile: "interministerial",
    command: "pruefstand run",
    harness: { version: "0.1.0", commit: "0000000", dirty: false },
    catalogue: { path: "criteria.yaml", sha256: "" },
    host: { os: "Debian", kernel: "6", cpu: "cpu", cores: 2, memoryBytes: 1, node: "24", docker: "20" },
    candidates: [aCandidate()],
    scenarios: [{ id: "SZ-01", title: { de: "Szenario", en: "scenario" }, verifies: ["T-01", "T-02", "T-03"] }],
    repeat: 1,
    compression: [],
    ...overrides,
  };
}

function aMeasurement(overrides: Partial<Measurement> & Pick<Measurement, "id" | "value">): Measurement {
  return {
    candidate: "alpha",
    config: "hardened",
    scenario: "SZ-01",
    run: 1,
    grade: "E4",
    evidence: [`evidence/${overrides.id}.txt`],
    ...overrides,
  };
}

/** A value, or a value with more said about it. */
export type Given = MeasurementValue | (Partial<Measurement> & { readonly value: MeasurementValue });

export interface ScenarioRun {
  readonly scenario?: string;
  readonly candidate?: string;
  readonly config?: ConfigName;
  readonly run?: number;
  readonly params?: Readonly<Record<string, number>>;
  readonly values?: Readonly<Record<string, Given>>;
  /** Default: both controls held. */
  readonly controls?: { readonly positive?: boolean; readonly negative?: boolean };
  readonly fault?: Fault;
  /** True: the journal ends while it runs. */
  readonly unfinished?: boolean;
}

/** Events of one execution of a scenario. */
export function scenarioRun(given: ScenarioRun = {}): readonly JournalEvent[] {
  const { scenario = "SZ-01", candidate = "alpha", config = "hardened", run = 1, params = {}, values = {} } = given;
  const { controls = { positive: true, negative: true }, fault, unfinished = false } = given;
  const place = { scenario, candidate, config, run };
  const measured = Object.entries(values).map(([id, value]) =>
    aMeasurement({ ...place, id, ...(typeof value === "object" && value !== null ? value : { value }) }),
  );
  const held = Object.entries(controls).map(([kind, value]) =>
    aMeasurement({ ...place, id: `control.${scenario.toLowerCase()}.${kind}`, value }),
  );
  const ended: JournalEvent = {
    type: "scenario-ended",
    ...place,
    outcome: fault ? "failed" : "completed",
    ...(fault && { fault }),
    tookMs: 1,
  };
  return [
    { type: "scenario-started", ...place, params },
    ...[...measured, ...held].map((measurement): JournalEvent => ({ type: "measurement", measurement })),
    ...(unfinished ? [] : [ended]),
  ];
}

/** A journal of a run that ended as said; `unfinished` = the journal just stops. */
export function aJournal(
  parts: readonly (readonly JournalEvent[])[],
  run: RunFacts = aRun(),
  outcome: Result["runOutcome"] = "completed",
): readonly JournalEntry[] {
  const events: readonly JournalEvent[] = [
    { type: "run-started", version: 1, run },
    ...parts.flat(),
    ...(outcome === "unfinished" ? [] : [{ type: "run-ended", outcome } as const]),
  ];
  return events.map((event, seq) => ({ ...event, seq, at: run.startedAt, previous: "" }));
}

export const aProof = (overrides: Partial<ProofRecord> = {}): ProofRecord => ({
  control: "T-01-broken-alpha",
  criterion: "T-01",
  scenario: "SZ-01",
  candidate: "alpha",
  protocol: "xmpp",
  outcome: "caught",
  expected: "not-met",
  observed: "not-met",
  note: "",
  at: "2026-11-20T10:00:00.000Z",
  subject: "s1",
  ...overrides,
});

export const judged = (
  catalogue: Catalogue,
  entries: readonly JournalEntry[],
  more: Partial<JudgeInput> = {},
): Result => judge({ entries, catalogue, journalSha256: "j", proofs: [], ...more });

/** The deciding record of a row for the first candidate. */
export function verdictOf(result: Result, criterion = "T-01", candidate = "alpha"): VerdictRecord {
  const record = result.verdicts.find(
    (one) => one.criterion === criterion && one.candidate === candidate && one.decides,
  );
  if (!record) throw new Error(`no deciding record for ${criterion} of ${candidate}`);
  return record;
}

/** One row, one scenario run with these values, judged. */
export const judgeOne = (keys: readonly string[], ...runs: readonly ScenarioRun[]): VerdictRecord =>
  verdictOf(judged(aCatalogue([{ keys }]), aJournal(runs.map(scenarioRun))));
