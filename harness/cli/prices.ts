import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { parsePrices } from "../catalogue/prices.ts";
import type { KnownNames, PriceSheet, TermsChoice } from "../catalogue/prices.ts";
import { HarnessError } from "../model/errors.ts";
import { nearest } from "../model/nearest.ts";
import { awardMethods } from "../model/result.ts";
import type { AwardMethod } from "../model/result.ts";

/** Award options as typed. */
export interface PriceOptions {
  readonly prices?: string;
  readonly method?: string;
  readonly s?: number;
  readonly criterion?: string;
}

function percent(text: string): number {
  const value = Number(text.replace(/\s*%$/u, "").replace(",", "."));
  if (text.trim() === "" || !(value >= 0 && value <= 100))
    throw new RangeError(`Expected --s in percent from 0 to 100, got "${text}".`);
  return value;
}

function methodOf(name: string | undefined): AwardMethod | undefined {
  if (name === undefined) return undefined;
  const found = awardMethods.find((method) => method === name);
  if (found !== undefined) return found;
  const best = nearest(name, awardMethods);
  throw new HarnessError("bad-input", `Expected --method ${awardMethods.join(", ")}, got "${name}".`, {
    ...(best !== undefined && { hint: `Did you mean "${best}"?` }),
  });
}

/** Adds method, band and criterion; they win over the price file. */
export function addTermOptions(command: Command): Command {
  return command
    .option("--method <name>", `${awardMethods.join(", ")} (default: that of the price file, else erweitert)`)
    .option("--s <percent>", "width of the band of erweitert (default: that of the price file, else 10)", percent)
    .option("--criterion <name>", "decides inside the band: L score, P price, or a group of criteria (default: L)");
}

export const addPriceOptions = (command: Command): Command =>
  addTermOptions(command.option("--prices <file>", "prices in EUR: computes award figures after UfAB 2018"));

/** Reads and checks a price file. Throws `bad-input` naming all mistakes. */
export async function readPrices(path: string, known: KnownNames, options: PriceOptions): Promise<PriceSheet> {
  const choice: TermsChoice = { method: methodOf(options.method), s: options.s, criterion: options.criterion };
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new HarnessError("bad-input", `The price file ${path} cannot be read.`, {
      cause: error,
      hint: "Check the path and its permissions; fixtures/prices/ has an example.",
    });
  });
  return parsePrices(text, path, known, choice);
}

/** Terms without prices decide nothing: saying so beats ignoring them. */
export function requirePrices(options: PriceOptions): void {
  const given = (["method", "s", "criterion"] as const).filter((name) => options[name] !== undefined);
  if (options.prices !== undefined || given.length === 0) return;
  throw new HarnessError("bad-input", `Expected --prices beside --${given.join(", --")}, got none.`, {
    hint: "The bench knows no prices: name a price file, for example --prices prices.yaml.",
  });
}
