import { configNames } from "../model/candidate.ts";
import type { Candidate, ConfigName } from "../model/candidate.ts";
import type { Sabotage } from "../model/control.ts";
import type { Catalogue, Condition, Criterion, MeasurementRef, Param } from "../model/criterion.ts";
import { HarnessError } from "../model/errors.ts";
import type { RunFacts } from "../model/journal.ts";
import { pairsOf } from "../model/partners.ts";
import { seededRandom } from "../model/random.ts";
import type { Params, Scenario } from "../model/scenario.ts";
import { unknownName } from "../model/nearest.ts";
import type { FoundScenario } from "./scenarios.ts";
import { byId } from "./scenarios.ts";
import { shuffled } from "./seeded.ts";

/**
 * How much is run: `quick` = compressed, only configurations that decide a verdict; `standard` = compressed, also what is shown
 * beside it where scenarios share servers for that; `full` = nothing compressed, both configurations for every scenario.
 */
export type PlanSize = "quick" | "standard" | "full";

/** Which candidates a run without names takes. */
export const candidateSets = ["standard", "all"] as const;
export type CandidateSet = (typeof candidateSets)[number];

/** One scenario on fresh (or shared, read-only) servers of one candidate in one configuration. */
export interface Job {
  readonly scenario: Scenario;
  readonly candidate: Candidate;
  /** Runs server "b". */
  readonly partner?: Candidate;
  /** What is measured counts for the partner as well. */
  readonly mutual?: boolean;
  readonly config: ConfigName;
  /** Repetition, 1..n. */
  readonly repetition: number;
  readonly params: Params;
  /** Seconds until the scenario is ended as `deadline`. */
  readonly deadlineSeconds: number;
  readonly sabotage?: Sabotage;
}

export interface Plan {
  readonly jobs: readonly Job[];
  readonly scenarios: readonly Scenario[];
  readonly candidates: readonly Candidate[];
  /** Scenarios the bench has but this plan leaves out. */
  readonly leftOut: readonly Scenario[];
  readonly size: PlanSize;
  readonly compression: RunFacts["compression"];
  readonly seed: string;
  readonly repeat: number;
}

export interface PlanInput {
  readonly catalogue: Catalogue;
  readonly scenarios: readonly FoundScenario[];
  readonly candidates: readonly Candidate[];
  readonly size: PlanSize;
  /** Scenarios of this plan by id; absent = all that decide a criterion. --only picks from all scenarios. */
  readonly scenarioIds?: readonly string[] | undefined;
  /** Also scenarios that are `inDepth`; --only picks them always. */
  readonly inDepth?: boolean;
  readonly seed: string;
  readonly repeat: number;
  /** Ids of criteria or scenarios, or file names of scenarios; empty = all. */
  readonly only: readonly string[];
  /** Ids of candidates; empty = those of the set. */
  readonly onlyCandidates: readonly string[];
  /** Where no candidate is named: the standard set (default) or every one there is. */
  readonly candidateSet?: CandidateSet | undefined;
  /** Configurations; empty = what the criteria ask for. */
  readonly onlyConfigs: readonly ConfigName[];
  /** Exactly these, whatever the criteria ask for. */
  readonly configs?: readonly ConfigName[];
}

const same = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase();

/** Both must say so: the catalogue may name a scenario that cannot measure the row yet. */
const decides = (scenario: Scenario, criterion: string, wanted: readonly string[]): boolean =>
  wanted.includes(scenario.id) && scenario.verifies.includes(criterion);

/** The criteria that a scenario decides in this catalogue. */
const criteriaOf = (catalogue: Catalogue, scenario: Scenario): readonly Criterion[] =>
  catalogue.criteria.filter(({ id, active, scenarios }) => active && decides(scenario, id, scenarios));

function refsOfCondition(condition: Condition): readonly MeasurementRef[] {
  return condition.kind === "comparison" ? [condition.left] : condition.of.flatMap(refsOfCondition);
}

/** Walks the rule as data: every object with an `id` and an explicit configuration is a measurement read there. */
function readsDefault(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(readsDefault);
  if (typeof value !== "object" || value === null) return value === "default";
  const { config, lowerOf, ...others } = value as { readonly config?: unknown; readonly lowerOf?: unknown };
  return config === "default" || readsDefault(lowerOf) || Object.values(others).some(readsDefaultObject);
}
const readsDefaultObject = (value: unknown): boolean => typeof value === "object" && readsDefault(value);

