import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createAuthority } from "../../lab/ca.ts";
import type { Ended, Orders } from "./driver.child.ts";
import { listenHostile, type HostileEndpoint, type Script } from "./endpoint.ts";
import { httpAnswers, httpScript } from "./http-answers.ts";
import { ircHostilities, ircScript, ircStages } from "./irc-answers.ts";
import { beforeTls, xmppHostilities, xmppScript, xmppStages } from "./xmpp-answers.ts";

// Every driver against a stand-in that breaks every rule. A driver passes when each case ends with a HarnessError of a kind that
// says nothing good or bad about a product, in a process that neither hangs, nor dies, nor grows.

const authority = createAuthority("hostile");
const identity = authority.issue(["a.pruefstand.test"]);

/** Generous: node, the SDKs and several limits of 16 MiB at once. A reader without a limit passes 1 GiB within a second. */
const mayGrowMegabytes = 512;
const heapMegabytes = 384;
/** For all cases of one driver; a case itself ends after seconds. */
const hangsAfterMs = 240_000;
const longestMessage = 10_000;

/** Our side or the line: never a decision of the server. */
const undecided = ["disconnected", "deadline", "unsupported", "lab-fault"];

interface Report {
  readonly ended: readonly Ended[];
  readonly grownBytes: number | undefined;
  readonly last: string;
  readonly exit: string;
}

async function runChild(orders: Orders): Promise<Report> {
  const flags = [`--max-old-space-size=${heapMegabytes}`, join(import.meta.dirname, "driver.child.ts")];
  const child = spawn(process.execPath, [...flags, JSON.stringify(orders)], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let complaints = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints = (complaints + text).slice(-2_000)));
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => child.kill("SIGKILL"), hangsAfterMs);
  child.once("close", (code, signal) => resolve(code === 0 ? "0" : `${code ?? signal}: ${complaints}`));
  const exit = await promise;
  clearTimeout(timer);
  const lines = output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Ended & { readonly begins?: string; readonly grownBytes?: number });
  return {
    ended: lines.filter(({ error }) => error !== undefined),
    grownBytes: lines.find(({ grownBytes }) => grownBytes !== undefined)?.grownBytes,
    last: lines.findLast(({ begins }) => begins !== undefined)?.begins ?? "nothing",
    exit,
  };
}

const open: HostileEndpoint[] = [];
after(() => Promise.all(open.map((endpoint) => endpoint[Symbol.asyncDispose]())));

async function survives(
  driver: Orders["driver"],
  scripts: Readonly<Record<string, Script>>,
  options: { readonly plain?: boolean; readonly check?: (ended: Ended) => string | undefined } = {},
): Promise<void> {
  const cases = await Promise.all(
    Object.entries(scripts).map(async ([what, script]) => {
      const endpoint = await listenHostile(script, options.plain === true ? undefined : identity);
      open.push(endpoint);
      return { what, port: endpoint.port };
    }),
  );
  const { ended, grownBytes, last, exit } = await runChild({ driver, ca: authority.certificate, cases });
  const check = options.check ?? problemOf;
  const grown = Math.round((grownBytes ?? 0) / 1024 / 1024);
  assert.deepEqual(
    [
      ...ended.flatMap((one) => check(one) ?? []),
      ...(exit === "0" ? [] : [`the process ended with ${exit} in the case "${last}"`]),
      ...(grown < mayGrowMegabytes ? [] : [`the process grew by ${grown} MiB`]),
    ],
    [],
  );
  assert.equal(ended.length, cases.length, `the last case was "${last}"`);
}

function problemOf({ what, error, code, words, length }: Ended): string | undefined {
  if (error !== "HarnessError") return `${what}: expected a HarnessError, got ${error} ${words}`;
  if (!undecided.includes(code)) return `${what}: expected one of ${undecided.join(", ")}, got ${code} (${words})`;
  return length < longestMessage ? undefined : `${what}: a message of ${length} characters`;
}

/** A probe shows what it was told; a hostile answer is an answer. */
const answeredOr = (ended: Ended): string | undefined => (ended.error === "" ? undefined : problemOf(ended));

const mapped = <T>(all: Readonly<Record<string, T>>, make: (one: T) => Script): Readonly<Record<string, Script>> =>
  Object.fromEntries(Object.entries(all).map(([what, one]) => [what, make(one)]));

const login = '{"user_id":"@alice:a.pruefstand.test","access_token":"t","device_id":"D"}';
const synced = '{"next_batch":"s1","rooms":{}}';
const others = (path: string): string | undefined => {
  if (path.includes("/login")) return login;
  if (path.includes("/versions")) return '{"versions":["v1.11"]}';
  if (path.includes("/sync") || path.includes("/send/")) return undefined;
  return "{}";
};

/** Most of it is waiting; more at once would only starve each other. */
describe("against a hostile endpoint", { concurrency: 5 }, () => {
  it("the Matrix driver ends its login", () =>
    survives(
      "matrix",
      mapped(httpAnswers, (one) => httpScript(one)),
    ));

  it("a Matrix session ends, whatever its syncs bring", () =>
    survives(
      "matrix",
      mapped(httpAnswers, (one) => httpScript(one, others)),
    ));

  it("a Matrix load session ends", () =>
    survives(
      "matrix load",
      mapped(httpAnswers, (one) =>
        httpScript(one, (path) => (path.includes("/sync") && !path.includes("since") ? synced : others(path))),
      ),
    ));

  for (const stage of xmppStages) {
    it(`the XMPP driver ends (${stage})`, () =>
      survives(
        "xmpp",
        mapped(xmppHostilities, (one) => xmppScript(one, stage)),
      ));

    it(`an XMPP load session ends (${stage})`, () =>
      survives(
        "xmpp load",
        mapped(xmppHostilities, (one) => xmppScript(one, stage)),
      ));
  }

  it("the XMPP driver ends before TLS", () =>
    survives("xmpp before TLS", mapped(xmppHostilities, beforeTls), { plain: true }));

  it("a question before the login ends, with an answer or without", () =>
    survives(
      "xmpp before login",
      mapped(xmppHostilities, (one) => xmppScript(one, "question")),
      { check: answeredOr },
    ));

  for (const stage of ircStages) {
    it(`the IRC driver ends (${stage})`, () =>
      survives(
        "irc",
        mapped(ircHostilities, (one) => ircScript(one, stage)),
      ));
  }

  it("the Threema driver ends", () =>
    survives(
      "threema",
      mapped(httpAnswers, (one) => httpScript(one)),
    ));

  it("a question over plain HTTP ends", () =>
    survives(
      "plain http",
      mapped(httpAnswers, (one) => httpScript(one)),
      { plain: true, check: answeredOr },
    ));

  it("no check of a remote endpoint decides anything", () =>
    survives(
      "remote",
      mapped(xmppHostilities, (one) => xmppScript(one, "login")),
      { check: answeredOr },
    ));

  it("the lab's HTTP client ends", () =>
    survives(
      "lab http",
      mapped(httpAnswers, (one) => httpScript(one)),
      { check: answeredOr },
    ));
});
