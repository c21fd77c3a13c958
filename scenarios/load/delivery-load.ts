import { HarnessError } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { Person, RunningServer } from "../../harness/model/server.ts";
import type { LoadSession } from "../../harness/model/session.ts";
import { median } from "../../harness/model/statistics.ts";
import type { DeliveryLoad, DeliveryResult, LoadGateLimits } from "../../harness/model/tools.ts";

// Delivery time seen by the receiver, sustained rate, login storm and the start of a client with 200 conversations.
// Method of load.md section 2: seeded schedule that never waits, lost = infinite, and gates on the generator itself.
// Rate limits are lifted for the load accounts only, and the report says so.

/** P-03 asks for up to 200 msg/s and 10 BP; twice that shows where the product ends. */
const highestRate = 400;
const lowestRate = 10;

type Pairs = DeliveryLoad["pairs"];

/** Param names follow criteria.yaml; the fallbacks are the full values of catalogue 2b. */
function paramsOf(ctx: ScenarioContext) {
  const param = (name: string, fallback: number): number => ctx.params[name] ?? fallback;
  const gates: LoadGateLimits = {
    lagP99Ms: param("gate-lag", 0.025) * 1000,
    eventLoopDelayP99Ms: param("gate-loop", 0.025) * 1000,
    cpuShare: param("gate-cpu", 0.7),
    droppedShare: param("gate-dropped", 0.001),
  };
  return {
    gates,
    rate: param("rate", 20),
    duration: param("duration", 300),
    payload: param("payload", 1000),
    window: param("window", 60),
    pairs: param("pairs", 20),
    stepDuration: param("step-duration", 30),
    steps: param("steps", 5),
    slo: param("slo", 3),
    errors: param("errors", 0.001),
    conversations: param("conversations", 200),
    logins: param("logins", 50),
  };
}

async function openPairs(
  ctx: ScenarioContext,
  server: RunningServer,
  count: number,
): Promise<{ pairs: Pairs; sessions: readonly LoadSession[] }> {
  const people = await ctx.people(server, "load", count * 2);
  await server.administration.exemptFromRateLimits?.(people.map((person) => person.name));
  const sessions: LoadSession[] = [];
  for (const person of people) sessions.push(await ctx.driver().openForLoad(server, person));
  const pairs: DeliveryLoad["pairs"][number][] = [];
  for (let index = 0; index + 1 < sessions.length; index += 2) {
    const [from, to] = [sessions[index], sessions[index + 1]];
    if (from === undefined || to === undefined) continue;
    const [conversation] = await Promise.all([from.prepare(to), to.prepare(from)]);
    pairs.push({ from, to, conversation });
  }
  return { pairs, sessions };
}

function refuseInvalid(result: DeliveryResult, what: string): void {
  const broken = result.gates.filter((gate) => !gate.held);
  if (broken.length === 0) return;
  const list = broken.map((gate) => `${gate.name} ${gate.value.toFixed(3)} over ${gate.limit}`).join(", ");
  throw new HarnessError(
    "harness-fault",
    `expected the load generator to keep its schedule during ${what}, got ${list}`,
    {
      hint: "Rerun on an idle machine; the generator's numbers say nothing about the server.",
    },
  );
}

const errorRatio = (result: DeliveryResult): number => (result.lost + result.refused) / result.offered;

/** Infinity does not fit into JSON; a percentile that a loss reaches is the window, and censored. */
function p95(result: DeliveryResult, window: number): { value: number; censored: boolean } {
  const seconds = result.latency.p95 / 1000;
  return Number.isFinite(seconds) ? { value: seconds, censored: false } : { value: window, censored: true };
}