/** True if the rule or a gate of the row reads the shipped configuration, whatever the row is judged on. */
function readsShipped({ valid, report, rule }: Criterion): boolean {
  const refs = [...valid.flatMap(refsOfCondition), ...report];
  return refs.some(({ config }) => config === "default") || readsDefaultObject(rule);
}

/** Configurations whose measurements decide a criterion: the one it is judged on, and the shipped one if its rule reads it. */
export function configsRead(criterion: Criterion): readonly ConfigName[] {
  const judgedOn = criterion.config === "both" ? "hardened" : criterion.config;
  return configNames.filter((name) => name === judgedOn || (name === "default" && readsShipped(criterion)));
}

/** Configurations a criterion asks for: those that decide it and, for `both`, the one that is shown beside it. */
const configsOf = (criterion: Criterion): readonly ConfigName[] =>
  criterion.config === "both" ? configNames : configsRead(criterion);

function configsOfScenario(
  { shares }: Scenario,
  criteria: readonly Criterion[],
  size: PlanSize,
): readonly ConfigName[] {
  if (size === "full" || criteria.length === 0) return configNames;
  // What is only shown beside a verdict must not cost servers of its own in the plan that has to be short.
  const shownToo = size === "standard" && shares === "read-only";
  const asked = new Set(criteria.flatMap(shownToo ? configsOf : configsRead));
  return configNames.filter((name) => asked.has(name));
}

const valueOf = (param: Param, size: PlanSize): number =>
  size === "full" ? param.full : (param.compressed ?? param.full);

/** Two rows of one scenario that give a parameter two values cannot both be right. */
function mergeParams(scenario: Scenario, criteria: readonly Criterion[], size: PlanSize): Params {
  const merged: Record<string, number> = {};
  for (const { id, params } of criteria) {
    for (const [name, param] of Object.entries(params)) {
      const value = valueOf(param, size);
      if ((merged[name] ?? value) !== value) {
        throw new HarnessError(
          "bad-input",
          `Parameter "${name}" of ${scenario.id} is ${merged[name]} in one criterion and ${value} in ${id}.`,
          { hint: "Give both rows the same value in criteria.yaml, or the parameters two names." },
        );
      }
      merged[name] = value;
    }
  }
  return merged;
}

/** Waits named in the parameters (unit s) come on top of the scenario's own budget. */
function deadlineOf(scenario: Scenario, criteria: readonly Criterion[], size: PlanSize): number {
  const waits = new Map<string, number>();
  for (const { params } of criteria) {
    for (const [name, param] of Object.entries(params)) if (param.unit === "s") waits.set(name, valueOf(param, size));
  }
  return scenario.timeBudget + [...waits.values()].reduce((sum, wait) => sum + wait, 0);
}

function compressionOf(criteria: readonly Criterion[], size: PlanSize): RunFacts["compression"] {
  return criteria.flatMap(({ id, params }) =>
    Object.entries(params).flatMap(([parameter, param]) => {
      const used = valueOf(param, size);
      if (used === param.full) return [];
      return [{ criterion: id, parameter, full: param.full, used, factor: param.full / used }];
    }),
  );
}

function pickScenarios(input: PlanInput): readonly Scenario[] {
  const { catalogue, scenarios, only, scenarioIds, inDepth = false } = input;
  if (only.length === 0) {
    const planned = scenarios
      .map(({ scenario }) => scenario)
      .filter((one) => criteriaOf(catalogue, one).length > 0)
      .filter((one) => inDepth || one.inDepth !== true);
    return scenarioIds === undefined ? planned : planned.filter(({ id }) => scenarioIds.includes(id));
  }
  const picked = new Set<Scenario>();
  for (const name of only) for (const scenario of scenariosNamed(input, name)) picked.add(scenario);
  return [...picked].toSorted(byId);
}

function scenariosNamed({ catalogue, scenarios }: PlanInput, name: string): readonly Scenario[] {
  const direct = scenarios.filter(({ scenario, slug }) => same(scenario.id, name) || same(slug, name));
  if (direct.length > 0) return direct.map(({ scenario }) => scenario);
  const criterion = catalogue.criteria.find(({ id }) => same(id, name));
  if (criterion === undefined) {
    const known = [
      ...catalogue.criteria.map(({ id }) => id),
      ...scenarios.flatMap(({ scenario, slug }) => [scenario.id, slug]),
    ];
    throw unknownName("criterion or scenario", name, known);
  }
  const found = scenarios.filter(({ scenario }) => decides(scenario, criterion.id, criterion.scenarios));
  if (found.length > 0) return found.map(({ scenario }) => scenario);
  throw new HarnessError("bad-input", `No scenario measures ${criterion.id} yet (${criterion.title.en}).`, {
    hint: "See `./pruefstand list criteria` for the rows that are measured.",
  });
}

