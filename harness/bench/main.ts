import { pbkdf2 } from "node:crypto";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import { candidates } from "../candidates/registry.ts";
import { loadCatalogue } from "../catalogue/load.ts";
import { createIrcDriver } from "../drivers/irc/index.ts";
import { createMatrixDriver } from "../drivers/matrix/index.ts";
import { createXmppDriver } from "../drivers/xmpp/index.ts";
import { judge } from "../judge/judge.ts";
import { largeJournal } from "../judge/testing/large-journal.ts";
import type { Candidate } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import type { Driver, LoadSession } from "../model/session.ts";
import { renderers } from "../../reports/index.ts";
import { measureDeployments, type DeployTimes } from "./deploy.ts";
import { measureJudging } from "./judge-time.ts";
import { benchLab, benchPeople, benchServer } from "./lab-server.ts";
import { openFloor } from "./tls-floor.ts";
import {
  measureLogins,
  measureMessages,
  warmUp as warmUpLogins,
  type Login,
  type LoginCost,
  type MessageCost,
} from "./xmpp-cost.ts";

/** Repetitions of issue "Must show" 7. */
const deployments = 10;
const logins = 51;
const messages = 5_000;
/** Messages sent before, which are not counted. */
const warmUp = 2_000;
const pairCount = 20;
const messageSizes = [100, 1000];
const rates = [500, "burst"] as const;
const derive = promisify(pbkdf2);

const root = join(import.meta.dirname, "..", "..");
const drivers = { xmpp: createXmppDriver, matrix: () => createMatrixDriver({}), irc: createIrcDriver };

function driverOf({ id, protocol }: Candidate): Driver {
  if (protocol in drivers) return drivers[protocol as keyof typeof drivers]();
  throw new HarnessError("unsupported", `expected a candidate with a driver for labs, got ${id} (${protocol})`);
}

const ms = (value: number): string => `${Math.round(value)} ms`;

type Tell = (line: string) => void;

async function benchDeployments(chosen: readonly Candidate[], tell: Tell): Promise<readonly DeployTimes[]> {
  const times: DeployTimes[] = [];
  for (const candidate of chosen) {
    tell(`${candidate.title}: ${deployments} deployments`);
    await using bench = await benchLab(`deploy-${candidate.id}`);
    const driver = driverOf(candidate);
    try {
      times.push(await measureDeployments(bench.lab, driver, candidate, { repetitions: deployments }));
    } finally {
      await driver.close();
    }
  }
  return times;
}

interface XmppCost {
  readonly candidate: string;
  readonly login: LoginCost;
  readonly messages: readonly MessageCost[];
}

async function benchXmpp(candidate: Candidate, tell: Tell): Promise<XmppCost> {
  tell(`${candidate.title}: cost of logins and messages in the harness`);
  await using bench = await benchLab(`xmpp-${candidate.id}`);
  await bench.lab.prepare([candidate]);
  await using deployed = await benchServer(bench.lab, candidate, "hardened");
  const driver = createXmppDriver();
  const people = await benchPeople(deployed.server, Math.max(logins, pairCount * 2));
  await deployed.server.administration.exemptFromRateLimits?.(people.map((person) => person.name));
  const logIn = people.map(
    (person): Login =>
      () =>
        driver.openForLoad(person.server, person),
  );
  const login = await measureLogins(logIn.slice(0, logins));
  const costs = await benchMessages(logIn.slice(0, pairCount * 2));
  await driver.close();
  return { candidate: candidate.id, login, messages: costs };
}

