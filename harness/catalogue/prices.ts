import { createHash } from "node:crypto";
import { basename } from "node:path";
import { z } from "zod";
import { HarnessError } from "../model/errors.ts";
import { nearest, suggestion } from "../model/nearest.ts";
import { awardMethods } from "../model/result.ts";
import type { AwardMethod, AwardTerms, PriceList } from "../model/result.ts";
import type { Problems } from "./problems.ts";
import { refuse } from "./problems.ts";
import { openFile, shapeOf } from "./yaml-file.ts";

const amount = z.number().positive();
/** Shape of a price file: prices in EUR with life-cycle cost, and the terms published before the offers. */
const priceFile = z.strictObject({
  currency: z.literal("EUR").optional(),
  method: z.enum(awardMethods).optional(),
  /** s in percent. */
  band: z.number().min(0).max(100).optional(),
  criterion: z.string().min(1).optional(),
  /** Percent, together 100. */
  weights: z.strictObject({ performance: z.number().min(0).max(100), price: z.number().min(0).max(100) }).optional(),
  reference: z.strictObject({ performance: amount, price: amount }).optional(),
  prices: z.record(
    z.string(),
    z.union([amount, z.strictObject({ price: amount, performance: amount.optional(), note: z.string().optional() })]),
  ),
});
type PriceFile = z.infer<typeof priceFile>;

/** What the command line says; it wins over the file. */
export interface TermsChoice {
  readonly method?: AwardMethod | undefined;
  readonly s?: number | undefined;
  readonly criterion?: string | undefined;
}

export interface KnownNames {
  /** Ids a price may be given for; undefined: the file brings its own offers with their performance. */
  readonly candidates: readonly string[] | undefined;
  readonly groups: readonly string[];
}

/** Performance of the offers of a file that stands for itself, by id. */
export interface PriceSheet extends PriceList {
  readonly performance: Readonly<Record<string, number>>;
}

/**
 * "L", "P" or a group. P means the price, as in UfAB; the group of that name is written group:P.
 * @throws HarnessError `bad-input` for an unknown word.
 */
export function readCriterionName(name: string, groups: readonly string[]): string {
  if (name === "L" || name === "P") return name;
  const group = name.replace(/^group:/u, "");
  if (groups.includes(group)) return `group:${group}`;
  const known = ["L", "P", ...groups.filter((id) => id !== "P"), "group:P"];
  const best = nearest(name, known);
  throw new HarnessError("bad-input", `Expected criterion L, P or a group of criteria, got "${name}".`, {
    hint: best === undefined ? `Known: ${known.join(", ")}.` : `Did you mean "${best}"?`,
  });
}

function checkOffers(data: unknown, { candidates }: KnownNames, problems: Problems): void {
  const prices = (data as { readonly prices?: unknown } | null)?.prices;
  if (typeof prices !== "object" || prices === null) return;
  for (const [id, offer] of Object.entries(prices)) {
    const ownPerformance = typeof offer === "object" && offer !== null && "performance" in offer;
    if (candidates === undefined) {
      if (!ownPerformance) problems.add(["prices", id], '"price" and "performance"', JSON.stringify(offer));
      continue;
    }
    if (!candidates.includes(id))
      problems.add(["prices"], "the id of a product", `"${id}"${suggestion(id, candidates)}`, id);
    if (ownPerformance)
      problems.add(["prices", id], "a price only: the score comes from the run", '"performance"', "performance");
  }
}

function checkTerms(file: Partial<PriceFile>, terms: AwardTerms, problems: Problems): void {
  const { weights, reference } = file;
  if (weights && Math.abs(weights.performance + weights.price - 100) > 1e-9)
    problems.add(["weights"], "shares that add up to 100", String(weights.performance + weights.price));
  const isWeighted = terms.method === "median" || terms.method === "referenz";
  if (isWeighted && !weights) problems.add([], `"weights" for the method "${terms.method}"`, "none");
  if (terms.method === "referenz" && !reference) problems.add([], '"reference" for the method "referenz"', "none");
  if (file.prices && Object.keys(file.prices).length === 0) problems.add(["prices"], "at least one price", "none");
}

function criterionOf(
  file: Partial<PriceFile>,
  choice: TermsChoice,
  groups: readonly string[],
  problems: Problems,
): string {
  const { criterion } = file;
  if (choice.criterion !== undefined) return readCriterionName(choice.criterion, groups);
  if (criterion === undefined) return "L";
  try {
    return readCriterionName(criterion, groups);
  } catch {
    problems.add(["criterion"], `L, P or a group (${groups.join(", ")})`, `"${criterion}"`);
    return "L";
  }
}

/** The entries whose own shape is right, so that a mistake elsewhere does not hide what is wrong with them. */
function rightEntries(data: unknown): Partial<PriceFile> {
  const entries = Object.entries(typeof data === "object" && data !== null ? data : {});
  const right = entries.filter(([key, value]) => {
    const shape = (priceFile.shape as Readonly<Record<string, z.ZodType>>)[key];
    return shape?.safeParse(value).success === true;
  });
  return Object.fromEntries(right);
}

const shares = ({ performance, price }: { readonly performance: number; readonly price: number }) => ({
  performance: performance / 100,
  price: price / 100,
});

function termsOf(
  file: Partial<PriceFile>,
  choice: TermsChoice,
  { groups }: KnownNames,
  problems: Problems,
): AwardTerms {
  const terms: AwardTerms = {
    method: choice.method ?? file.method ?? "erweitert",
    bandPercent: choice.s ?? file.band ?? 10,
    criterion: criterionOf(file, choice, groups, problems),
    ...(file.weights && { weights: shares(file.weights) }),
    ...(file.reference && { reference: file.reference }),
  };
  checkTerms(file, terms, problems);
  return terms;
}

/**
 * Reads a price file. Method, band and criterion of the command line win over those of the file; without either,
 * erweitert with s = 10 % and criterion L (catalogue 3.8).
 * @throws HarnessError `bad-input` naming every mistake with line and column.
 */
export function parsePrices(text: string, path: string, known: KnownNames, choice: TermsChoice = {}): PriceSheet {
  const open = openFile(text, basename(path));
  const { problems } = open;
  const data: unknown = open.document.toJS();
  const shaped = shapeOf(open, priceFile)?.data;
  checkOffers(data, known, problems);
  const terms = termsOf(shaped ?? rightEntries(data), choice, known, problems);
  refuse(problems.found, "price file");
  if (!shaped) throw new HarnessError("harness-fault", "A price file without a shape gave no problem.");
  const offers = Object.entries(shaped.prices).map(([id, offer]) => {
    const { price, performance = 0 } = typeof offer === "number" ? { price: offer } : offer;
    return { id, price, performance };
  });
  return {
    name: basename(path),
    sha256: createHash("sha256").update(text).digest("hex"),
    terms,
    prices: Object.fromEntries(offers.map(({ id, price }) => [id, price])),
    performance: Object.fromEntries(offers.map(({ id, performance }) => [id, performance])),
  };
}