function pickCandidates({ candidates, onlyCandidates, candidateSet = "standard" }: PlanInput): readonly Candidate[] {
  for (const name of onlyCandidates) {
    if (!candidates.some(({ id }) => same(id, name))) {
      throw unknownName(
        "candidate",
        name,
        candidates.map(({ id }) => id),
      );
    }
  }
  if (onlyCandidates.length === 0)
    return candidateSet === "all" ? candidates : candidates.filter(({ standard }) => standard === true);
  return candidates.filter(({ id }) => onlyCandidates.some((name) => same(id, name)));
}

/** True when every row of the scenario asks for something this candidate does not claim: the judge needs no run for that. */
function lacksAll(candidate: Candidate, criteria: readonly Criterion[]): boolean {
  const lacks = ({ needs }: Criterion): boolean =>
    needs.some((ability) => !(candidate.abilities as readonly string[]).includes(ability));
  return criteria.length > 0 && criteria.every(lacks);
}

/**
 * What is run, in which order: the longest scenarios first so that none is left over at the end,
 * candidates shuffled by the seed so that none always meets the warm or the cold machine.
 * Throws `bad-input` for a name that does not exist and for a selection that leaves nothing.
 */
export function makePlan(input: PlanInput): Plan {
  const scenarios = pickScenarios(input);
  const candidates = pickCandidates(input);
  const jobs = Array.from({ length: input.repeat }, (_, index) => index + 1).flatMap((repetition) => {
    const batch = scenarios.flatMap((scenario) =>
      candidatesFor(scenario, candidates, input.candidates).flatMap((subject) =>
        jobsOf(input, scenario, subject, repetition),
      ),
    );
    const mixed = shuffled(batch, seededRandom(`${input.seed} order ${repetition}`));
    return mixed.toSorted((left, right) => right.deadlineSeconds - left.deadlineSeconds);
  });
  if (jobs.length === 0) {
    throw new HarnessError("bad-input", "Expected at least one scenario to run, but the selection leaves none.", {
      hint: "Loosen --candidate, --only, --config or --profile; scenarios between products need two that meet. `./pruefstand list scenarios` shows what there is.",
    });
  }
  const compression = scenarios.flatMap((scenario) => compressionOf(criteriaOf(input.catalogue, scenario), input.size));
  const leftOut = input.scenarios.map(({ scenario }) => scenario).filter((scenario) => !scenarios.includes(scenario));
  const { size, seed, repeat } = input;
  return { jobs, scenarios, leftOut, candidates, size, compression: uniqueRows(compression), seed, repeat };
}

type Subject = Pick<Job, "candidate" | "partner" | "mutual">;

/** Each candidate by itself, or those that meet in pairs. */
function candidatesFor(
  { partners }: Scenario,
  chosen: readonly Candidate[],
  known: readonly Candidate[],
): readonly Subject[] {
  if (partners === undefined) return chosen.map((candidate) => ({ candidate }));
  return pairsOf(partners, chosen, known).map(({ first, second, mutual }) => ({
    candidate: first,
    partner: second,
    mutual,
  }));
}

function jobsOf(input: PlanInput, scenario: Scenario, subject: Subject, repetition: number): readonly Job[] {
  const { candidate, partner = candidate } = subject;
  const criteria = criteriaOf(input.catalogue, scenario);
  if (!scenario.protocols.includes(candidate.protocol)) return [];
  if (lacksAll(candidate, criteria) || lacksAll(partner, criteria)) return [];
  const { onlyConfigs, size } = input;
  const asked = input.configs ?? configsOfScenario(scenario, criteria, size);
  const configs = asked.filter((name) => onlyConfigs.length === 0 || onlyConfigs.includes(name));
  return configs.map((config) => ({
    scenario,
    ...subject,
    config,
    repetition,
    params: mergeParams(scenario, criteria, size),
    deadlineSeconds: deadlineOf(scenario, criteria, size),
  }));
}

function uniqueRows(rows: RunFacts["compression"]): RunFacts["compression"] {
  const seen = new Map(rows.map((row) => [`${row.criterion} ${row.parameter}`, row]));
  return [...seen.values()];
}
