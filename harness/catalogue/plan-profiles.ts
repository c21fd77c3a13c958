import { HarnessError } from "../model/errors.ts";
import { suggestion } from "../model/nearest.ts";

/** A word after `run --profile`: which requirements count, and how much is measured. */
export interface PlanProfile {
  readonly name: string;
  /** Profile of criteria.yaml under which the run is judged first. */
  readonly catalogueProfile: string;
  /** True: parameters with a `compressed` value use it; the report prints each factor. */
  readonly compressed: boolean;
  /** Scenarios of this plan; undefined = all that exist, those in depth by the field below. */
  readonly scenarios: readonly string[] | undefined;
  /** Also the scenarios that take minutes on each product (`inDepth`): the standard plan has ten minutes for four products. */
  readonly inDepth: boolean;
  /** `needed`: default only where a verdict reads it; `both`: every scenario on default and hardened (decision a). */
  readonly configs: "needed" | "both";
}

/** Scenarios that finish within seconds and together touch all four families except load. */
const quickScenarios = ["SZ-02", "SZ-11", "SZ-12", "SZ-14", "SZ-16", "SZ-17", "SZ-27"];

const plans: readonly PlanProfile[] = [
  {
    name: "quick",
    catalogueProfile: "interministerial",
    compressed: true,
    scenarios: quickScenarios,
    inDepth: false,
    configs: "needed",
  },
  {
    name: "interministerial",
    catalogueProfile: "interministerial",
    compressed: true,
    scenarios: undefined,
    inDepth: false,
    configs: "needed",
  },
  {
    name: "in-depth",
    catalogueProfile: "interministerial",
    compressed: true,
    scenarios: undefined,
    inDepth: true,
    configs: "needed",
  },
  {
    name: "market-survey",
    catalogueProfile: "market-survey",
    compressed: true,
    scenarios: undefined,
    inDepth: false,
    configs: "needed",
  },
  {
    name: "vs-nfd",
    catalogueProfile: "vs-nfd",
    compressed: true,
    scenarios: undefined,
    inDepth: false,
    configs: "needed",
  },
  {
    name: "full",
    catalogueProfile: "interministerial",
    compressed: false,
    scenarios: undefined,
    inDepth: true,
    configs: "both",
  },
];

export const planProfileNames: readonly string[] = plans.map(({ name }) => name);

/**
 * The plan behind a `--profile` word. A path of a profile file gives the standard plan judged under that file.
 * @throws HarnessError `bad-input` for an unknown word, with the nearest one.
 */
export function planProfile(name: string): PlanProfile {
  const plan = plans.find((known) => known.name === name);
  if (plan) return plan;
  if (/[\\/]|\.ya?ml$/u.test(name)) {
    return { name, catalogueProfile: name, compressed: true, scenarios: undefined, inDepth: false, configs: "needed" };
  }
  throw new HarnessError("bad-input", `There is no profile "${name}"${suggestion(name, planProfileNames)}.`, {
    hint: `Profiles: ${planProfileNames.join(", ")}, or the path of a profile file.`,
  });
}
