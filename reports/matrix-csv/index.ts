// matrix.csv: one row per criterion, for spreadsheets (semicolon and byte-order mark, as German ones expect).
import type { Renderer, ReportInput } from "../../harness/model/result.ts";
import { verdictTitles } from "../../harness/model/verdict.ts";
import { cleanDeep } from "../text/clean.ts";
import { formatNumber } from "../text/format.ts";

/** A leading = + - @ would be run as a formula by spreadsheets; an apostrophe keeps it text. Plain numbers stay numbers. */
function cell(text: string): string {
  const inert = /^[=+\-@\t]/u.test(text) && !/^-?\d+(,\d+)?$/u.test(text) ? `'${text}` : text;
  return `"${inert.replaceAll('"', '""')}"`;
}

/** Columns of closed products, at the end and named as attested. */
function attestedColumns({ attested, criteria }: ReportInput["result"]) {
  const { products = [], verdicts = [] } = attested ?? {};
  const heads = products.flatMap(({ title }) => [
    `${title} (belegt, nicht gemessen)`,
    `${title} BP (belegt)`,
    `${title} Nachweisgrad (belegt)`,
  ]);
  const cells = new Map(
    criteria.map((row) => [
      row.id,
      products.flatMap(({ id }) => {
        const verdict = verdicts.find((one) => one.criterion === row.id && one.candidate === id);
        const points = verdict?.points ?? null;
        return [
          verdictTitles[verdict?.verdict ?? "not-tested"].de,
          points === null ? "" : formatNumber(points, 2).de,
          verdict?.grade ?? "E0",
        ];
      }),
    ]),
  );
  return { heads, cells };
}

function lines({ result }: ReportInput): string[][] {
  const attested = attestedColumns(result);
  const { candidates } = result.run;
  const records = new Map(
    result.verdicts.map((item) => [JSON.stringify([item.criterion, item.candidate, item.decides]), item]),
  );
  const head = candidates.flatMap(({ title }) => [
    title,
    `${title} BP`,
    `${title} LP`,
    `${title} ab Werk`,
    `${title} Nachweisgrad`,
  ]);
  const rows = result.criteria.map((row) => [
    row.id,
    row.group,
    row.title.de,
    row.type,
    row.type === "B" ? formatNumber(row.gp).de : "",
    ...candidates.flatMap(({ id }) => {
      const decided = records.get(JSON.stringify([row.id, id, true]));
      const beside = records.get(JSON.stringify([row.id, id, false]));
      const points = decided?.points ?? null;
      return [
        verdictTitles[decided?.verdict ?? "not-tested"].de,
        points === null ? "" : formatNumber(points, 2).de,
        points === null || row.type === "A" ? "" : formatNumber(points * row.gp, 2).de.replaceAll(".", ""),
        beside ? verdictTitles[beside.verdict].de : "",
        decided?.grade ?? "E0",
      ];
    }),
    ...(attested.cells.get(row.id) ?? []),
  ]);
  return [["Kriterium", "Gruppe", "Titel", "Art", "GP", ...head, ...attested.heads], ...rows];
}

export const matrixCsv: Renderer = {
  format: "csv",
  *render(input) {
    const text = lines(cleanDeep(input))
      .map((line) => line.map(cell).join(";"))
      .join("\r\n");
    yield { path: "matrix.csv", content: `\uFEFF${text}\r\n` };
  },
};
