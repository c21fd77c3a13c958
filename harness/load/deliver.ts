import { performance } from "node:perf_hooks";
import { HarnessError } from "../model/errors.ts";
import type { ResourceSample } from "../model/server.ts";
import type { DeliveryLoad, DeliveryResult } from "../model/tools.ts";
import { judgeGates, watchGenerator } from "./gates.ts";
import { encodeHistogram, percentilesOf } from "./percentiles.ts";
import { goFirst } from "./priority.ts";

/** Three clocks per message (load.md 2.2), all monotonic milliseconds of this process. */
interface Flight {
  readonly number: number;
  readonly pair: number;
  /** When the schedule wanted it sent. */
  readonly intendedAt: number;
  sentAt: number | undefined;
  receivedAt: number | undefined;
  copies: number;
  refused: boolean;
}

/** The first bytes of a body name the message; the rest fills it up to the payload size. */
const numbered = /^pf-(\w+)-(\d+) /;

function bodyOf(run: string, number: number, payloadBytes: number): string {
  return `pf-${run}-${number} `.padEnd(payloadBytes, "x");
}

/** Resolves at the given monotonic time, after one turn of the event loop when it has passed; rejects on abort. */
function at(time: number, signal: AbortSignal): Promise<void> {
  const wait = time - performance.now();
  if (wait <= 0) return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(new HarnessError("interrupted", "load run was interrupted"));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, wait);
    signal.addEventListener("abort", abort, { once: true });
  });
}

/** Samples CPU and memory of the servers once a second until stopped. A failing sample ends the run: a server may be gone. */
function sampleResources(load: DeliveryLoad): { stop(): Promise<readonly ResourceSample[]> } {
  const samples: ResourceSample[] = [];
  const stop = new AbortController();
  const loop = (async () => {
    while (!stop.signal.aborted && load.servers.length > 0) {
      for (const server of load.servers) samples.push(...(await server.resources()));
      await at(performance.now() + 1000, load.signal);
    }
  })();
  // Observed in stop(); without a handler an early failure would end the process.
  loop.catch(() => undefined);
  return {
    async stop() {
      stop.abort();
      await loop;
      return samples;
    },
  };
}

/**
 * Tells when a percentile is decided: more messages than the share allows are later than the limit, seen or still on their
 * way. Looks at each message once, when its limit has passed; once true it stays true.
 */
function watchLateness(giveUp: DeliveryLoad["giveUp"], flights: readonly Flight[]): { tooMany(): boolean } {
  if (giveUp === undefined) return { tooMany: () => false };
  const { laterThanMs, share } = giveUp;
  let next = 0;
  let late = 0;
  return {
    tooMany() {
      const now = performance.now();
      for (; next < flights.length; next += 1) {
        const flight = flights[next];
        if (flight === undefined || flight.intendedAt + laterThanMs > now) break;
        if ((flight.receivedAt ?? Number.POSITIVE_INFINITY) - flight.intendedAt > laterThanMs) late += 1;
      }
      return late > share * flights.length;
    },
  };
}

/**
 * Open-model delivery load: every message starts when the schedule says, whatever the servers do, and its latency is
 * received − intended, so a stalled server cannot hide behind a generator that waits for it (coordinated omission).
 *
 * A message not seen within the window counts as infinite. Returns when all are seen or the last window is over.
 * Throws `interrupted` on abort; a lost session is counted in the gate `receivers-lost`, never ignored.
 */
