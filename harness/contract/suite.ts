import type { Candidate, ConfigName } from "../model/candidate.ts";
import { hasCode } from "../model/errors.ts";
import type { Deployment } from "../model/lab.ts";
import { Breach, outcomeOf, Unclear } from "./outcome.ts";
import type { StepOutcome, StepResult } from "./outcome.ts";
import { Scene } from "./scene.ts";
import type { ContractParts } from "./scene.ts";
import type { Step } from "./step.ts";
import { abilitySteps } from "./steps/abilities.ts";
import { coreSteps } from "./steps/core.ts";
import { endpoints } from "./steps/endpoints.ts";
import { federationSteps, untrustedStep } from "./steps/federation.ts";
import { lifecycleSteps } from "./steps/lifecycle.ts";

export interface ContractOptions {
  readonly candidate: Candidate;
  readonly configs: readonly ConfigName[];
  readonly parts: ContractParts;
  /** Every container must be ready within this many milliseconds. */
  readonly readyWithinMs?: number | undefined;
  /** Only these steps and those they need; empty = all. */
  readonly only: readonly string[];
  started?(step: Pick<Step, "id" | "title">, config: ConfigName): void;
  ended?(result: StepResult): void;
  progress?(what: string): void;
}

type Sentence = Omit<Step, "run">;

const start: Sentence = {
  id: "start",
  title: "gets ready",
  expected: "every container meets its `ready` condition in time",
  clause: "Service.ready (harness/model/candidate.ts)",
  fix: "Read the end of the log above. If the server is up, correct `ready`; if it needs longer, say so with --start-within.",
};

const removal: Sentence = {
  id: "removal",
  title: "leaves nothing behind when it is removed",
  expected: "no container, network or volume of this check is left",
  clause: "Lab.leftovers (harness/model/lab.ts)",
  fix: "Do not start containers or make volumes from administration functions; the lab removes only what it made.",
};

/** In this order; each on the servers of its configuration. */
const onServers: readonly Step[] = [endpoints, ...coreSteps, ...abilitySteps, ...federationSteps, ...lifecycleSteps];
const known: readonly Sentence[] = [start, ...onServers, untrustedStep, removal];

/** Ids for `only`. */
export const contractStepIds: readonly string[] = known.map(({ id }) => id);

/** The chosen steps with all they need. */
function chosen(only: readonly string[]): ReadonlySet<string> {
  if (only.length === 0) return new Set(contractStepIds);
  const wanted = new Set<string>([start.id, removal.id]);
  const add = (id: string): void => {
    wanted.add(id);
    for (const before of known.find((step) => step.id === id)?.after ?? []) add(before);
    if (id === "restart") wanted.add("stops");
  };
  for (const id of only) add(id);
  return wanted;
}

class ContractRun {
  readonly results: StepResult[] = [];
  readonly #options: ContractOptions;
  readonly #wanted: ReadonlySet<string>;
  readonly #volumes: string[] = [];

  constructor(options: ContractOptions) {
    this.#options = options;
    this.#wanted = chosen(options.only);
  }

