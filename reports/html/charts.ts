// Measured curves as SVG geometry (drawn by templates/chart.hbs). d3 gives scales, ticks and paths; see
// docs/decisions/003-charts.md. No inline styles: colours, dashes and themes come from the style sheet.
import { scaleLinear, scaleLog } from "d3-scale";
import { line, symbol, symbolCircle, symbolDiamond, symbolSquare, symbolTriangle, symbolWye } from "d3-shape";

import type { ChartData } from "../../harness/model/result.ts";
import type { Localized } from "../../harness/model/text.ts";
import { formatNumber } from "../text/format.ts";
import { word } from "../text/words.ts";
import { joined, type Book } from "./book.ts";

const box = { width: 720, height: 300, left: 60, right: 696, top: 26, bottom: 250 } as const;
/** Above this number of points a line carries no marks. */
const markedPoints = 60;
/** Rows of a chart's table; longer series are summed up instead. */
const tableRows = 24;

type Scale = (value: number) => number;
interface Axis {
  readonly scale: Scale;
  readonly ticks: readonly { readonly at: number; readonly label: Localized }[];
}

const plain = (text: string): Localized => ({ de: text, en: text });
const round = (value: number): number => Math.round(value * 10) / 10;
const isPowerStep = (value: number): boolean =>
  [1, 2, 5].includes(Math.round(value / 10 ** Math.floor(Math.log10(value) + 1e-9)));

const stepBelow = (value: number): number => {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  return power * ([5, 2, 1].find((step) => step * power <= value * (1 + 1e-9)) ?? 1);
};
const stepAbove = (value: number): number => {
  const below = stepBelow(value);
  if (below >= value * (1 - 1e-9)) return below;
  return Math.round(below / 10 ** Math.floor(Math.log10(below) + 1e-9)) === 2 ? below * 2.5 : below * 2;
};

function axisOf(
  values: readonly number[],
  range: readonly [number, number],
  logarithmic: boolean,
  count: number,
): Axis {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const scale =
    logarithmic && low > 0
      ? scaleLog([stepBelow(low), stepAbove(Math.max(high, low * 2))], range)
      : scaleLinear([Math.min(0, low), Math.max(high, low + 1e-9)], range).nice(count);
  const wanted = logarithmic && low > 0 ? scale.ticks(20).filter(isPowerStep) : scale.ticks(count);
  const every = Math.ceil(wanted.length / (count * 2));
  const kept = wanted.filter((_, index) => index % every === 0);
  return { scale, ticks: kept.map((tick) => ({ at: round(scale(tick)), label: formatNumber(tick) })) };
}

/** Percentiles on a scale on which each further nine takes the same room; 100 stands where 99.99 does. */
function percentileAxis(range: readonly [number, number], highest: number): Axis {
  const nines = (percent: number): number => -Math.log10(1 - Math.min(percent, 99.99) / 100);
  const scale = scaleLinear([0, nines(highest)], range);
  const ticks = [0, 50, 90, 95, 99, 99.9, 99.99].filter((tick) => tick <= highest);
  return {
    scale: (percent) => scale(nines(percent)),
    ticks: ticks.map((tick) => ({ at: round(scale(nines(tick))), label: formatNumber(tick, 2) })),
  };
}

const wide = (values: readonly number[]): boolean =>
  values.length > 0 && Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) > 20;

function xAxisOf(kind: ChartData["kind"], values: readonly number[]): Axis {
  const range = [box.left, box.right] as const;
  if (kind === "percentiles") return percentileAxis(range, Math.max(...values));
  return axisOf(values, range, kind === "knee" && wide(values), 8);
}

const shapes = [symbolCircle, symbolSquare, symbolTriangle, symbolDiamond, symbolWye];

function seriesOf(chart: ChartData, title: string, index: number, x: Scale, y: Scale) {
  const path = line<readonly [number, number | null]>()
    .defined(([, value]) => value !== null)
    .x(([at]) => round(x(at)))
    .y(([, value]) => round(y(value ?? 0)));
  const placed = chart.points.map(([at, value]) => ({ x: round(x(at)), y: value === null ? null : round(y(value)) }));
  return {
    title,
    style: index % 10,
    path: path(chart.points) ?? "",
    shape: symbol(shapes[index % shapes.length], 36)() ?? "",
    marks: placed.length > markedPoints ? [] : placed.filter((point) => point.y !== null),
    lost: placed.filter((point) => point.y === null).map((point) => ({ x: point.x, y: box.top - 10 })),
  };
}

