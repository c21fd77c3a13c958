import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import type { LoadSession } from "../model/session.ts";
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

/** Logins of one account before those that are counted. */
export const warmUp = 20;

/** Logs one account in. */
export type Login = () => Promise<LoadSession>;

async function loginAll(logins: readonly Login[]): Promise<LoadSession[]> {
  const sessions: LoadSession[] = [];
  for (const login of logins) sessions.push(await login());
  return sessions;
}

const closeAll = async (sessions: readonly LoadSession[]): Promise<void> => {
  await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
};

/** CPU milliseconds per login, presence included, one after the other. */
export async function measureLogins(logins: readonly Login[]): Promise<LoginCost> {
  const [warm, ...rest] = logins;
  if (warm === undefined) throw new HarnessError("harness-fault", "expected accounts to log in");
  // The first logins of a process load and compile code; the accounts that count are new to it.
  for (let before = 0; before < warmUp; before++) await closeAll(await loginAll([warm]));
  const cost = async (): Promise<number> => {
    let sessions: readonly LoadSession[] = [];
    const cpu = await cpuOf(async () => {
      sessions = await loginAll(rest);
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
  /** Messages a second, spread over the pairs in turn; "burst" keeps 32 of each pair on their way. */
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
const tickMs = 10;
const withinMs = 60_000;

type Send = (lane: number) => void;

/** Hands messages over at their times, up to a tick late. */
async function sendPaced(send: Send, lanes: number, messages: number, rate: number): Promise<void> {
  const startedAt = performance.now();
  for (let sent = 0; sent < messages; await pause(tickMs)) {
    const due = Math.min(((performance.now() - startedAt) * rate) / 1000, messages);
    for (; sent < due; sent++) send(sent % lanes);
  }
}

/** Sends, waits until all have arrived, and counts CPU time. Throws `deadline` when messages stay away for 60 s. */
export async function measureMessages(pairs: readonly Pair[], load: MessageLoad): Promise<MessageCost> {
  const done = Promise.withResolvers<void>();
  const body = "x".repeat(load.payloadBytes);
  const acknowledged: Promise<unknown>[] = [];
  const conversations = await Promise.all(pairs.map(([from, to]) => from.prepare(to)));
  let received = 0;
  const send: Send = (index) => {
    const [pair, conversation] = [pairs[index], conversations[index]];
    if (pair === undefined || conversation === undefined) throw new HarnessError("harness-fault", "no such pair");
    const answer = pair[0].send(conversation, body);
    answer.catch(done.reject);
    acknowledged.push(answer);
  };
  const burst = load.rate === "burst";
  // A loop that looks every few milliseconds whether there is room would cost more than the messages of a slow server.
  for (const [index, [, to]] of pairs.entries()) {
    to.onMessage(() => {
      received += 1;
      if (received === load.messages) done.resolve();
      if (burst && acknowledged.length < load.messages) send(index);
    });
  }
  const startedAt = performance.now();
  const cpu = await cpuOf(async () => {
    if (load.rate === "burst") {
      for (let sent = 0; sent < Math.min(load.messages, windowOfBurst * pairs.length); sent++)
        send(sent % pairs.length);
    } else await sendPaced(send, pairs.length, load.messages, load.rate);
    const lateIn = withinMs + (burst ? withinMs : 0);
    const late = setTimeout(() => {
      const got = `${received} after ${lateIn / 1000} s`;
      done.reject(new HarnessError("deadline", `expected ${load.messages} messages to arrive, got ${got}`));
    }, lateIn);
    await done.promise.finally(() => clearTimeout(late));
    await Promise.all(acknowledged);
  });
  const seconds = (performance.now() - startedAt) / 1000;
  return { ...load, pairs: pairs.length, cpuUs: cpu / load.messages, perSecond: load.messages / seconds };
}
