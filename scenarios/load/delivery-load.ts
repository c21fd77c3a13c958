import { cpuChart, kneeChart, memoryChart, percentileChart, timelineChart } from "../../harness/model/charts.ts";
import { HarnessError, hasCode } from "../../harness/model/errors.ts";
import type { ChartData } from "../../harness/model/result.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { Person, RunningServer } from "../../harness/model/server.ts";
import type { LoadSession } from "../../harness/model/session.ts";
import { median } from "../../harness/model/statistics.ts";
import type { DeliveryLoad, DeliveryResult, LoadGate, LoadGateLimits } from "../../harness/model/tools.ts";

// Delivery time seen by the receiver, sustained rate, login storm and the start of a client with 200 conversations.
// Method of load.md section 2: seeded schedule that never waits, lost = infinite, and gates on the generator itself.
// Rate limits are lifted for the load accounts only, and the report says so.

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
    /** P-03 gives 10 BP from 200 msg/s on; twice that shows where the product ends. */
    highestRate: param("highest-rate", 400),
    /** A generator that cannot reach this rate leaves P-03 open. */
    reach: param("reach", 200),
    slo: param("slo", 3),
    errors: param("errors", 0.001),
    conversations: param("conversations", 200),
    startWindow: param("start-window", 60),
    logins: param("logins", 50),
  };
}

interface Accounts {
  /** Has many conversations. */
  readonly busy: Person;
  readonly load: readonly Person[];
  readonly storm: readonly Person[];
}

/** All accounts first: making them is not what is measured, and is slow on a server that a control has starved. */
async function makeAccounts(ctx: ScenarioContext, server: RunningServer, params: LoadParams): Promise<Accounts> {
  const busy = await ctx.person(server, "many-chats");
  const load = await ctx.people(server, "load", params.pairs * 2);
  const storm = await ctx.people(server, "storm", params.logins);
  await server.administration.exemptFromRateLimits?.([busy, ...load, ...storm].map(({ name }) => name));
  return { busy, load, storm };
}