function pointTable(charts: readonly ChartData[], titles: readonly string[], first: Localized) {
  const places = [...new Set(charts.flatMap((chart) => chart.points.map(([at]) => at)))].toSorted((a, b) => a - b);
  const every = Math.ceil(places.length / tableRows);
  const kept = places.filter((_, index) => index % every === 0 || index === places.length - 1);
  return {
    heads: [first, ...titles.map(plain)],
    rows: kept.map((at) => ({
      head: formatNumber(at, 2),
      cells: charts.map((chart) => {
        const point = chart.points.find(([place]) => place === at);
        if (point === undefined) return plain("–");
        return point[1] === null ? word("lost") : formatNumber(point[1]);
      }),
    })),
  };
}

function quantile(sorted: readonly number[], share: number): Localized {
  const value = sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? sorted[0];
  return value === undefined ? plain("–") : formatNumber(value);
}

function summaryTable(charts: readonly ChartData[], titles: readonly string[]) {
  const heads = ["product", "count", "lost", "min", "median", "p95", "max", "last"].map((key) => word(key));
  const rows = charts.map((chart, index) => {
    const seen = chart.points.flatMap(([, value]) => (value === null ? [] : [value]));
    const sorted = seen.toSorted((a, b) => a - b);
    const last = seen.at(-1);
    return {
      head: plain(titles[index] ?? ""),
      cells: [
        formatNumber(chart.points.length),
        formatNumber(chart.points.length - seen.length),
        quantile(sorted, 0),
        quantile(sorted, 0.5),
        quantile(sorted, 0.95),
        quantile(sorted, 1),
        last === undefined ? plain("–") : formatNumber(last),
      ],
    };
  });
  return { heads, rows };
}

function figureOf(book: Book, charts: readonly ChartData[], number: number) {
  const first = charts[0];
  if (first === undefined) throw new RangeError("a figure needs at least one chart");
  const titles = charts.map(
    (chart) => book.candidates.find((item) => item.id === chart.candidate)?.title ?? chart.candidate,
  );
  const xs = charts.flatMap((chart) => chart.points.map(([at]) => at));
  const ys = charts.flatMap((chart) => chart.points.flatMap(([, value]) => (value === null ? [] : [value])));
  const x = xAxisOf(first.kind, xs.length > 0 ? xs : [0, 1]);
  const y = axisOf(ys.length > 0 ? ys : [0, 1], [box.bottom, box.top], first.kind !== "timeline" && wide(ys), 5);
  const series = charts.map((chart, index) => seriesOf(chart, titles[index] ?? "", index, x.scale, y.scale));
  const curve = first.kind === "percentiles" || first.kind === "knee";
  return {
    id: `chart-${number}`,
    title: first.title,
    config: word(first.config),
    unit: first.unit,
    xLabel: first.xLabel,
    alt: word("chartAlt", { x: first.xLabel, unit: first.unit, series: joined(titles) }),
    box: {
      ...box,
      middle: (box.left + box.right) / 2,
      labelY: box.height - 8,
      tickY: box.bottom + 18,
      tickX: box.left - 8,
    },
    xTicks: x.ticks,
    yTicks: y.ticks.map((tick) => ({ ...tick, textAt: tick.at + 4 })),
    series,
    anyLost: series.some((item) => item.lost.length > 0),
    table: curve ? pointTable(charts, titles, first.xLabel) : summaryTable(charts, titles),
  };
}

/** Charts of the same kind, title, unit and configuration share a figure: one line per product, in report order. */
export function chartsView(book: Book) {
  const order = new Map(book.candidates.map((candidate, index) => [candidate.id, index]));
  const figures = new Map<string, ChartData[]>();
  for (const chart of book.input.charts) {
    const key = JSON.stringify([chart.kind, chart.title, chart.unit, chart.config, chart.xLabel]);
    figures.set(key, [...(figures.get(key) ?? []), chart]);
  }
  const place = (chart: ChartData): number => order.get(chart.candidate) ?? order.size;
  return [...figures.values()].map((charts, index) =>
    figureOf(
      book,
      charts.toSorted((a, b) => place(a) - place(b)),
      index + 1,
    ),
  );
}
