// How long each scenario took on each product, both configurations and all repetitions.
import type { JobTime } from "../../harness/model/result.ts";
import type { Localized } from "../../harness/model/text.ts";
import { formatNumber } from "../text/format.ts";
import { word } from "../text/words.ts";
import type { Book } from "./book.ts";

const seconds = (jobs: readonly JobTime[]): number => jobs.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1000;

/** "12,5", "–" where nothing came to an end; a scenario that failed is marked. */
function cellOf(jobs: readonly JobTime[]): Localized {
  if (jobs.length === 0) return { de: "–", en: "–" };
  const time = formatNumber(seconds(jobs), 1);
  const failed = jobs.some(({ outcome }) => outcome === "failed") ? word("timeFailed") : { de: "", en: "" };
  return { de: `${time.de}${failed.de}`, en: `${time.en}${failed.en}` };
}

/** Null where the journal has no times. */
export function timesView(book: Book) {
  const jobs = book.input.jobs ?? [];
  if (jobs.length === 0) return null;
  const columns = book.candidates.flatMap(({ id }) =>
    (["hardened", "default"] as const).map((config) => ({ id, config })),
  );
  const cells = (of: readonly JobTime[]): readonly Localized[] =>
    columns.map(({ id, config }) => cellOf(of.filter((job) => job.candidate === id && job.config === config)));
  const scenarios = [...new Set(jobs.map(({ scenario }) => scenario))].toSorted((a, b) => a.localeCompare(b, "en"));
  return {
    products: book.candidates.map(({ title }) => title),
    rows: scenarios.map((id) => ({
      id,
      title: book.result.run.scenarios.find((one) => one.id === id)?.title ?? { de: "", en: "" },
      cells: cells(jobs.filter(({ scenario }) => scenario === id)),
    })),
    sums: columns.map(({ id, config }) =>
      formatNumber(seconds(jobs.filter((job) => job.candidate === id && job.config === config)), 0),
    ),
  };
}
