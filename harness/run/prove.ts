import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConfigName } from "../model/candidate.ts";
import type { ProofOutcome, ProofRecord } from "../model/control.ts";
import type { Catalogue } from "../model/criterion.ts";
import { HarnessError } from "../model/errors.ts";
import type { Result, VerdictRecord } from "../model/result.ts";
import { subjectOf } from "./controls.ts";
import type { ControlContext, FoundControl } from "./controls.ts";
import type { Journal } from "./journal.ts";
import { readJournal, requireIntact } from "./journal.ts";
import { silentObserver } from "./observer.ts";
import { configsRead, makePlan } from "./plan.ts";
import type { Job, Plan } from "./plan.ts";
import { runInto, withLab } from "./run.ts";
import type { LabOptions, PreparedRun, RunOutcome } from "./run.ts";

export interface ProveOptions extends Omit<LabOptions, "candidates">, ControlContext {
  readonly controls: readonly FoundControl[];
  readonly root: string;
  readonly command: string;
  readonly seed: string;
  readonly concurrency: number;
  /** The judge, handed in by the command line: the engine does not know it. */
  judge(journal: Journal, catalogue: Catalogue): Result;
  /** Verdicts of the last ordinary run, to tell what else a sabotage changed. */
  readonly baseline: readonly VerdictRecord[];
  started(control: FoundControl["control"]): void;
  ended(record: ProofRecord): void;
}

/** The last proof of each control, by id. */
export async function readProofs(path: string): Promise<readonly ProofRecord[]> {
  const text = await readFile(path, "utf8").catch(() => "[]");
  try {
    return JSON.parse(text) as readonly ProofRecord[];
  } catch (error) {
    throw new HarnessError("bad-input", `Expected proofs in ${path}, got no JSON.`, {
      hint: "Delete the file and run `./pruefstand prove` again.",
      cause: error,
    });
  }
}

/** Keeps the newest proof of each control; the file is replaced in one step. */
async function keepProof(path: string, record: ProofRecord): Promise<void> {
  const others = (await readProofs(path)).filter(({ control }) => control !== record.control);
  const sorted = [...others, record].toSorted((left, right) => left.control.localeCompare(right.control, "en"));
  await writeFile(`${path}.new`, `${JSON.stringify(sorted, undefined, 2)}\n`);
  await rename(`${path}.new`, path);
}

/** A row that several scenarios decide together has a verdict only where all of them ran. */
function scenariosOf(
  { criterion, scenario }: FoundControl["control"],
  { catalogue, scenarios }: ControlContext,
): readonly string[] {
  const named = catalogue.criteria.find(({ id }) => id === criterion)?.scenarios ?? [];
  const deciding = scenarios.filter(({ scenario: one }) => named.includes(one.id) && one.verifies.includes(criterion));
  return [...new Set([scenario, ...deciding.map((one) => one.scenario.id)])];
}

/**
 * The scenarios of the row on the control's candidate in each configuration the row reads; broken is only the control's own
 * scenario, in its own configuration, or in all if it says so.
 */
function planOf({ control }: FoundControl, context: ControlContext, seed: string): Plan {
  const criterion = context.catalogue.criteria.find(({ id }) => id === control.criterion);
  const read = criterion === undefined ? [] : configsRead(criterion);
  const configs: readonly ConfigName[] = [...new Set([control.config, ...read])];
  const plan = makePlan({
    ...context,
    size: "standard",
    seed,
    repeat: 1,
    only: scenariosOf(control, context),
    onlyCandidates: [control.candidate, ...(control.partner === undefined ? [] : [control.partner])],
    onlyConfigs: [],
    configs,
  });
  const { sabotage } = control;
  const isBroken = ({ scenario, config }: Job): boolean =>
    scenario.id === control.scenario && (control.everyConfig === true || config === control.config);
  const jobs = plan.jobs.map((job) => facing(job, control.candidate));
  return { ...plan, jobs: jobs.map((job) => (isBroken(job) ? { ...job, sabotage } : job)) };
}