/** Message costs on sessions that are opened in pairs, at each load. */
async function benchMessages(
  logIn: readonly Login[],
  sizes: readonly number[] = messageSizes,
): Promise<readonly MessageCost[]> {
  await using stack = new AsyncDisposableStack();
  const sessions: LoadSession[] = [];
  // One after the other: the relay of the floor pairs them in this order.
  for (const login of logIn) sessions.push(stack.use(await login()));
  const pairs = sessions.flatMap((from, index) => {
    const to = sessions[index + 1];
    return index % 2 === 1 || to === undefined ? [] : [[from, to] as const];
  });
  // Like the first login: code that has never run is compiled, which a load of some minutes does once.
  for (const payloadBytes of sizes) await measureMessages(pairs, { messages: warmUp, payloadBytes, rate: "burst" });
  const costs: MessageCost[] = [];
  for (const rate of rates) {
    for (const payloadBytes of sizes) costs.push(await measureMessages(pairs, { messages, payloadBytes, rate }));
  }
  return costs;
}

/** The same by bare TLS connections: what no driver on node:tls can undercut on this machine. */
async function benchFloor(tell: Tell): Promise<XmppCost> {
  tell("floor: the same schedule over bare TLS connections");
  const login = await withFloor(0, ({ login: one }) => measureLogins(Array<Login>(logins).fill(one)));
  const costs: MessageCost[] = [];
  for (const size of messageSizes) {
    costs.push(
      ...(await withFloor(size, ({ login: one }) => benchMessages(Array<Login>(pairCount * 2).fill(one), [size]))),
    );
  }
  return { candidate: "bare TLS, no XMPP", login, messages: costs };
}

async function withFloor<T>(payloadBytes: number, block: (floor: { readonly login: Login }) => Promise<T>): Promise<T> {
  await using floor = await openFloor(payloadBytes);
  return await block(floor);
}

/** CPU of PBKDF2-HMAC-SHA-1 with 10 000 rounds, Prosody's count, in the thread pool as a login has it. */
async function benchKeyDerivation(): Promise<number> {
  const before = process.cpuUsage();
  for (let index = 0; index < logins; index++) await derive(`secret-${index}`, "salt", 10_000, 20, "sha1");
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / logins;
}

/** Judging and rendering all formats of the whole catalogue for ten products. */
async function benchReport(): Promise<{
  readonly judgeMs: number;
  readonly renderMs: number;
  readonly entries: number;
}> {
  const catalogue = await loadCatalogue(join(root, "criteria.yaml"), { profile: "interministerial" });
  const judging = measureJudging(catalogue);
  const result = judge({ entries: largeJournal(catalogue, 10), catalogue, journalSha256: "", proofs: [] });
  const started = performance.now();
  for (const renderer of renderers) {
    for await (const file of renderer.render({ result, charts: [] })) void file;
  }
  return { judgeMs: judging.cpuMs, renderMs: performance.now() - started, entries: judging.entries };
}

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function deployRows(times: readonly DeployTimes[]): readonly string[] {
  return times.map(({ candidate, median, min }) =>
    row([
      candidate,
      ms(median.totalMs),
      ms(min.totalMs),
      ms(median.deployMs),
      ms(median.accountsMs),
      ms(median.loginMs),
      ms(median.messageMs),
    ]),
  );
}

function xmppRows(costs: readonly XmppCost[]): readonly string[] {
  return costs.flatMap(({ candidate, messages: all }) =>
    all.map((one) =>
      row([
        candidate,
        `${one.payloadBytes} B`,
        String(one.rate),
        `${one.cpuUs.toFixed(0)} µs`,
        `${one.perSecond.toFixed(0)}/s`,
      ]),
    ),
  );
}

async function reportSection(): Promise<readonly string[]> {
  const { entries, judgeMs, renderMs } = await benchReport();
  return [
    "## Judging and rendering the whole catalogue × 10 products",
    "",
    `Judging ${entries} entries: ${ms(judgeMs)} of CPU. All report formats: ${ms(renderMs)}. Budget together: 2 s.`,
  ];
}

