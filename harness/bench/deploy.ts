import { performance } from "node:perf_hooks";
import type { Candidate, ConfigName } from "../model/candidate.ts";
import type { Lab } from "../model/lab.ts";
import type { Driver } from "../model/session.ts";
import { HarnessError } from "../model/errors.ts";
import { median } from "../model/statistics.ts";
import { benchPeople, benchServer } from "./lab-server.ts";

/** Milliseconds from the call of deploy to the first message that a second person has received, and its parts. */
export interface FirstMessage {
  readonly totalMs: number;
  /** Until the lab says that the server is ready. */
  readonly deployMs: number;
  readonly accountsMs: number;
  readonly loginMs: number;
  readonly messageMs: number;
}

export interface DeployTimes {
  readonly candidate: string;
  readonly config: ConfigName;
  readonly repetitions: number;
  readonly median: FirstMessage;
  readonly min: FirstMessage;
}

const soon = (what: string): { readonly what: string; readonly withinMs: number } => ({ what, withinMs: 30_000 });

async function once(lab: Lab, driver: Driver, candidate: Candidate, config: ConfigName): Promise<FirstMessage> {
  const times = [performance.now()];
  const lap = (): void => void times.push(performance.now());
  await using deployed = await benchServer(lab, candidate, config);
  lap();
  const [one, two] = await benchPeople(deployed.server, 2);
  if (one === undefined || two === undefined) throw new HarnessError("harness-fault", "expected two people");
  lap();
  const [alice, bob] = await Promise.all([one, two].map((person) => driver.open(deployed.server, person)));
  if (alice === undefined || bob === undefined) throw new HarnessError("harness-fault", "expected two sessions");
  lap();
  try {
    const conversation = await alice.openDirect(bob.address);
    if (alice.protocol !== "xmpp") await bob.join(conversation, soon("Bob is in the direct chat"));
    const received = bob.received(({ text }) => text === "first message", soon("Bob receives the first message"));
    await Promise.all([alice.send(conversation, "first message"), received]);
    lap();
  } finally {
    await Promise.allSettled([alice[Symbol.asyncDispose](), bob[Symbol.asyncDispose]()]);
  }
  const [start = 0, ready = 0, accounts = 0, login = 0, message = 0] = times;
  return {
    totalMs: message - start,
    deployMs: ready - start,
    accountsMs: accounts - ready,
    loginMs: login - accounts,
    messageMs: message - login,
  };
}

/** Deploys a fresh isolated server again and again. Images are built before, and one deployment warms the machine up. */
export async function measureDeployments(
  lab: Lab,
  driver: Driver,
  candidate: Candidate,
  options: { readonly config?: ConfigName; readonly repetitions?: number } = {},
): Promise<DeployTimes> {
  const { config = "default", repetitions = 10 } = options;
  await lab.prepare([candidate]);
  await once(lab, driver, candidate, config);
  const runs: FirstMessage[] = [];
  for (let run = 0; run < repetitions; run++) runs.push(await once(lab, driver, candidate, config));
  const over = (pick: (values: readonly number[]) => number): FirstMessage => ({
    totalMs: pick(runs.map((each) => each.totalMs)),
    deployMs: pick(runs.map((each) => each.deployMs)),
    accountsMs: pick(runs.map((each) => each.accountsMs)),
    loginMs: pick(runs.map((each) => each.loginMs)),
    messageMs: pick(runs.map((each) => each.messageMs)),
  });
  return {
    candidate: candidate.id,
    config,
    repetitions,
    median: over(median),
    min: over((values) => Math.min(...values)),
  };
}