async function keepEvidence(ctx: ScenarioContext, name: string, result: DeliveryResult): Promise<void> {
  const { timeline, ...rest } = result;
  await ctx.evidence(
    `${name}.json`,
    JSON.stringify(rest, (_key, value: unknown) => (value === Number.POSITIVE_INFINITY ? "Infinity" : value), 2),
  );
  const chart = {
    kind: "timeline",
    title: { de: "Zustellzeit über die Zeit", en: "Delivery time over time" },
    candidate: ctx.servers[0]?.candidate.id ?? "",
    config: ctx.config,
    unit: "ms",
    xLabel: { de: "Sekunden seit Beginn", en: "seconds since start" },
    points: timeline,
  };
  await ctx.evidence(`${name}.chart.json`, JSON.stringify(chart));
}

type LoadParams = ReturnType<typeof paramsOf>;

async function measureLatency(
  ctx: ScenarioContext,
  server: RunningServer,
  pairs: Pairs,
  params: LoadParams,
): Promise<void> {
  const schedule = ctx.load.poisson(ctx.random.id("schedule"), params.rate, params.duration);
  const result = await ctx.load.deliver({
    schedule,
    pairs,
    payloadBytes: params.payload,
    windowMs: params.window * 1000,
    servers: [server],
    gates: params.gates,
    signal: ctx.signal,
  });
  await keepEvidence(ctx, "latency", result);
  refuseInvalid(result, `${params.rate} msg/s for ${params.duration} s`);
  const { value, censored } = p95(result, params.window);
  ctx.measure("load.local.delivery-p95", value, {
    unit: "s",
    window: params.window,
    censored,
    note: `p50 ${Math.round(result.latency.p50)} ms, p99 ${Math.round(result.latency.p99)} ms, lost ${result.lost}`,
  });
  ctx.measure("load.local.messages-sent", result.sent, { total: schedule.length });
  ctx.measure("load.local.errors", errorRatio(result));
  ctx.control("positive", result.delivered > 0, "messages arrived at their receivers");
  ctx.control(
    "negative",
    result.delivered + result.lost === result.offered,
    "every message of the schedule is delivered or lost, none is left out",
  );
}

/** The highest rate with p95 within the target and hardly any error. A generator that cannot keep up ends the search: the value is then a lower bound. */
async function measureThroughput(
  ctx: ScenarioContext,
  server: RunningServer,
  pairs: Pairs,
  params: LoadParams,
): Promise<void> {
  let generatorLimit = false;
  const probe = async (rate: number): Promise<boolean> => {
    const result = await ctx.load.deliver({
      schedule: ctx.load.poisson(ctx.random.id(`rate-${rate}`), rate, params.stepDuration),
      pairs,
      payloadBytes: params.payload,
      // Long enough to see that the target is missed, short enough that an overloaded server drains before the next step.
      windowMs: (params.slo + 7) * 1000,
      servers: [server],
      gates: params.gates,
      signal: ctx.signal,
    });
    await keepEvidence(ctx, `rate-${rate}`, result);
    if (result.gates.some((gate) => !gate.held)) {
      generatorLimit = true;
      return false;
    }
    return result.latency.p95 <= params.slo * 1000 && errorRatio(result) <= params.errors;
  };
  const knee = await ctx.load.knee({ low: lowestRate, high: highestRate, steps: params.steps, probe });
  await ctx.evidence("knee.json", JSON.stringify(knee, null, 2));
  ctx.measure("load.sustained-throughput", knee.lastPassing, {
    unit: "msg/s",
    censored: knee.firstFailing === null || generatorLimit,
    note:
      knee.firstFailing === null
        ? "no failing rate up to the highest tried"
        : `first failing rate ${knee.firstFailing}${generatorLimit ? ", by the limit of the generator" : ""}`,
  });
}

async function fillAccount(ctx: ScenarioContext, server: RunningServer, params: LoadParams): Promise<Person> {
  const person = await ctx.person(server, "many-chats");
  await server.administration.exemptFromRateLimits?.([person.name]);
  await ctx.driver().probes.fillConversations(server, person, params.conversations);
  return person;
}