async function openPairs(
  ctx: ScenarioContext,
  server: RunningServer,
  people: readonly Person[],
): Promise<{ pairs: Pairs; sessions: readonly LoadSession[] }> {
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

const brokenGates = (result: DeliveryResult): readonly LoadGate[] => result.gates.filter((gate) => !gate.held);

/** The generator's own faults, one record each: they leave the row open and say nothing about the server (load.md 2.3). */
function recordGates(ctx: ScenarioContext, row: string, result: DeliveryResult): void {
  for (const { name, value, limit, held } of result.gates) {
    ctx.measure(`gate.sz-24.${row}.${name}`, held, { note: `${value.toFixed(3)}, limit ${limit}` });
  }
}

const errorRatio = (result: DeliveryResult): number => result.failed / result.offered;

/** Infinity does not fit into JSON; a percentile that a loss reaches is the window, and censored. */
function p95(result: DeliveryResult, window: number): { value: number; censored: boolean } {
  const seconds = result.latency.p95 / 1000;
  return Number.isFinite(seconds) ? { value: seconds, censored: false } : { value: window, censored: true };
}

async function keepEvidence(ctx: ScenarioContext, name: string, result: DeliveryResult): Promise<void> {
  const { timeline: _, ...rest } = result;
  await ctx.evidence(
    `${name}.json`,
    JSON.stringify(rest, (_key, value: unknown) => (value === Number.POSITIVE_INFINITY ? "Infinity" : value), 2),
  );
}

const placeOf = (ctx: ScenarioContext) => ({ candidate: ctx.servers[0]?.candidate.id ?? "", config: ctx.config });

async function keepCharts(ctx: ScenarioContext, charts: Readonly<Record<string, ChartData>>): Promise<void> {
  for (const [name, chart] of Object.entries(charts))
    if (chart.points.length > 0) await ctx.evidence(`${name}.chart.json`, JSON.stringify(chart));
}

type LoadParams = ReturnType<typeof paramsOf>;

async function measureLatency(
  ctx: ScenarioContext,
  server: RunningServer,
  pairs: Pairs,
  params: LoadParams,
): Promise<DeliveryResult> {
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
  await keepCharts(ctx, {
    latency: timelineChart(placeOf(ctx), result),
    percentiles: percentileChart(placeOf(ctx), result),
    memory: memoryChart(placeOf(ctx), result),
  });
  recordGates(ctx, "p-01", result);
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
  return result;
}

/** Longest wait for an answer while searching: long enough for an overloaded server to drain before the next step. */
const searchWindowMs = ({ slo }: LoadParams): number => (slo + 7) * 1000;

/** The steady load held as a step of the search would have to, over a longer time; then the search begins above it. */
const steadyHeld = (steady: DeliveryResult, params: LoadParams): boolean =>
  brokenGates(steady).length === 0 &&
  steady.latency.p95 <= params.slo * 1000 &&
  steady.latency.max <= searchWindowMs(params) &&
  errorRatio(steady) <= params.errors;

/**
 * The highest rate with p95 within the target and hardly any error; true if any rate held. A rate at which the generator
 * itself is too slow is tried once more; if that does not help, the search goes on below, and the value is a lower bound.
 */
async function measureThroughput(
  ctx: ScenarioContext,
  server: RunningServer,
  pairs: Pairs,
  params: LoadParams,
  steady: DeliveryResult,
): Promise<boolean> {
  const limits: string[] = [];
  const held = steadyHeld(steady, params);
  const tried: { readonly rate: number; readonly result: DeliveryResult }[] = held
    ? [{ rate: params.rate, result: steady }]
    : [];
  let probes = 0;
  const attempt = async (rate: number): Promise<DeliveryResult> => {
    probes += 1;
    const result = await ctx.load.deliver({
      schedule: ctx.load.poisson(ctx.random.id(`rate-${rate}`), rate, params.stepDuration),
      pairs,
      payloadBytes: params.payload,
      windowMs: searchWindowMs(params),
      giveUp: { laterThanMs: params.slo * 1000, share: 0.05 },
      servers: [server],
      gates: params.gates,
      signal: ctx.signal,
    });
    tried.push({ rate, result });
    await keepEvidence(ctx, `rate-${rate}-${probes}`, result);
    return result;
  };
  let asked = 0;
  const probe = async (rate: number): Promise<boolean> => {
    asked += 1;
    // Only as the first step: the rate that is the result is measured once more.
    if (held && asked === 1) return true;
    let result = await attempt(rate);
    if (brokenGates(result).length > 0) result = await attempt(rate);
    const broken = brokenGates(result);
    if (broken.length > 0) {
      limits.push(`${rate} msg/s: ${broken.map(({ name, value }) => `${name} ${value.toFixed(3)}`).join(", ")}`);
      return false;
    }
    return result.latency.p95 <= params.slo * 1000 && errorRatio(result) <= params.errors;
  };
  const search = (low: number, high: number): ReturnType<typeof ctx.load.knee> =>
    ctx.load.knee({ low, high, steps: params.steps, probe });
  let knee = await search(held ? params.rate : lowestRate, params.highestRate);
  // The steady rate held once and not again: what holds is looked for below it, as if it had not been tried.
  if (held && knee.lastPassing === 0 && params.rate > lowestRate) {
    const below = await search(lowestRate, params.rate);
    knee = { ...below, firstFailing: below.firstFailing ?? params.rate, probes: [...knee.probes, ...below.probes] };
  }
  await keepCharts(ctx, { knee: kneeChart(placeOf(ctx), tried), cpu: cpuChart(placeOf(ctx), tried) });
  await ctx.evidence("knee.json", JSON.stringify({ ...knee, limits }, null, 2));
  ctx.measure("gate.sz-24.p-03.generator", limits.length === 0 || knee.lastPassing >= params.reach, {
    note: limits.length === 0 ? "kept its schedule at every rate" : limits.join("; "),
  });
  ctx.measure("load.sustained-throughput", knee.lastPassing, {
    unit: "msg/s",
    censored: knee.firstFailing === null || limits.length > 0,
    note:
      knee.firstFailing === null
        ? "no failing rate up to the highest tried"
        : `first failing rate ${knee.firstFailing}${limits.length > 0 ? ", by the limit of the generator" : ""}`,
  });
  return knee.lastPassing > 0;
}

interface Start {
  readonly seconds: number;
  readonly ready: boolean;
}

/** A client that is not ready when its patience ends has needed longer than that. */
async function startOnce(
  ctx: ScenarioContext,
  server: RunningServer,
  person: Person,
  params: LoadParams,
): Promise<Start> {
  const began = ctx.clock.nowMs();
  const tooLate = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => tooLate.resolve(undefined), params.startWindow * 1000);
  const starting = ctx.driver().probes.clientStart(server, person);
  // Looked at below; a start that fails after its window has no listener any more.
  starting.catch(() => undefined);
  try {
    const start = await Promise.race([starting, tooLate.promise]);
    if (start === undefined) return { seconds: params.startWindow, ready: false };
    if (start.conversations !== params.conversations) {
      throw new HarnessError(
        "lab-fault",
        `expected ${params.conversations} conversations after the start of a client, got ${start.conversations}`,
      );
    }
    return { seconds: start.readyMs / 1000, ready: true };
  } catch (error) {
    // The driver gave up waiting before the window was over: later than this is all we know.
    if (!hasCode(error, "deadline")) throw error;
    return { seconds: (ctx.clock.nowMs() - began) / 1000, ready: false };
  } finally {
    clearTimeout(timer);
  }
}

