import type { ConfigName } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import type { Fault, ImageFacts, JournalEntry, RunFacts } from "../model/journal.ts";
import type { Measurement } from "../model/measurement.ts";
import type { Result } from "../model/result.ts";

/** One execution of a scenario: candidate, configuration, repetition. */
export interface Attempt {
  readonly scenario: string;
  readonly candidate: string;
  readonly config: ConfigName;
  readonly run: number;
  /** The other candidate of a pair. */
  readonly partner?: string;
  readonly params: Readonly<Record<string, number>>;
  /** Absent: it was still running when the journal ends. */
  readonly ended?: { readonly outcome: "completed" | "failed"; readonly fault?: Fault };
}

/** A journal by what the judge asks for. */
export interface JournalIndex {
  readonly run: RunFacts;
  readonly outcome: Result["runOutcome"];
  attempts(scenario: string, candidate: string, config: ConfigName): readonly Attempt[];
  /** All records of one measurement for one candidate and configuration, in journal order. */
  measurements(id: string, candidate: string, config: ConfigName): readonly Measurement[];
  /** All `gate.*` records of a candidate and configuration: few, and their ids are not declared anywhere. */
  gates(candidate: string, config: ConfigName): readonly Measurement[];
  readonly images: Result["images"];
  /** The same journal without what was measured with other partners. */
  towards(partner: string): JournalIndex;
}

const keyOf = (...parts: readonly (string | number)[]): string => parts.join("\u0000");

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** @throws HarnessError `bad-input` when the journal has no run-started entry. */
export function indexJournal(entries: readonly JournalEntry[]): JournalIndex {
  const attempts = new Map<string, Attempt[]>();
  const measurements = new Map<string, Measurement[]>();
  const gates = new Map<string, Measurement[]>();
  const mutual = new Set<string>();
  const images = new Map<string, ImageFacts & { readonly candidate: string }>();
  let run: RunFacts | undefined;
  let outcome: Result["runOutcome"] = "unfinished";
  for (const entry of entries) {
    switch (entry.type) {
      case "run-started":
        run = entry.run;
        break;
      case "run-ended":
        ({ outcome } = entry);
        break;
      case "deployed":
        for (const image of entry.images) {
          const candidate = image.candidate ?? entry.candidate;
          images.set(keyOf(candidate, image.service, image.digest), { ...image, candidate });
        }
        break;
      case "scenario-started":
        if (entry.mutual === true) mutual.add(pairKey(entry));
        for (const each of bothWays(entry, mutual)) {
          push(attempts, keyOf(each.scenario, each.candidate, each.config), attemptOf(each));
        }
        break;
      case "scenario-ended":
        for (const each of bothWays(entry, mutual)) {
          end(attempts.get(keyOf(each.scenario, each.candidate, each.config)) ?? [], each);
        }
        break;
      case "measurement":
        for (const each of bothWays(entry.measurement, mutual)) {
          push(measurements, keyOf(each.id, each.candidate, each.config), each);
          if (each.id.startsWith("gate.")) push(gates, keyOf(each.candidate, each.config), each);
        }
        break;
      case "step":
      case "evidence":
        break;
    }
  }
  if (!run) {
    throw new HarnessError("bad-input", "The journal has no run-started entry, so nobody can say what was run.", {
      hint: "Give the folder of a run whose journal.jsonl starts with run-started.",
    });
  }
  const facts = {
    run,
    outcome,
    images: [...images.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, image]) => image),
  };
  const view = (partner: string | undefined): JournalIndex => ({
    ...facts,
    attempts: (scenario, candidate, config) => only(attempts.get(keyOf(scenario, candidate, config)), partner),
    measurements: (id, candidate, config) => only(measurements.get(keyOf(id, candidate, config)), partner),
    gates: (candidate, config) => only(gates.get(keyOf(candidate, config)), partner),
    towards: view,
  });
  return view(undefined);
}

/** What may belong to a pair of candidates. */
interface OfPair {
  readonly scenario: string;
  readonly candidate: string;
  readonly config: ConfigName;
  readonly run: number;
  readonly partner?: string;
}

const pairKey = ({ scenario, candidate, config, run, partner = "" }: OfPair): string =>
  keyOf(scenario, candidate, config, run, partner);

/** A fact about a pair that counts for both is a fact about each with the other one as its partner. */
function bothWays<T extends OfPair>(fact: T, mutual: ReadonlySet<string>): readonly T[] {
  if (fact.partner === undefined || !mutual.has(pairKey(fact))) return [fact];
  return [fact, { ...fact, candidate: fact.partner, partner: fact.candidate }];
}

function only<T extends { readonly partner?: string }>(
  facts: readonly T[] | undefined,
  partner: string | undefined,
): readonly T[] {
  if (facts === undefined || partner === undefined) return facts ?? [];
  return facts.filter((fact) => fact.partner === undefined || fact.partner === partner);
}

function attemptOf({
  scenario,
  candidate,
  config,
  run,
  partner,
  params,
}: Extract<JournalEntry, { type: "scenario-started" }>): Attempt {
  return { scenario, candidate, config, run, ...(partner !== undefined && { partner }), params };
}

/** The end belongs to the last start of the same repetition that has none yet. */
function end(list: Attempt[], entry: Extract<JournalEntry, { type: "scenario-ended" }>): void {
  const index = list.findLastIndex(
    ({ run, partner, ended }) => run === entry.run && partner === entry.partner && !ended,
  );
  const attempt = list[index];
  if (!attempt) return;
  const { outcome, fault } = entry;
  list[index] = { ...attempt, ended: { outcome, ...(fault && { fault }) } };
}