/** A sabotage breaks the servers of a job's candidate: of a pair that is the one the control names. */
const facing = (job: Job, id: string): Job =>
  job.partner?.id === id ? { ...job, candidate: job.partner, partner: job.candidate, mutual: true } : job;

/** The verdict on the sabotaged configuration; the deciding one where the row has no column of its own for it. */
function verdictOf({ control }: FoundControl, result: Result): VerdictRecord | undefined {
  const row = result.verdicts.filter(
    ({ criterion, candidate }) => criterion === control.criterion && candidate === control.candidate,
  );
  return row.find(({ config }) => config === control.config) ?? row.find(({ decides }) => decides);
}

/** Faults that are our own mistake: an inconclusive verdict for such a reason proves nothing. */
const ownMistakes: ReadonlySet<string> = new Set([
  "harness-fault",
  "bad-input",
  "unsupported",
  "interrupted",
  "environment",
]);

interface Assessment {
  readonly outcome: ProofOutcome;
  readonly observed: ProofRecord["observed"];
  readonly note: string;
}

/** Other rows of the scenario that stand worse than in the last ordinary run, although the control does not say so. */
function sideEffects({ control }: FoundControl, result: Result, baseline: readonly VerdictRecord[]): readonly string[] {
  if (control.expect === "inconclusive") return [];
  return result.verdicts.flatMap(({ criterion, candidate, config, verdict }) => {
    if (candidate !== control.candidate || config !== control.config || criterion === control.criterion) return [];
    if (control.alsoChanges?.[criterion] !== undefined || verdict === "not-tested") return [];
    const before = baseline.find(
      (row) => row.criterion === criterion && row.candidate === candidate && row.config === config,
    );
    // A row that the ordinary run did not measure cannot have changed.
    const unknown = before === undefined || before.verdict === "not-tested";
    return unknown || before.verdict === verdict ? [] : [`${criterion} ${before.verdict} → ${verdict}`];
  });
}

/** What the control's own measurement should have been and was not; undefined where it asks for none or got its value. */
function otherValue({ shows, candidate, config }: FoundControl["control"], { entries }: Journal): string | undefined {
  if (shows === undefined) return undefined;
  const own = entries.flatMap((entry) => (entry.type === "measurement" ? [entry.measurement] : []));
  const measured = own.find(
    (one) => one.id === shows.measurement && one.candidate === candidate && one.config === config,
  );
  if (measured?.value === shows.value) return undefined;
  return `expected ${shows.measurement} = ${shows.value}, got ${measured === undefined ? "none" : String(measured.value)}`;
}

interface Proved {
  readonly run: RunOutcome;
  readonly journal: Journal;
  readonly result: Result;
}

function assess(found: FoundControl, proved: Proved, baseline: readonly VerdictRecord[]): Assessment {
  const { control } = found;
  const { run, journal, result } = proved;
  const verdict = verdictOf(found, result);
  const observed = verdict?.verdict ?? "none";
  const job = run.results.find((one) => one.job.config === control.config && one.job.scenario.id === control.scenario);
  const fault = job?.outcome.fault;
  const reason = verdict?.reason.text.en ?? `no verdict on ${control.criterion}`;
  if (fault !== undefined && ownMistakes.has(fault.code)) {
    return { outcome: "error", observed, note: `${fault.code}: ${fault.message}` };
  }
  if (job?.outcome.sabotaged !== true && fault === undefined) {
    const note = "the sabotage never came about: the moment the control names did not come";
    return { outcome: "error", observed, note };
  }
  if (job?.outcome.sabotaged !== true) {
    return { outcome: "error", observed, note: `before the sabotage: ${fault?.code}: ${fault?.message}` };
  }
  const other = observed === control.expect ? otherValue(control, journal) : undefined;
  if (other !== undefined) return { outcome: "missed", observed, note: other };
  if (observed === control.expect) {
    const others = sideEffects(found, result, baseline);
    return {
      outcome: "caught",
      observed,
      note: others.length === 0 ? reason : `${reason}; also changed: ${others.join(", ")}`,
    };
  }
  if (observed === "inconclusive" || observed === "not-tested" || observed === "none") {
    return { outcome: "error", observed, note: fault === undefined ? reason : `${fault.code}: ${fault.message}` };
  }
  return { outcome: "missed", observed, note: reason };
}