async function deploySection(chosen: readonly Candidate[], tell: Tell): Promise<readonly string[]> {
  return [
    `## Deploy → first delivered message (shipped configuration, ${deployments} times, warm images)`,
    "",
    row(["candidate", "median", "fastest", "of it: ready", "accounts", "two logins", "message"]),
    row(["---", "---", "---", "---", "---", "---", "---"]),
    ...deployRows(await benchDeployments(chosen, tell)),
    "",
    "Budget: Prosody and ejabberd 2 s, Synapse with PostgreSQL 5 s.",
    "ejabberd's own start takes most of its time, by its log spread over the Erlang machine, its configuration, Mnesia and its modules. Its ports take connections long before anyone answers on them, so the bench waits for an answer.",
  ];
}

async function xmppSection(chosen: readonly Candidate[], tell: Tell): Promise<readonly string[]> {
  const costs: XmppCost[] = [await benchFloor(tell)];
  const derivationMs = await benchKeyDerivation();
  for (const candidate of chosen.filter(({ protocol }) => protocol === "xmpp"))
    costs.push(await benchXmpp(candidate, tell));
  return [
    "## CPU of the harness per XMPP login (hardened configuration)",
    "",
    row(["candidate", "first login", "same account again"]),
    row(["---", "---", "---"]),
    ...costs.map(({ candidate, login }) =>
      row([candidate, `${login.firstMs.toFixed(1)} ms`, `${login.againMs.toFixed(1)} ms`]),
    ),
    "",
    `Budget: 5 ms. A first login derives the SCRAM key (PBKDF2 with the server's iteration count; Prosody's 10 000 rounds: ${derivationMs.toFixed(1)} ms of CPU by themselves).`,
    "The floor is a TCP connection with a full TLS 1.3 handshake and nothing else: sessions are not resumed, since a login storm is made by people who come anew.",
    `One login at a time, ${logins - 1} accounts after ${warmUpLogins} logins of another one that load and compile the code.`,
    "",
    `## CPU of the harness per XMPP message, send + receive + acknowledgements (${pairCount} pairs, ${messages} messages after ${warmUp} uncounted ones)`,
    "",
    row(["candidate", "body", "offered rate", "CPU per message", "reached"]),
    row(["---", "---", "---", "---", "---"]),
    ...xmppRows(costs),
    "",
    "Budget: 50 µs. Paced, each message has its own TLS record, system calls and turn of the event loop on both sides: the floor is the same schedule and size over bare TLS connections through a relay in another process, without XMPP. What a wake-up costs is shared by all that came in the meantime, so a message costs less the more of them there are.",
    "In a burst (32 of each pair on their way, the next one sent when one arrives) stanzas that fall into one turn share a record; how many do depends on the server. Arrival times stay those of the record that brought the message.",
    "ejabberd's shaper does not hold load accounts back (`ejabberd_shaper:match` gives `none` for them); its archive in SQLite does, with two inserts per message over one connection: see `harness/candidates/ejabberd/start-ejabberd`.",
  ];
}

export type BenchPart = "report" | "deploy" | "xmpp";

export interface BenchChoice {
  /** One part instead of all. */
  readonly only?: BenchPart | undefined;
  /** One candidate instead of the standard ones. */
  readonly candidate?: Candidate | undefined;
}

/** Runs the benchmarks and returns their figures as Markdown. Figures of one run on one machine, with the command that makes them. */
export async function runBenchmarks({ only, candidate }: BenchChoice, tell: Tell): Promise<string> {
  const chosen = candidate === undefined ? candidates.filter(({ standard }) => standard === true) : [candidate];
  const sections: Readonly<Record<BenchPart, () => Promise<readonly string[]>>> = {
    // Before the others: what they leave behind in this process must not be in its way.
    report: reportSection,
    deploy: () => deploySection(chosen, tell),
    xmpp: () => xmppSection(chosen, tell),
  };
  const lines: string[] = [];
  for (const [part, section] of Object.entries(sections)) {
    if (only === undefined || only === part) lines.push("", ...(await section()));
  }
  const [cpu] = cpus();
  return [
    "# Benchmarks",
    "",
    "Written by `npm run bench`. One run on one machine: compare ratios, not machines.",
    "",
    `Machine: ${cpus().length} × ${cpu?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}.`,
    ...lines,
    "",
  ].join("\n");
}
