import type { ConfigName } from "./candidate.ts";
import type { ChartData } from "./result.ts";
import type { ResourceSample } from "./server.ts";
import type { DeliveryResult } from "./tools.ts";

// Charts that scenarios leave as `*.chart.json` evidence: distributions, because a mean hides what was lost.

/** Whose chart it is; charts of the same title are drawn together, one line per product. */
interface ChartPlace {
  readonly candidate: string;
  readonly config: ConfigName;
}

type Point = readonly [number, number | null];

/** Delivery time over the time of sending, lost ones as null. */
export const timelineChart = (place: ChartPlace, { timeline }: DeliveryResult): ChartData => ({
  ...place,
  kind: "timeline",
  title: { de: "Zustellzeit unter gleichmäßiger Last", en: "Delivery time under steady load" },
  unit: "ms",
  xLabel: { de: "Sekunden seit Beginn der Last", en: "seconds since the load began" },
  points: timeline,
});

const shares = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100];

/** Delivery time by share of messages; a share that only lost messages can fill is null. */
export function percentileChart(place: ChartPlace, { timeline }: DeliveryResult): ChartData {
  const ascending = timeline.map(([, ms]) => ms ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b);
  const at = (share: number): number =>
    ascending[Math.max(1, Math.ceil((share / 100) * ascending.length)) - 1] ?? Number.POSITIVE_INFINITY;
  return {
    ...place,
    kind: "percentiles",
    title: { de: "Zustellzeit: Verteilung mit verlorenen Nachrichten", en: "Delivery time: distribution with losses" },
    unit: "ms",
    xLabel: { de: "Anteil der Nachrichten in Prozent", en: "share of messages in per cent" },
    points: shares.map((share): Point => [share, Number.isFinite(at(share)) ? at(share) : null]),
  };
}

/** What one load step gave. */
interface LoadStep {
  readonly rate: number;
  readonly result: DeliveryResult;
}

const byRate = (steps: readonly LoadStep[], value: (result: DeliveryResult) => number | null): readonly Point[] =>
  steps.toSorted((a, b) => a.rate - b.rate).map(({ rate, result }): Point => [rate, value(result)]);

const rateLabel = { de: "angebotene Nachrichten je Sekunde", en: "messages offered per second" };

/** 95th percentile by rate; null where losses reach into it. */
export const kneeChart = (place: ChartPlace, steps: readonly LoadStep[]): ChartData => ({
  ...place,
  kind: "knee",
  title: { de: "Zustellzeit (95 %) nach Last", en: "Delivery time (95%) by load" },
  unit: "ms",
  xLabel: rateLabel,
  points: byRate(steps, ({ latency }) => (Number.isFinite(latency.p95) ? latency.p95 : null)),
});

/** CPU time all services used between their first and last sample, in milliseconds. */
function cpuMilliseconds(samples: readonly ResourceSample[]): number {
  const services = [...new Set(samples.map(({ service }) => service))];
  return services.reduce((sum, service) => {
    const own = samples.filter((sample) => sample.service === service).map(({ cpuSeconds }) => cpuSeconds);
    return sum + (own.length < 2 ? 0 : (Math.max(...own) - Math.min(...own)) * 1000);
  }, 0);
}

/** CPU time per delivered message by rate: level = the effort grows with the load, rising = it grows faster. */
export const cpuChart = (place: ChartPlace, steps: readonly LoadStep[]): ChartData => ({
  ...place,
  kind: "knee",
  title: { de: "Rechenzeit je zugestellter Nachricht nach Last", en: "CPU time per delivered message by load" },
  unit: "ms",
  xLabel: rateLabel,
  points: byRate(steps, ({ resources, delivered }) =>
    delivered === 0 || resources.length < 2 ? null : cpuMilliseconds(resources) / delivered,
  ).filter(([, value]) => value !== null),
});

/** Memory of all services of a server over the time of the load: a slope is memory that does not come back. */
export function memoryChart(place: ChartPlace, { resources }: DeliveryResult): ChartData {
  const start = Math.min(...resources.map(({ atMs }) => atMs));
  const latest = new Map<string, number>();
  const seconds = new Map<number, number>();
  for (const { service, atMs, memoryBytes } of resources.toSorted((a, b) => a.atMs - b.atMs)) {
    latest.set(service, memoryBytes);
    const sum = [...latest.values()].reduce((all, bytes) => all + bytes, 0);
    seconds.set(Math.floor((atMs - start) / 1000), sum / 2 ** 20);
  }
  const services = new Set(resources.map(({ service }) => service)).size;
  // Until every service has been sampled once, the sum is no sum of the server.
  const points = latest.size < services ? [] : [...seconds].filter(([second]) => services === 1 || second > 0);
  return {
    ...place,
    kind: "timeline",
    title: { de: "Arbeitsspeicher des Servers unter Last", en: "Memory of the server under load" },
    unit: "MiB",
    xLabel: { de: "Sekunden seit Beginn der Last", en: "seconds since the load began" },
    points,
  };
}

/** A message written while the line was cut, and when it arrived; both in seconds, from the cut and from its end. */
export interface LateDelivery {
  readonly writtenAt: number;
  /** Null: lost. */
  readonly arrivedAfter: number | null;
}

/** When messages written during a cut arrived, counted from the end of the cut. */
export const recoveryChart = (
  place: ChartPlace,
  chat: "direct" | "group",
  deliveries: readonly LateDelivery[],
): ChartData => ({
  ...place,
  kind: "deliveries",
  title: {
    de: `Nach einer Trennung: Ankunft der Nachrichten ${chat === "direct" ? "im Einzelchat" : "in der Gruppe"}`,
    en: `After a cut: arrival of messages in the ${chat === "direct" ? "direct chat" : "group"}`,
  },
  unit: "s",
  xLabel: { de: "geschrieben, Sekunden nach Beginn der Trennung", en: "written, seconds after the cut began" },
  points: deliveries
    .toSorted((a, b) => a.writtenAt - b.writtenAt)
    .map(({ writtenAt, arrivedAfter }): Point => [writtenAt, arrivedAfter]),
});
