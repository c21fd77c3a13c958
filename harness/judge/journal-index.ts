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
          images.set(keyOf(entry.candidate, image.service, image.digest), { ...image, candidate: entry.candidate });
        }
        break;
      case "scenario-started":
        push(attempts, keyOf(entry.scenario, entry.candidate, entry.config), attemptOf(entry));
        break;
      case "scenario-ended":
        end(attempts.get(keyOf(entry.scenario, entry.candidate, entry.config)) ?? [], entry);
        break;
      case "measurement": {
        const { measurement } = entry;
        push(measurements, keyOf(measurement.id, measurement.candidate, measurement.config), measurement);
        if (measurement.id.startsWith("gate.")) {
          push(gates, keyOf(measurement.candidate, measurement.config), measurement);
        }
        break;
      }
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
  return {
    run,
    outcome,
    attempts: (scenario, candidate, config) => attempts.get(keyOf(scenario, candidate, config)) ?? [],
    measurements: (id, candidate, config) => measurements.get(keyOf(id, candidate, config)) ?? [],
    gates: (candidate, config) => gates.get(keyOf(candidate, config)) ?? [],
    images: [...images.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, image]) => image),
  };
}

function attemptOf({
  scenario,
  candidate,
  config,
  run,
  params,
}: Extract<JournalEntry, { type: "scenario-started" }>): Attempt {
  return { scenario, candidate, config, run, params };
}

/** The end belongs to the last start of the same repetition that has none yet. */
function end(list: Attempt[], entry: Extract<JournalEntry, { type: "scenario-ended" }>): void {
  const index = list.findLastIndex(({ run, ended }) => run === entry.run && !ended);
  const attempt = list[index];
  if (!attempt) return;
  const { outcome, fault } = entry;
  list[index] = { ...attempt, ended: { outcome, ...(fault && { fault }) } };
}