/** Three starts, or as many as fit into one window. */
async function measureClientStart(
  ctx: ScenarioContext,
  server: RunningServer,
  person: Person,
  params: LoadParams,
): Promise<void> {
  const starts: Start[] = [];
  const began = ctx.clock.nowMs();
  while (starts.length < 3 && ctx.clock.nowMs() - began < params.startWindow * 500)
    starts.push(await startOnce(ctx, server, person, params));
  const seconds = median(starts.map((start) => start.seconds));
  const late = starts.some((start) => !start.ready && start.seconds <= seconds);
  ctx.measure("client-start.time-to-ready", seconds, {
    unit: "s",
    window: params.startWindow,
    censored: late,
    note: `of ${starts.map((start) => `${start.ready ? "" : "more than "}${start.seconds.toFixed(2)}`).join(", ")} s`,
  });
}

/** Printed, not judged: the eight o'clock login storm, and a Matrix endpoint under autocannon. */
async function reportStorms(ctx: ScenarioContext, server: RunningServer, people: readonly Person[]): Promise<void> {
  const storm = await ctx.load.loginStorm(
    ctx.driver(),
    people,
    ctx.load.poisson(ctx.random.id("storm"), 10, people.length / 10),
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
    durationSeconds: 3,
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
  exclusive: "when-asked",
  timeBudget: 300,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    const params = paramsOf(ctx);
    const accounts = await ctx.step("accounts", () => makeAccounts(ctx, server, params));
    // At the same time, because nothing is measured yet.
    const [{ pairs, sessions }] = await Promise.all([
      ctx.step(`${params.pairs} pairs log in`, () => openPairs(ctx, server, accounts.load)),
      ctx.step(`an account gets ${params.conversations} conversations`, () =>
        ctx.driver().probes.fillConversations(server, accounts.busy, params.conversations),
      ),
    ]);
    await using closing = new AsyncDisposableStack();
    closing.defer(
      async () => void (await Promise.allSettled(sessions.map((session) => session[Symbol.asyncDispose]()))),
    );
    await ctx.step("the machine for itself", () => ctx.aloneFromHere());
    await ctx.step("its client starts", () => measureClientStart(ctx, server, accounts.busy, params));
    await ctx.step("warm-up", () => warmUp(ctx, server, pairs, params));
    const steady = await ctx.step(`${params.rate} messages a second for ${params.duration} s`, () =>
      measureLatency(ctx, server, pairs, params),
    );
    const holds = await ctx.step("the highest rate that holds", () =>
      measureThroughput(ctx, server, pairs, params, steady),
    );
    // A server that holds no rate at all would not survive a storm within the time there is.
    if (holds && accounts.storm.length > 0)
      await ctx.step("a login storm", () => reportStorms(ctx, server, accounts.storm));
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