async function measureClientStart(
  ctx: ScenarioContext,
  server: RunningServer,
  person: Person,
  params: LoadParams,
): Promise<void> {
  const starts: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    const start = await ctx.driver().probes.clientStart(server, person);
    if (start.conversations !== params.conversations) {
      throw new HarnessError(
        "lab-fault",
        `expected ${params.conversations} conversations after the start of a client, got ${start.conversations}`,
      );
    }
    starts.push(start.readyMs / 1000);
  }
  ctx.measure("client-start.time-to-ready", median(starts), {
    unit: "s",
    note: `of ${starts.map((start) => start.toFixed(2)).join(", ")} s`,
  });
}

/** Printed, not judged: the eight o'clock login storm, and a Matrix endpoint under autocannon. */
async function reportStorms(ctx: ScenarioContext, server: RunningServer, params: LoadParams): Promise<void> {
  const people = await ctx.people(server, "storm", params.logins);
  await server.administration.exemptFromRateLimits?.(people.map((person) => person.name));
  const storm = await ctx.load.loginStorm(
    ctx.driver(),
    people,
    ctx.load.poisson(ctx.random.id("storm"), 10, params.logins / 10),
  );
  await ctx.evidence("login-storm.json", JSON.stringify(storm, null, 2));
  const endpoint = server.endpoint("matrix-client");
  if (endpoint === undefined) return;
  const http = await ctx.load.http({
    endpoint,
    ca: server.ca,
    path: "/_matrix/client/versions",
    method: "GET",
    headers: {},
    ratePerSecond: 50,
    durationSeconds: 5,
    connections: 5,
  });
  await ctx.evidence("http-versions.json", JSON.stringify(http, null, 2));
}

export const scenario = defineScenario({
  id: "SZ-24",
  title: { de: "Zustellzeit und Durchsatz unter Last", en: "Delivery time and throughput under load" },
  shows: {
    de: "Wie schnell Nachrichten unter Last ankommen, welche Rate dauerhaft trägt und wie lange ein Client mit vielen Unterhaltungen startet.",
    en: "How fast messages arrive under load, which rate holds, and how long a client with many conversations takes to start.",
  },
  area: "load",
  verifies: ["P-01", "P-03", "P-05"],
  measures: [
    "load.local.delivery-p95",
    "load.local.messages-sent",
    "load.local.errors",
    "load.sustained-throughput",
    "client-start.time-to-ready",
  ],
  protocols: ["matrix", "xmpp"],
  servers: 1,
  exclusive: true,
  timeBudget: 300,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    const params = paramsOf(ctx);
    const busy = await ctx.step(`an account gets ${params.conversations} conversations`, () =>
      fillAccount(ctx, server, params),
    );
    await ctx.step("its client starts", () => measureClientStart(ctx, server, busy, params));
    const { pairs, sessions } = await ctx.step(`${params.pairs} pairs log in`, () =>
      openPairs(ctx, server, params.pairs),
    );
    await using closing = new AsyncDisposableStack();
    closing.defer(
      async () => void (await Promise.allSettled(sessions.map((session) => session[Symbol.asyncDispose]()))),
    );
    await ctx.step("warm-up", () => warmUp(ctx, server, pairs, params));
    await ctx.step(`${params.rate} messages a second for ${params.duration} s`, () =>
      measureLatency(ctx, server, pairs, params),
    );
    await ctx.step("a login storm", () => reportStorms(ctx, server, params));
    await ctx.step("the highest rate that holds", () => measureThroughput(ctx, server, pairs, params));
  },
});

/** First messages compile queries and fill caches; two seconds at the same rate are not counted. */
async function warmUp(ctx: ScenarioContext, server: RunningServer, pairs: Pairs, params: LoadParams): Promise<void> {
  await ctx.load.deliver({
    schedule: ctx.load.poisson(ctx.random.id("warm-up"), params.rate, 2),
    pairs,
    payloadBytes: params.payload,
    windowMs: 20_000,
    servers: [server],
    gates: params.gates,
    signal: ctx.signal,
  });
}
