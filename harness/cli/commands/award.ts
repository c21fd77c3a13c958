import type { Command } from "commander";
import { compute } from "../../judge/ufab.ts";
import type { Award } from "../../model/result.ts";
import { examples } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { columns, print, printJson, safe } from "../output.ts";
import { addTermOptions, readPrices } from "../prices.ts";
import type { PriceOptions } from "../prices.ts";
import { loadProject } from "../project.ts";

const termsLine = ({ method, bandPercent, criterion }: Award["terms"]): string =>
  method === "erweitert" ? `${method}, s = ${bandPercent} %, criterion ${criterion}` : method;

/** The award figures of a result for a terminal. */
export function awardLines({ terms, offers, band, leading }: Award): readonly string[] {
  const open = offers.some(({ standing, value }) => standing === "open" && value !== null);
  const rows = offers.map(({ candidate, standing, formula, inBand, price }) => [
    candidate,
    price === null ? "no price" : formula.en,
    standing === "excluded" ? "excluded, for information" : standing === "open" ? "open" : "",
    inBand ? "in the band" : "",
  ]);
  return [
    `Award figures (UfAB 2018, ${termsLine(terms)}):`,
    ...columns(rows.map((row) => row.map(safe))),
    ...(band ? [`Band: Z from ${band.formula.en}`] : []),
    leading.length === 0 ? "Nobody leads." : `Leading${open ? " (provisional)" : ""}: ${leading.map(safe).join(", ")}`,
  ];
}

interface AwardOptions extends PriceOptions {
  readonly json?: boolean;
}

async function run(file: string, options: AwardOptions): Promise<void> {
  const { catalogue } = await loadProject();
  const known = { candidates: undefined, groups: catalogue.groups.map(({ id }) => id) };
  const { terms, prices, performance, name, sha256 } = await readPrices(file, known, options);
  const offers = Object.entries(prices).map(([id, price]) => ({ id, price, performance: performance[id] ?? 0 }));
  const { figure, band, order, leading } = compute(offers, terms);
  const award: Award = {
    terms,
    priceFile: { name, sha256 },
    offers: order.flat().flatMap((id) =>
      offers
        .filter((offer) => offer.id === id)
        .map((offer) => {
          const inBand = band?.inside.includes(id) ?? false;
          const { price, performance: score } = offer;
          return { candidate: id, standing: "eligible" as const, performance: score, price, ...figure(offer), inBand };
        }),
    ),
    ...(band && { band: { from: band.from, formula: band.formula } }),
    leading,
    leaderFlips: [],
    orderFlips: [],
  };
  if (options.json === true) printJson(award);
  else print(...awardLines(award));
}

export function registerAward(program: Command, done: Done): void {
  const command = program
    .command("award <file>")
    .description(
      "compute award figures (UfAB 2018) of offers whose performance and price stand in a file, without a run",
    )
    .option("--json", "print the figures as JSON");
  addTermOptions(command)
    .addHelpText(
      "after",
      examples(
        "./pruefstand award fixtures/prices/worked-example.yaml",
        "./pruefstand award fixtures/prices/worked-example.yaml --s 5",
        "./pruefstand award fixtures/prices/worked-example.yaml --criterion P",
      ),
    )
    .action(async (file: string, options: AwardOptions) => {
      await run(file, options);
      done(exitCodes.met);
    });
}
