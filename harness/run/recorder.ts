import type { ConfigName } from "../model/candidate.ts";
import type { MeasurementDeclaration } from "../model/criterion.ts";
import { HarnessError } from "../model/errors.ts";
import type { Measurement, MeasurementDetails, MeasurementValue } from "../model/measurement.ts";
import type { ScenarioContext } from "../model/scenario.ts";
import type { EvidenceFolder } from "./evidence.ts";
import { toFault } from "./faults.ts";
import type { JournalWriter } from "./journal.ts";
import { checkValue, declared } from "./measure.ts";
import type { Job } from "./plan.ts";

/** Names a job in journal entries. */
export interface JobName {
  readonly scenario: string;
  readonly candidate: string;
  readonly config: ConfigName;
  /** Repetition, 1..n. */
  readonly run: number;
  /** Id of the other candidate of a pair. */
  readonly partner?: string;
}

export const nameOf = (job: Job): JobName => ({
  scenario: job.scenario.id,
  candidate: job.candidate.id,
  config: job.config,
  run: job.repetition,
  ...(job.partner === undefined ? {} : { partner: job.partner.id }),
});

export interface RecorderParts {
  readonly job: Job;
  readonly journal: JournalWriter;
  readonly evidence: EvidenceFolder;
  readonly declarations: ReadonlyMap<string, MeasurementDeclaration>;
  /** Throws when the scenario is over: a late fact belongs to no run. */
  guard(): void;
  /** Told before a step begins, for progress and for sabotages of the lab. */
  beforeStep(title: string): Promise<void>;
}

type Recording = Pick<ScenarioContext, "step" | "measure" | "notApplicable" | "missing" | "control" | "evidence">;

/** The writing half of a scenario's context. */
export interface Recorder extends Recording {
  /** Title of the innermost step in which this error arose. */
  stepOf(error: unknown): string | undefined;
  /** Evidence the bench itself adds after the scenario's end (server logs). */
  keep(file: string, content: string): Promise<string>;
  /** The first misuse of the recorder; it counts even if the scenario swallowed the error. */
  misuse(): HarnessError | undefined;
}

export function createRecorder({ job, journal, evidence, declarations, guard, beforeStep }: RecorderParts): Recorder {
  const name = nameOf(job);
  const steps = new WeakMap<object, string>();
  const emitted = new Set<string>();
  const files = new Set<string>();
  let misused: HarnessError | undefined;

  /** Remembers what the harness did wrong before throwing it, so that a catch in the scenario cannot hide it. */
  const checked = (check: () => void): void => {
    guard();
    try {
      check();
    } catch (error) {
      misused ??= error as HarnessError;
      throw error;
    }
  };
  const once = (id: string): void => {
    if (emitted.has(id)) throw new HarnessError("harness-fault", `${name.scenario} emitted "${id}" twice in one run.`);
    emitted.add(id);
  };
  const known = (paths: readonly string[]): void => {
    const stray = paths.find((path) => !files.has(path));
    if (stray !== undefined)
      throw new HarnessError("harness-fault", `${name.scenario} refers to evidence it never wrote: ${stray}`);
  };
  const record = (facts: Pick<Measurement, "id" | "value"> & Partial<Measurement>): void => {
    const measurement: Measurement = { ...name, grade: "E4", evidence: [], ...facts };
    // A journal that cannot be written shows itself at the next flush.
    journal.append({ type: "measurement", measurement }).catch(() => undefined);
  };
  const absent = (id: string, facts: Partial<Measurement>): void => {
    checked(() => {
      declared(id, job.scenario, declarations);
      once(id);
    });
    record({ id, value: null, ...facts });
  };
  const gate = (id: string, value: MeasurementValue, details: MeasurementDetails): void => {
    checked(() => {
      if (typeof value !== "boolean") throw new HarnessError("harness-fault", `Expected ${id} to be true or false.`);
      once(id);
      known(details.evidence ?? []);
    });
    record({ id, value, ...details });
  };
  const measure = (id: string, value: MeasurementValue, details: MeasurementDetails = {}): void => {
    if (id.startsWith(`gate.${name.scenario.toLowerCase()}.`)) return gate(id, value, details);
    let unit: string | undefined;
    checked(() => {
      const declaration = declared(id, job.scenario, declarations);
      checkValue(declaration, value, details, job.candidate.protocol);
      once(id);
      known(details.evidence ?? []);
      unit = declaration.unit ?? (declaration.type === "duration" ? "s" : undefined);
    });
    record({ id, value, ...details, ...(unit === undefined ? {} : { unit }) });
  };

  const keep = async (file: string, content: string | Uint8Array): Promise<string> => {
    const written = await evidence.write(file, content);
    files.add(written.path);
    const { run: _, ...place } = name;
    await journal.append({ type: "evidence", ...place, ...written });
    return written.path;
  };

  return {
    measure,
    notApplicable: (id, why) => absent(id, { notApplicable: why }),
    missing: (id, what) => absent(id, { missingAbility: what }),
    control(kind, held, note) {
      const id = `control.${name.scenario.toLowerCase()}.${kind}`;
      checked(() => once(id));
      record({ id, value: held, ...(note === undefined ? {} : { note }) });
    },
    async evidence(file, content) {
      guard();
      return keep(file, content);
    },
    keep,
    async step(title, body) {
      guard();
      await beforeStep(title);
      const started = performance.now();
      const took = (): number => Math.round(performance.now() - started);
      try {
        const result = await body();
        await journal.append({ type: "step", ...name, title, tookMs: took() });
        return result;
      } catch (error) {
        if (typeof error === "object" && error !== null && !steps.has(error)) steps.set(error, title);
        await journal.append({ type: "step", ...name, title, tookMs: took(), error: toFault(error) });
        throw error;
      }
    },
    stepOf: (error) => (typeof error === "object" && error !== null ? steps.get(error) : undefined),
    misuse: () => misused,
  };
}