async function proveOne(
  found: FoundControl,
  options: ProveOptions,
  prepared: Omit<PreparedRun, "plan">,
): Promise<ProofRecord> {
  const { control } = found;
  options.started(control);
  const candidate = options.candidates.find(({ id }) => id === control.candidate);
  const facts = {
    control: control.id,
    criterion: control.criterion,
    scenario: control.scenario,
    candidate: control.candidate,
    protocol: candidate?.protocol ?? "unknown",
    expected: control.expect,
    ...(control.shows === undefined ? {} : { shows: control.shows.measurement }),
    at: new Date().toISOString(),
    subject: await subjectOf(found, options),
  };
  try {
    const plan = planOf(found, options, options.seed);
    const folder = join(options.outFolder, "proofs", control.id);
    await rm(folder, { recursive: true, force: true });
    await mkdir(join(options.outFolder, "proofs"), { recursive: true });
    const run = await runInto(folder, control.id, { ...prepared, plan });
    const journal = requireIntact(await readJournal(join(folder, "journal.jsonl")));
    const result = options.judge(journal, options.catalogue);
    return { ...facts, ...assess(found, { run, journal, result }, options.baseline) };
  } catch (error) {
    return { ...facts, outcome: "error", observed: "none", note: (error as Error).message };
  }
}

/** Controls of exclusive scenarios come last, one at a time, as in an ordinary run. */
function lanes(options: ProveOptions): { readonly together: FoundControl[]; readonly alone: FoundControl[] } {
  const exclusive = new Set(
    options.scenarios
      .filter(({ scenario }) => (scenario.exclusive ?? false) !== false)
      .map(({ scenario }) => scenario.id),
  );
  return {
    together: options.controls.filter(({ control }) => !exclusive.has(control.scenario)),
    alone: options.controls.filter(({ control }) => exclusive.has(control.scenario)),
  };
}

/**
 * Runs each control's sabotage and looks whether the verdict turns as it must. The last result of every control stays in
 * `out/proofs.json`, its journal and evidence in `out/proofs/<control>/`. Stops early when the signal is aborted.
 */
export async function proveControls(options: ProveOptions): Promise<readonly ProofRecord[]> {
  const wanted = new Set(options.controls.flatMap(({ control }) => [control.candidate, control.partner]));
  const candidates = options.candidates.filter(({ id }) => wanted.has(id));
  const records: ProofRecord[] = [];
  await mkdir(options.outFolder, { recursive: true });
  let keeping: Promise<void> = Promise.resolve();
  await withLab({ ...options, candidates }, async ({ lab, drivers }) => {
    const prepared = {
      ...options,
      observer: { ...silentObserver, warning: (what: string) => options.observer.warning(what) },
      profile: options.catalogue.profile,
      concurrency: 1,
      lab,
      drivers,
    };
    const drain = async (controls: FoundControl[]): Promise<void> => {
      for (let next = controls.shift(); next !== undefined; next = controls.shift()) {
        if (options.signal.aborted) return;
        const record = await proveOne(next, options, prepared);
        if (options.signal.aborted) return;
        records.push(record);
        keeping = keeping.then(() => keepProof(join(options.outFolder, "proofs.json"), record));
        await keeping;
        options.ended(record);
      }
    };
    const { together, alone } = lanes(options);
    await Promise.all(Array.from({ length: options.concurrency }, () => drain(together)));
    await drain(alone);
  });
  return records;
}
