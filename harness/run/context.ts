import { randomBytes } from "node:crypto";
import { HarnessError } from "../model/errors.ts";
import type { CertificatePeers, HostilePeers, Witness } from "../model/hostile.ts";
import type { Deployment, Lab } from "../model/lab.ts";
import type { ScenarioContext } from "../model/scenario.ts";
import type { Person, RunningServer } from "../model/server.ts";
import type { Deadline, Driver, Session } from "../model/session.ts";
import type { LoadTools } from "../model/tools.ts";
import { abortable } from "./faults.ts";
import type { DriverSet } from "./parts.ts";
import type { Job } from "./plan.ts";
import type { Recorder } from "./recorder.ts";
import type { LabBreaker } from "./sabotage.ts";
import { scenarioRandom } from "./seeded.ts";
import type { OpenSessions } from "./sessions.ts";
import { standIn } from "./stand-ins.ts";

/** Between two looks of `until`: often enough for times in tenths of a second, cheap enough for one core. */
const pollMs = 25;

export interface ContextParts {
  readonly job: Job;
  readonly seed: string;
  readonly lab: Pick<Lab, "addSecret">;
  readonly deployment: Deployment;
  readonly driver: Driver;
  readonly drivers: DriverSet;
  readonly load: LoadTools;
  readonly recorder: Recorder;
  readonly sessions: OpenSessions;
  readonly breaker: LabBreaker;
  readonly signal: AbortSignal;
  /** Waits to have the machine alone; the scenario's clock stands still meanwhile. */
  alone(): Promise<void>;
}

/** Resolves after a moment, or rejects with the signal's reason. */
async function moment(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, pollMs);
  try {
    await abortable(signal, promise);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks `check` until it gives something other than undefined. Throws `deadline` with the sentence, or what `check` throws. */
async function until<T>(
  deadline: Deadline,
  check: () => Promise<T | undefined> | T | undefined,
  signal: AbortSignal,
): Promise<T> {
  const end = performance.now() + deadline.withinMs;
  for (;;) {
    signal.throwIfAborted();
    const found = await abortable(signal, Promise.resolve(check()));
    if (found !== undefined) return found;
    if (performance.now() >= end) {
      throw new HarnessError("deadline", `Waited ${deadline.withinMs} ms in vain: ${deadline.what}.`);
    }
    await moment(signal);
  }
}

const addressOf = (server: RunningServer, name: string): string =>
  server.candidate.protocol === "matrix" ? `@${name}:${server.domain}` : `${name}@${server.domain}`;

function createPeople({ job, seed, lab, signal }: ContextParts): Pick<ScenarioContext, "person" | "people"> {
  // Names are drawn apart from the scenario's own numbers, so that one more account does not change its messages.
  const names = scenarioRandom(seed, "people", job.scenario.id, job.candidate.id, job.config, String(job.repetition));
  const everyone = job.sabotage?.accounts === "all-administrators";
  const draft = (server: RunningServer, role: string, asked: boolean): Person => {
    const admin = asked || everyone;
    const password = randomBytes(18).toString("base64url");
    lab.addSecret(password);
    const name = names.id(role);
    return { name, password, server, address: addressOf(server, name), ...(admin ? { admin } : {}) };
  };
  const create = async (server: RunningServer, people: readonly Person[]): Promise<void> => {
    const accounts = people.map(({ name, password, admin }) => ({ name, password, ...(admin ? { admin } : {}) }));
    await abortable(signal, server.administration.createAccounts(accounts));
  };
  return {
    async person(server, role, options) {
      const person = draft(server, role, options?.admin === true);
      await create(server, [person]);
      return person;
    },
    async people(server, role, count) {
      const people = Array.from({ length: count }, () => draft(server, role, false));
      await create(server, people);
      return people;
    },
  };
}

async function witnessOf(driver: Driver, person: Person): Promise<Witness> {
  const { witness } = driver.probes;
  if (witness === undefined) throw new HarnessError("unsupported", `The driver ${driver.id} has no witness.`);
  return witness(person.server, person);
}

async function hostilePeers({ job, deployment, drivers }: ContextParts): Promise<HostilePeers> {
  const seats = await deployment.seats?.();
  if (seats === undefined || drivers.openHostile === undefined)
    throw new HarnessError("lab-fault", "Expected seats for hostile peers, but this lab has none.");
  const genuine = seats.filter(({ flaw }) => flaw === undefined);
  return drivers.openHostile(job.candidate.protocol, genuine, {
    stolenIdentity: job.sabotage?.peers === "stolen-identity",
  });
}

async function certificatePeers({ job, deployment, drivers }: ContextParts): Promise<CertificatePeers> {
  const seats = await deployment.seats?.();
  if (seats === undefined || drivers.openFlawed === undefined)
    throw new HarnessError("lab-fault", "Expected seats for hostile peers, but this lab has none.");
  return drivers.openFlawed(
    job.candidate.protocol,
    seats.filter(({ flaw }) => flaw !== undefined),
  );
}

/** The context of one job: everything a scenario may touch, and nothing else. */
export function createContext(parts: ContextParts): ScenarioContext {
  const { job, deployment, recorder, sessions, breaker, drivers, signal } = parts;
  const driver = sessions.watch(parts.driver);
  const openPlain: ScenarioContext["open"] = (person, options) =>
    abortable(signal, driver.open(person.server, person, { reaches: deployment.servers, ...options }));
  const seen = new Set<string>();
  const disguised = (session: Session, person: Person): Session =>
    standIn(session, job.sabotage?.client, () => openPlain(person), seen);
  return {
    servers: deployment.servers,
    protocol: job.candidate.protocol,
    config: job.config,
    params: job.params,
    random: scenarioRandom(parts.seed, job.scenario.id, job.candidate.id),
    clock: { nowMs: () => performance.now() },
    faults: deployment.faults,
    load: parts.load,
    tls: deployment.tls,
    signal,
    step: (title, body) => recorder.step(title, () => abortable(signal, body())),
    ...createPeople(parts),
    open: async (person, options) => disguised(await openPlain(person, options), person),
    async openEncrypting(person) {
      breaker.requireBrowser();
      const opening = drivers.openEncrypting(person, deployment.servers);
      const session = await abortable(signal, sessions.keep(opening));
      breaker.requireBrowser();
      return disguised(session, person);
    },
    witness: (person) => abortable(signal, sessions.keep(witnessOf(driver, person))),
    hostilePeers: () => abortable(signal, sessions.keep(hostilePeers(parts))),
    certificatePeers: () => abortable(signal, sessions.keep(certificatePeers(parts))),
    driver: () => driver,
    aloneFromHere: () => parts.alone(),
    until: (deadline, check) => until(deadline, check, signal),
    measure: recorder.measure,
    notApplicable: recorder.notApplicable,
    missing: recorder.missing,
    control: recorder.control,
    evidence: recorder.evidence,
  };
}