export async function deliver(load: DeliveryLoad): Promise<DeliveryResult> {
  using _ = goFirst();
  const run = Math.floor(performance.now()).toString(36);
  const start = performance.now() + 50;
  const flights = load.schedule.map((offset, number): Flight => ({
    number,
    pair: number % load.pairs.length,
    intendedAt: start + offset,
    sentAt: undefined,
    receivedAt: undefined,
    copies: 0,
    refused: false,
  }));
  const outstanding = new Set(flights.map((flight) => flight.number));
  let reordered = 0;
  let lostSessions = 0;
  let open = true;
  const newestOfPair = new Map<number, number>();
  const receive = (body: string, receivedAt: number): void => {
    const match = numbered.exec(body);
    const flight = match?.[1] === run ? flights[Number(match[2])] : undefined;
    if (!open || flight === undefined) return;
    flight.copies += 1;
    if (flight.receivedAt !== undefined) return;
    flight.receivedAt = receivedAt;
    outstanding.delete(flight.number);
    if ((newestOfPair.get(flight.pair) ?? -1) > flight.number) reordered += 1;
    newestOfPair.set(flight.pair, Math.max(newestOfPair.get(flight.pair) ?? -1, flight.number));
  };
  for (const receiver of new Set(load.pairs.map((pair) => pair.to))) receiver.onMessage(receive);
  for (const session of new Set(load.pairs.flatMap((pair) => [pair.from, pair.to]))) {
    void session.ended.then(() => (lostSessions += open ? 1 : 0));
  }

  const resources = sampleResources(load);
  const generator = watchGenerator();
  const sends: Promise<void>[] = [];
  const late = watchLateness(load.giveUp, flights);
  for (const flight of flights) {
    await at(flight.intendedAt, load.signal);
    if (late.tooMany()) break;
    const pair = load.pairs[flight.pair];
    if (pair === undefined)
      throw new HarnessError("harness-fault", "expected at least one pair of load sessions, got none");
    flight.sentAt = performance.now();
    sends.push(
      pair.from.send(pair.conversation, bodyOf(run, flight.number, load.payloadBytes)).then(
        () => undefined,
        () => {
          flight.refused = true;
        },
      ),
    );
  }
  const sendingEnded = performance.now();
  const generatorFacts = generator.stop();
  const lastWindow = (flights.at(-1)?.intendedAt ?? start) + load.windowMs;
  while (outstanding.size > 0 && performance.now() < lastWindow && !late.tooMany())
    await at(Math.min(lastWindow, performance.now() + 20), load.signal);
  open = false;
  const samples = await resources.stop();
  // Sends still unanswered after the window do not hold the result up; their outcome is already counted as lost or delivered.
  void Promise.allSettled(sends);

  const seen = (flight: Flight): number | undefined =>
    flight.receivedAt !== undefined && flight.receivedAt - flight.intendedAt <= load.windowMs
      ? flight.receivedAt
      : undefined;
  const latencies = flights.map((flight) => (seen(flight) ?? Number.POSITIVE_INFINITY) - flight.intendedAt);
  const due = late.tooMany() ? flights.filter((flight) => flight.sentAt !== undefined) : flights;
  const lags = due.map((flight) => (flight.sentAt ?? Number.POSITIVE_INFINITY) - flight.intendedAt);
  const generatorLag = percentilesOf(lags);
  const delivered = latencies.filter(Number.isFinite).length;
  return {
    offered: flights.length,
    sent: flights.filter((flight) => flight.sentAt !== undefined).length,
    delivered,
    lost: flights.length - delivered,
    duplicates: flights.reduce((sum, flight) => sum + Math.max(0, flight.copies - 1), 0),
    reordered,
    refused: flights.filter((flight) => flight.refused).length,
    failed: flights.filter((flight) => flight.refused || seen(flight) === undefined).length,
    gaveUp: late.tooMany(),
    latency: percentilesOf(latencies),
    serverPart: percentilesOf(
      flights.map((flight) => (seen(flight) ?? Number.POSITIVE_INFINITY) - (flight.sentAt ?? 0)),
    ),
    generatorLag,
    achievedPerSecond: (due.length * 1000) / Math.max(1, sendingEnded - start),
    gates: judgeGates(
      {
        lagP99Ms: generatorLag.p99,
        eventLoopDelayP99Ms: generatorFacts.eventLoopDelayP99,
        cpuShare: generatorFacts.cpuShare,
        droppedShare: due.filter((flight) => flight.sentAt === undefined).length / flights.length,
        receiversLost: lostSessions,
      },
      load.gates,
    ),
    resources: samples,
    timeline: flights.map((flight, index) => {
      const latency = latencies[index] ?? Number.POSITIVE_INFINITY;
      return [(flight.intendedAt - start) / 1000, Number.isFinite(latency) ? latency : null] as const;
    }),
    histogram: encodeHistogram(latencies),
  };
}
