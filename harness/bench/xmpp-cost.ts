import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import type { Person } from "../model/server.ts";
import type { Driver, LoadSession } from "../model/session.ts";
import { HarnessError } from "../model/errors.ts";

// What the harness itself pays for a login and for a message, in CPU time of this process: wall time would count the server
// and whatever else runs on the machine.

/** User and system time of a block, in microseconds. */
async function cpuOf(block: () => Promise<void>): Promise<number> {
  const start = process.cpuUsage();
  await block();
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

export interface LoginCost {
  readonly logins: number;
  /** First logins: PBKDF2 is computed for each account. */
  readonly firstMs: number;
  /** The same accounts again: keys are known. */
  readonly againMs: number;
}

async function loginAll(driver: Driver, people: readonly Person[]): Promise<LoadSession[]> {
  const sessions: LoadSession[] = [];
  for (const person of people) sessions.push(await driver.openForLoad(person.server, person));
  return sessions;
}

const closeAll = async (sessions: readonly LoadSession[]): Promise<void> => {
  await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
};

/** CPU milliseconds per login, presence included. */
export async function measureLogins(driver: Driver, people: readonly Person[]): Promise<LoginCost> {
  const [warm, ...rest] = people;
  if (warm === undefined) throw new HarnessError("harness-fault", "expected people to log in");
  // The first login of a process loads and compiles code.
  await closeAll(await loginAll(driver, [warm]));
  const cost = async (): Promise<number> => {
    let sessions: readonly LoadSession[] = [];
    const cpu = await cpuOf(async () => {
      sessions = await loginAll(driver, rest);
    });
    await closeAll(sessions);
    return cpu / 1000 / rest.length;
  };
  const firstMs = await cost();
  return { logins: rest.length, firstMs, againMs: await cost() };
}

export interface MessageLoad {
  readonly messages: number;
  readonly payloadBytes: number;
  /** Messages a second, spread over the pairs in turn; "burst" hands them over as fast as the server acknowledges. */
  readonly rate: number | "burst";
}

export interface MessageCost extends MessageLoad {
  readonly pairs: number;
  /** CPU microseconds per message for sending, receiving and acknowledgements together. */
  readonly cpuUs: number;
  readonly perSecond: number;
}

export type Pair = readonly [LoadSession, LoadSession];

const windowOfBurst = 32;

/** Sends, waits until all have arrived, and counts CPU time. Throws `deadline` when messages stay away for 60 s. */
export async function measureMessages(pairs: readonly Pair[], load: MessageLoad): Promise<MessageCost> {
  let received = 0;
  const lanes = await Promise.all(
    pairs.map(async ([from, to]) => {
      to.onMessage(() => (received += 1));
      return { from, conversation: await from.prepare(to) };
    }),
  );
  const body = "x".repeat(load.payloadBytes);
  const startedAt = performance.now();
  const cpu = await cpuOf(async () => {
    const failures: unknown[] = [];
    const acknowledged: Promise<unknown>[] = [];
    for (let sent = 0; sent < load.messages;) {
      const due =
        load.rate === "burst"
          ? received + windowOfBurst * pairs.length
          : ((performance.now() - startedAt) * load.rate) / 1000;
      for (; sent < Math.min(due, load.messages); sent++) {
        const lane = lanes[sent % lanes.length];
        if (lane === undefined) break;
        acknowledged.push(lane.from.send(lane.conversation, body).catch((error: unknown) => failures.push(error)));
      }
      if (failures.length > 0) throw failures[0];
      await (load.rate === "burst" ? pause(2) : pause(10));
    }
    const late = performance.now() + 60_000;
    while (received < load.messages) {
      if (performance.now() > late) {
        throw new HarnessError("deadline", `expected ${load.messages} messages to arrive, got ${received} after 60 s`);
      }
      await pause(10);
    }
    await Promise.all(acknowledged);
    if (failures.length > 0) throw failures[0];
  });
  const seconds = (performance.now() - startedAt) / 1000;
  return { ...load, pairs: pairs.length, cpuUs: cpu / load.messages, perSecond: load.messages / seconds };
}
