import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { configNames } from "../model/candidate.ts";
import type { Candidate } from "../model/candidate.ts";
import type { Catalogue } from "../model/criterion.ts";
import type { CandidateFacts, RunFacts } from "../model/journal.ts";
import type { Lab } from "../model/lab.ts";
import type { Job, Plan } from "./plan.ts";

const run = promisify(execFile);

const output = async (command: string, ...args: readonly string[]): Promise<string> =>
  run(command, [...args], { timeout: 10_000, maxBuffer: 4 * 1024 * 1024 }).then(
    ({ stdout }) => stdout.trim(),
    () => "",
  );

/** Commit of the harness, and whether its files differ from it. */
async function harnessFacts(root: string): Promise<RunFacts["harness"]> {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { readonly version: string };
  const commit = await output("git", "-C", root, "rev-parse", "HEAD");
  const changes = await output("git", "-C", root, "status", "--porcelain");
  return {
    version: manifest.version,
    commit: commit === "" ? "unknown" : commit,
    dirty: commit === "" || changes !== "",
  };
}

async function osName(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  return /^PRETTY_NAME="?(?<name>[^"\n]+)/mu.exec(text)?.groups?.["name"] ?? type();
}

async function hostFacts(): Promise<RunFacts["host"]> {
  const cores = cpus();
  const docker = await output("docker", "version", "--format", "{{.Server.Version}} (API {{.Server.APIVersion}})");
  return {
    os: await osName(),
    kernel: release(),
    cpu: cores[0]?.model ?? "unknown",
    cores: cores.length,
    memoryBytes: totalmem(),
    node: process.version,
    docker: docker === "" ? "unknown" : docker,
  };
}

async function candidateFacts(candidate: Candidate, lab: Lab): Promise<CandidateFacts> {
  const { id, title, vendor, licence, version, protocol, abilities, endEncryption, notes, configurations } = candidate;
  const { implementation, released } = candidate;
  const deviations = Object.fromEntries(configNames.map((name) => [name, configurations[name].deviations]));
  return {
    id,
    title,
    vendor,
    licence,
    version,
    ...(implementation === undefined ? {} : { implementation }),
    ...(released === undefined ? {} : { released }),
    protocol,
    abilities,
    endEncryption,
    notes,
    deviations: deviations as CandidateFacts["deviations"],
    configDiff: await lab.configDiff(candidate),
  };
}

/** `20261123-143005-4f2a`: sorts by time, unique on one machine. */
export function newRunId(now: Date, random: number): string {
  const digits = now.toISOString().replaceAll(/[-:]/gu, "").replace("T", "-").slice(0, 15);
  return `${digits}-${random.toString(16).padStart(4, "0").slice(-4)}`;
}

export interface FactsInput {
  readonly id: string;
  readonly startedAt: string;
  /** The repository's folder. */
  readonly root: string;
  readonly command: string;
  readonly profile: string;
  readonly catalogue: Catalogue;
  readonly plan: Plan;
  readonly lab: Lab;
}

/** A pair is planned for each product it counts for. */
function planned({
  scenario: { id: scenario },
  candidate,
  partner,
  mutual,
  config,
}: Job): NonNullable<RunFacts["plan"]> {
  if (partner === undefined) return [{ scenario, candidate: candidate.id, config }];
  const own = { scenario, candidate: candidate.id, config, partner: partner.id };
  return mutual === true ? [own, { ...own, candidate: partner.id, partner: candidate.id }] : [own];
}

/** Everything about a run that is fixed before anything runs. */
export async function collectFacts(input: FactsInput): Promise<RunFacts> {
  const { id, startedAt, root, command, profile, catalogue, plan, lab } = input;
  return {
    id,
    startedAt,
    seed: plan.seed,
    profile,
    command,
    harness: await harnessFacts(root),
    catalogue: { path: catalogue.path, sha256: catalogue.sha256 },
    host: await hostFacts(),
    candidates: await Promise.all(plan.candidates.map((candidate) => candidateFacts(candidate, lab))),
    scenarios: plan.scenarios.map((scenario) => ({
      id: scenario.id,
      title: scenario.title,
      verifies: scenario.verifies,
      ...(scenario.partners === undefined ? {} : { partners: scenario.partners }),
    })),
    plan: plan.jobs.filter(({ repetition }) => repetition === 1).flatMap(planned),
    leftOut: plan.leftOut.map(({ id: scenario, verifies }) => ({ id: scenario, verifies })),
    size: plan.size,
    repeat: plan.repeat,
    compression: plan.compression,
  };
}
