import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { ReadyCondition } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import { openLog, readLog } from "./container-log.ts";
import type { DockerClient } from "./daemon.ts";
import { execBounded } from "./exec.ts";
import type { DockerContainer } from "./networks.ts";

/** Between two looks at a port or two runs of a command. */
const pollMs = 20;
const startTimeoutMs = 90_000;
const tailOnFailure = { tail: 30, limit: 8 * 1024 };

export interface StartedService {
  readonly container: DockerContainer;
  /** For messages: "prosody of server a". */
  readonly title: string;
  readonly ready: ReadyCondition;
  /** Port on 127.0.0.1 by container port. */
  readonly ports: ReadonlyMap<number, number>;
  /** Default 90 s. */
  readonly withinMs?: number;
}

/**
 * Returns the daemon's start time of the container when it is ready. Throws `lab-fault` if it ended before, `deadline` if it
 * did not get ready in time, both with the end of its log; `interrupted` on the signal.
 */
export async function untilReady(docker: DockerClient, service: StartedService, signal: AbortSignal): Promise<string> {
  const { State, NetworkSettings } = await service.container.inspect();
  const addresses = Object.values(NetworkSettings.Networks).map((network) => network.IPAddress);
  const stop = new AbortController();
  const withinMs = service.withinMs ?? startTimeoutMs;
  const limit = AbortSignal.timeout(withinMs);
  const any = AbortSignal.any([signal, stop.signal, limit]);
  try {
    const seen = watch(docker, service, { since: endOfLastRun(State.FinishedAt), addresses, signal: any });
    const isReady = await Promise.race([seen, untilGone(service.container, any)]);
    if (signal.aborted) throw new HarnessError("interrupted", `interrupted while ${service.title} was starting`);
    if (limit.aborted) throw await failure(docker, service, "deadline", `did not in ${withinMs / 1000} s`);
    if (!isReady) throw await failure(docker, service, "lab-fault", "ended");
    return State.StartedAt;
  } finally {
    stop.abort();
  }
}

/**
 * Lines of an earlier run do not count, so the log is read from its end on. Not from the start of this one: the daemon notes
 * that time after the first process runs, and on a busy machine a quick service has logged its line by then.
 */
const endOfLastRun = (finishedAt: string): string | undefined =>
  finishedAt.startsWith("0001-") ? undefined : finishedAt;

async function failure(
  docker: DockerClient,
  service: StartedService,
  code: "deadline" | "lab-fault",
  what: string,
): Promise<HarnessError> {
  const log = await readLog(docker, service.container, tailOnFailure).catch(() => "");
  return new HarnessError(code, `expected ${service.title} to get ready, it ${what}. End of its log:\n${log.trim()}`);
}

async function untilGone(container: DockerContainer, signal: AbortSignal): Promise<false> {
  while (!signal.aborted && (await container.inspect()).State.Running) await rest(250, signal);
  return false;
}

interface Watch {
  readonly since: string | undefined;
  readonly addresses: readonly string[];
  readonly signal: AbortSignal;
}

/** True when the condition was seen, false when there is nothing more to wait for. */
function watch(docker: DockerClient, service: StartedService, how: Watch): Promise<boolean> {
  const { ready, container, ports } = service;
  if (ready.kind === "log") return untilLogged(docker, container, new RegExp(ready.pattern, "m"), how);
  if (ready.kind === "command") {
    return poll(how.signal, async () => (await execBounded(container, ready.command)).exitCode === 0);
  }
  const wanted = ready.kind === "port" ? [ready.port] : ready.ports;
  const command = ready.kind === "ports" ? ready.command : undefined;
  const succeeds = async (): Promise<boolean> =>
    command === undefined || (await execBounded(container, command)).exitCode === 0;
  return poll(how.signal, async () => (await allAccept(wanted, how.addresses, ports)) && (await succeeds()));
}

async function allAccept(
  wanted: readonly number[],
  addresses: readonly string[],
  published: ReadonlyMap<number, number>,
): Promise<boolean> {
  for (const port of wanted) {
    if (!(await accepts(port, addresses, published.get(port)))) return false;
  }
  return true;
}

async function untilLogged(
  docker: DockerClient,
  container: DockerContainer,
  pattern: RegExp,
  { since, signal }: Watch,
): Promise<boolean> {
  const log = await openLog(docker, container, { follow: true, ...(since === undefined ? {} : { since }) });
  const stop = (): void => void log.destroy();
  signal.addEventListener("abort", stop, { once: true });
  let text = "";
  try {
    for await (const chunk of log) {
      // A pattern spans a few lines at most; the rest of a chatty log is not kept.
      text = (text + String(chunk)).slice(-64 * 1024);
      if (pattern.test(text)) return true;
    }
    return false;
  } catch (error) {
    if (!signal.aborted) throw error;
    return false;
  } finally {
    signal.removeEventListener("abort", stop);
    log.destroy();
  }
}

async function poll(signal: AbortSignal, check: () => Promise<boolean>): Promise<boolean> {
  while (!signal.aborted) {
    if (await check().catch(() => false)) return true;
    await rest(pollMs, signal);
  }
  return false;
}

/**
 * Asks the container itself where its network can be reached (Linux). Elsewhere Docker's forwarder on 127.0.0.1 accepts for
 * everyone and hangs up if nobody listens behind it, so a connection counts only if it stays.
 */
async function accepts(port: number, addresses: readonly string[], published: number | undefined): Promise<boolean> {
  for (const address of addresses.filter((each) => each !== "")) {
    const answer = await tryConnect(address, port, 0);
    if (answer !== "unreachable") return answer === "open";
  }
  return published !== undefined && (await tryConnect("127.0.0.1", published, 100)) === "open";
}

/** Connects and stays for `stayMs`. */
function tryConnect(host: string, port: number, stayMs: number): Promise<"open" | "refused" | "unreachable"> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (answer: "open" | "refused" | "unreachable"): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => settle("unreachable"));
    socket.once("connect", () => (stayMs === 0 ? settle("open") : setTimeout(settle, stayMs, "open")));
    socket.once("end", () => settle("refused"));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      settle(error.code === "ECONNREFUSED" || error.code === "ECONNRESET" ? "refused" : "unreachable");
    });
  });
}

/** Ends early on the signal. */
const rest = (ms: number, signal: AbortSignal): Promise<void> => pause(ms, undefined, { signal }).catch(() => {});
