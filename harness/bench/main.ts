import { writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { candidates } from "../candidates/registry.ts";
import { loadCatalogue } from "../catalogue/load.ts";
import { createMatrixDriver } from "../drivers/matrix/index.ts";
import { createXmppDriver } from "../drivers/xmpp/index.ts";
import { judge } from "../judge/judge.ts";
import { largeJournal } from "../judge/testing/large-journal.ts";
import type { Candidate } from "../model/candidate.ts";
import { renderers } from "../../reports/index.ts";
import { measureDeployments, type DeployTimes } from "./deploy.ts";
import { measureJudging } from "./judge-time.ts";
import { benchLab, benchPeople, benchServer } from "./lab-server.ts";
import { measureLogins, measureMessages, type LoginCost, type MessageCost } from "./xmpp-cost.ts";

/** Repetitions of issue "Must show" 7. */
const deployments = 10;
const logins = 51;
const messages = 5_000;
const pairCount = 20;

const root = join(import.meta.dirname, "..", "..");
const driverOf = (candidate: Candidate) =>
  candidate.protocol === "matrix" ? createMatrixDriver({}) : createXmppDriver();
const ms = (value: number): string => `${Math.round(value)} ms`;

async function benchDeployments(tell: (line: string) => void): Promise<readonly DeployTimes[]> {
  const times: DeployTimes[] = [];
  for (const candidate of candidates) {
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

async function benchXmpp(candidate: Candidate, tell: (line: string) => void): Promise<XmppCost> {
  tell(`${candidate.title}: cost of logins and messages in the harness`);
  await using bench = await benchLab(`xmpp-${candidate.id}`);
  await bench.lab.prepare([candidate]);
  await using deployed = await benchServer(bench.lab, candidate, "hardened");
  const driver = createXmppDriver();
  const people = await benchPeople(deployed.server, Math.max(logins, pairCount * 2));
  await deployed.server.administration.exemptFromRateLimits?.(people.map((person) => person.name));
  const login = await measureLogins(driver, people.slice(0, logins));
  const sessions = await Promise.all(
    people.slice(0, pairCount * 2).map((person) => driver.openForLoad(person.server, person)),
  );
  const pairs = Array.from(
    { length: pairCount },
    (_, index) => [sessions[index * 2], sessions[index * 2 + 1]] as const,
  );
  const complete = pairs.flatMap(([from, to]) => (from === undefined || to === undefined ? [] : [[from, to] as const]));
  const costs: MessageCost[] = [];
  for (const [payloadBytes, rate] of [
    [100, 500],
    [1000, 500],
    [100, "burst"],
    [1000, "burst"],
  ] as const) {
    costs.push(await measureMessages(complete, { messages, payloadBytes, rate }));
  }
  await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
  await driver.close();
  return { candidate: candidate.id, login, messages: costs };
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

/** Runs every benchmark and writes docs/benchmarks.md. Figures of one run on one machine, with the command that makes them. */
export async function runBenchmarks(): Promise<void> {
  const tell = (line: string): void => void process.stderr.write(`bench: ${line}\n`);
  const report = await benchReport();
  const deploys = await benchDeployments(tell);
  const xmpp: XmppCost[] = [];
  for (const candidate of candidates.filter(({ protocol }) => protocol === "xmpp"))
    xmpp.push(await benchXmpp(candidate, tell));
  const [cpu] = cpus();
  const text = [
    "# Benchmarks",
    "",
    "Written by `npm run bench`. One run on one machine: compare ratios, not machines.",
    "",
    `Machine: ${cpus().length} × ${cpu?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}.`,
    "",
    `## Deploy → first delivered message (shipped configuration, ${deployments} times, warm images)`,
    "",
    row(["candidate", "median", "fastest", "of it: ready", "accounts", "two logins", "message"]),
    row(["---", "---", "---", "---", "---", "---", "---"]),
    ...deployRows(deploys),
    "",
    "Budget: Prosody and ejabberd 2 s, Synapse with PostgreSQL 5 s.",
    "",
    "## CPU of the harness per XMPP login (hardened configuration)",
    "",
    row(["candidate", "first login", "same account again"]),
    row(["---", "---", "---"]),
    ...xmpp.map(({ candidate, login }) =>
      row([candidate, `${login.firstMs.toFixed(1)} ms`, `${login.againMs.toFixed(1)} ms`]),
    ),
    "",
    "Budget: 5 ms. A first login derives the SCRAM key (PBKDF2 with the server's iteration count).",
    "",
    `## CPU of the harness per XMPP message, send + receive + acknowledgements (${pairCount} pairs, ${messages} messages)`,
    "",
    row(["candidate", "body", "offered rate", "CPU per message", "reached"]),
    row(["---", "---", "---", "---", "---"]),
    ...xmppRows(xmpp),
    "",
    "Budget: 50 µs. At a paced rate each message has its own TLS record and its own turn of the event loop; in bursts they share.",
    "",
    "## Judging and rendering the whole catalogue × 10 products",
    "",
    `Judging ${report.entries} entries: ${ms(report.judgeMs)} of CPU. All report formats: ${ms(report.renderMs)}. Budget together: 2 s.`,
    "",
  ].join("\n");
  await writeFile(join(root, "docs", "benchmarks.md"), text);
  tell("written to docs/benchmarks.md");
}
