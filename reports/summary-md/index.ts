// summary.md: a short German summary to paste into a ticket or a mail.
import type { Places, Renderer, Result } from "../../harness/model/result.ts";
import { verdictTitles } from "../../harness/model/verdict.ts";
import { cleanDeep, cleanText } from "../text/clean.ts";
import { formatNumber, formatShare, formatTime } from "../text/format.ts";
import { word } from "../text/words.ts";

/** Text inert in Markdown and in the HTML that Markdown may hold; one line. */
const inline = (text: string): string =>
  cleanText(text, 300)
    .replace(/\s+/gu, " ")
    .replace(/[\\`*_{}[\]<>()#+!|~&]/gu, String.raw`\$&`);

/** Award figures, only with a price file, and whether the ranking holds when a group weighs 20 % more or less. */
function stability(result: Result, nameOf: (id: string) => string): readonly string[] {
  const { award, sensitivity } = result;
  const places = (list: Places): string => list.map((ids) => ids.map(nameOf).join(" = ")).join(", ");
  const flips = sensitivity?.weightFlips.length ?? 0;
  const stable =
    sensitivity === undefined || result.totals.every(({ points }) => points === 0)
      ? []
      : [
          flips === 0
            ? `Die Rangfolge nach Leistungspunkten (${places(sensitivity.ranking)}) bleibt gleich, wenn eine Gruppe 20 % mehr oder weniger wiegt.`
            : `Die Rangfolge nach Leistungspunkten (${places(sensitivity.ranking)}) ändert sich in ${flips === 1 ? "1 Fall" : `${flips} Fällen`}, wenn eine Gruppe 20 % mehr oder weniger wiegt.`,
          "",
        ];
  if (award === undefined) return stable;
  const rows = award.offers.map(({ candidate, standing, price, formula, inBand }) => {
    const marks = [
      standing === "excluded" ? "ausgeschlossen, nur informativ" : standing === "open" ? "offen" : "",
      inBand ? "im Entscheidungsbereich" : "",
    ];
    const cells = [
      nameOf(candidate),
      price === null ? "kein Preis" : formula.de,
      marks.filter((mark) => mark !== "").join(", "),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  const { method, bandPercent, criterion } = award.terms;
  const extended =
    method === "erweitert"
      ? `, s = ${formatNumber(bandPercent).de} %, Entscheidungskriterium ${inline(criterion)}`
      : "";
  const leading = award.leading.map(nameOf).join(" und ");
  const open = award.offers.some(({ standing, value }) => standing === "open" && value !== null);
  const provisional = open ? " (vorläufig, Ausschlusskriterien sind offen)" : "";
  return [
    ...stable,
    "## Leistung und Preis (UfAB 2018)",
    "",
    `Methode: ${method}${extended}. Führend: ${leading === "" ? "kein Produkt" : leading}${provisional}.`,
    "",
    "| Produkt | Kennzahl | Hinweis |",
    "| --- | --- | --- |",
    ...rows,
    "",
  ];
}

/** Closed products in a table of their own: nothing of theirs was measured. */
function attestedLines({ attested }: Result): readonly string[] {
  if (attested === undefined) return [];
  const rows = attested.products.map(({ id, title, statements }) => {
    const total = attested.totals.find(({ candidate }) => candidate === id);
    const grades = (["E3", "E2", "E1", "E0"] as const).map((grade) =>
      String(statements.filter((one) => one.grade === grade).length),
    );
    const expired = statements.filter(({ state }) => state === "expired").length;
    const cells = [inline(title), formatNumber(total?.points ?? 0, 1).de, ...grades, String(expired)];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    `## ${word("attestedProducts").de}`,
    "",
    word("attestedShort").de,
    "",
    "| Produkt | Leistungspunkte (informativ) | E3 | E2 | E1 | E0 | abgelaufen |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ...rows,
    "",
  ];
}

export const summaryMd: Renderer = {
  format: "md",
  *render(raw) {
    const { result } = cleanDeep(raw);
    const titles = new Map(result.run.candidates.map(({ id, title, version }) => [id, `${title} ${version}`]));
    const nameOf = (id: string): string => inline(titles.get(id) ?? id);
    const totals = result.totals.map((total) => {
      const cells = [
        nameOf(total.candidate),
        word(total.standing).de,
        formatShare(total.points, total.maxPoints).de,
        formatNumber(total.points, 1).de,
        word("kOfN", total.requiredTested).de,
      ];
      return `| ${cells.join(" | ")} |`;
    });
    const settled = result.verdicts.filter((item) => item.decides && item.verdict !== "not-tested");
    const notable = settled.filter((item) => item.verdict === "not-met" || item.verdict === "inconclusive");
    const details = notable.map(
      (item) =>
        `- **${inline(item.criterion)}**, ${nameOf(item.candidate)}: ${verdictTitles[item.verdict].de}. ${inline(item.reason.text.de)}`,
    );
    const tested = new Set(settled.map((item) => item.criterion));
    const untested = result.criteria.filter((row) => !tested.has(row.id)).map((row) => inline(row.id));
    const lines = [
      `# ${word("title").de}`,
      "",
      `Lauf ${inline(result.run.id)}, ${formatTime(result.run.startedAt).de}, Profil ${inline(result.profile)}.`,
      "",
      "| Produkt | Stand | Zielerfüllungsgrad | Leistungspunkte | Ausschlusskriterien geprüft |",
      "| --- | --- | ---: | ---: | ---: |",
      ...totals,
      "",
      ...stability(result, nameOf),
      ...attestedLines(result),
      "## Nicht erfüllt oder unklar",
      "",
      ...(details.length > 0 ? details : ["Keine Zeile."]),
      "",
      "## Bei keinem Produkt geprüft",
      "",
      `${untested.length} von ${result.criteria.length} Kriterien: ${untested.join(", ") || "keines"}.`,
      "",
    ];
    yield { path: "summary.md", content: lines.join("\n") };
  },
};