  #record(
    step: Sentence,
    config: ConfigName,
    facts: Pick<StepResult, "outcome" | "observed" | "tookMs" | "expected">,
  ): void {
    const { id, title, clause, fix } = step;
    const { redact } = this.#options.parts.lab;
    const observed = redact.call(this.#options.parts.lab, facts.observed);
    const result = { config, id, title, clause, fix, ...facts, observed };
    this.results.push(result);
    this.#options.ended?.(result);
  }

  #skip(step: Sentence, config: ConfigName, outcome: StepOutcome, why: string): void {
    this.#record(step, config, { outcome, observed: why, tookMs: 0, expected: step.expected });
  }

  /** True when it passed. */
  async #attempt(step: Sentence, config: ConfigName, body: () => Promise<void>): Promise<boolean> {
    this.#options.started?.(step, config);
    const startedAt = performance.now();
    const took = (): number => Math.round(performance.now() - startedAt);
    try {
      await body();
      this.#record(step, config, { outcome: "passed", observed: "", tookMs: took(), expected: step.expected });
      return true;
    } catch (error) {
      this.#options.parts.signal.throwIfAborted();
      const expected = (error instanceof Breach ? error.expected : undefined) ?? step.expected;
      this.#record(step, config, { ...outcomeOf(error), tookMs: took(), expected });
      return false;
    }
  }

  #outcome(id: string, config: ConfigName): StepOutcome | undefined {
    return this.results.find((one) => one.id === id && one.config === config)?.outcome;
  }

  #unclaimed(step: Sentence): { readonly outcome: StepOutcome; readonly why: string } | undefined {
    const { candidate } = this.#options;
    if (step.claim === undefined || candidate.abilities.includes(step.claim)) return undefined;
    return { outcome: "not-claimed", why: `${candidate.title} does not claim ${step.claim}` };
  }

  /** Why a step cannot be run, or undefined. */
  #obstacle(step: Sentence, config: ConfigName): { readonly outcome: StepOutcome; readonly why: string } | undefined {
    const unclaimed = this.#unclaimed(step);
    if (unclaimed !== undefined) return unclaimed;
    const missing = step.after?.find((id) => this.#outcome(id, config) !== "passed");
    return missing === undefined ? undefined : { outcome: "not-run", why: `${missing} did not pass` };
  }

  async #step(step: Step, scene: Scene): Promise<void> {
    const obstacle = this.#obstacle(step, scene.config);
    if (obstacle !== undefined) return this.#skip(step, scene.config, obstacle.outcome, obstacle.why);
    await this.#attempt(step, scene.config, () => step.run(scene));
  }

  async #deploy(config: ConfigName, untrusted: readonly string[] = []): Promise<Deployment> {
    const { candidate, parts, readyWithinMs, progress } = this.#options;
    const deployment = await parts.lab.deploy({
      candidate,
      config,
      servers: candidate.abilities.includes("federation") ? 2 : 1,
      signal: parts.signal,
      ...(readyWithinMs === undefined ? {} : { readyWithinMs }),
      ...(untrusted.length === 0 ? {} : { untrusted }),
      ...(progress === undefined ? {} : { progress }),
    });
    this.#volumes.push(...((await deployment.volumes?.()) ?? []));
    return deployment;
  }

  async #start(config: ConfigName): Promise<Deployment | undefined> {
    let deployment: Deployment | undefined;
    await this.#attempt(start, config, async () => {
      try {
        deployment = await this.#deploy(config);
      } catch (error) {
        // A container that ends by itself is the candidate's doing here: nothing has been broken yet.
        if (hasCode(error, "lab-fault")) throw new Breach(error.message);
        throw error;
      }
    });
    return deployment;
  }

  async #onScene(deployment: Deployment, config: ConfigName, use: (scene: Scene) => Promise<void>): Promise<void> {
    const { candidate, parts } = this.#options;
    try {
      const driver = await parts.driver(candidate);
      const scene = new Scene({ candidate, config, deployment, driver, parts });
      try {
        await use(scene);
      } finally {
        await scene.closeSessions();
      }
    } finally {
      await deployment[Symbol.asyncDispose]();
    }
  }

  #steps(config: ConfigName): readonly Step[] {
    return onServers.filter((step) => this.#wanted.has(step.id) && (step.config ?? config) === config);
  }

  async configuration(config: ConfigName): Promise<void> {
    const deployment = await this.#start(config);
    if (deployment === undefined) {
      for (const step of this.#steps(config)) {
        const { outcome, why } = this.#unclaimed(step) ?? { outcome: "not-run", why: "start did not pass" };
        this.#skip(step, config, outcome, why);
      }
      return;
    }
    await this.#onScene(deployment, config, async (scene) => {
      for (const step of this.#steps(config)) await this.#step(step, scene);
    });
    if (config === untrustedStep.config && this.#wanted.has(untrustedStep.id)) await this.#untrusted(config);
  }

  async #untrusted(config: ConfigName): Promise<void> {
    const obstacle = this.#obstacle(untrustedStep, config);
    if (obstacle !== undefined) return this.#skip(untrustedStep, config, obstacle.outcome, obstacle.why);
    await this.#attempt(untrustedStep, config, async () => {
      const deployment = await this.#deploy(config, ["b"]);
      await this.#onScene(deployment, config, (scene) => untrustedStep.run(scene));
    });
  }

  async removal(config: ConfigName): Promise<void> {
    await this.#attempt(removal, config, async () => {
      const { lab } = this.#options.parts;
      await lab[Symbol.asyncDispose]();
      if (lab.leftovers === undefined) throw new Unclear("this lab cannot tell what is left");
      const left = await lab.leftovers(this.#volumes);
      if (left.length > 0) throw new Breach(left.join(", "));
    });
  }
}

/**
 * Runs the contract suite against real servers of a candidate; the lab is gone afterwards. Every step ends up in the answer.
 * Rejects only with `interrupted`, or with what keeps the bench from running anything (`environment`, `unsupported`).
 */
export async function runContract(options: ContractOptions): Promise<readonly StepResult[]> {
  const run = new ContractRun(options);
  for (const config of options.configs) await run.configuration(config);
  await run.removal(options.configs.at(-1) ?? "hardened");
  return run.results;
}
