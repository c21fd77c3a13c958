import type { Proof, VerdictRecord } from "../model/result.ts";
import type { Localized } from "../model/text.ts";
import type { VerdictWord } from "../model/verdict.ts";
import { assess } from "./assess.ts";
import type { Assessment } from "./assess.ts";
import { writeRecord } from "./record.ts";
import type { Cell } from "./view.ts";

/** One partner of the cell's product and what came out with it. */
interface Pair {
  readonly partner: string;
  readonly cell: Cell;
  readonly assessment: Assessment;
}

/**
 * What counts first. A violation seen in one pair stays one, whatever is open elsewhere; a pair that passed shows that it can be
 * done. Open pairs go before points in between, because they could still turn the verdict.
 */
const order: Readonly<Record<NonNullable<Cell["row"]["pairs"]>, readonly VerdictWord[]>> = {
  worst: ["not-met", "inconclusive", "not-tested", "partly", "met", "not-applicable"],
  best: ["met", "inconclusive", "not-tested", "partly", "not-met", "not-applicable"],
};

/** The record of a row that is judged pair by pair; undefined where the row is none or this product met nobody. */
export function pairRecord(cell: Cell, proof: Proof): VerdictRecord | undefined {
  const { pairs } = cell.row;
  if (pairs === undefined || cell.row.dropped !== undefined) return undefined;
  const all = partnersOf(cell).map((partner): Pair => {
    const own = { ...cell, index: cell.index.towards(partner) };
    return { partner, cell: own, assessment: assess(own) };
  });
  const sign = pairs === "worst" ? 1 : -1;
  const rank = ({ assessment }: Pair): number => order[pairs].indexOf(assessment.outcome.verdict);
  const points = ({ assessment }: Pair): number => assessment.outcome.points ?? 0;
  const [counts] = all.toSorted((a, b) => rank(a) - rank(b) || sign * (points(a) - points(b)));
  if (counts === undefined) return undefined;
  const record = writeRecord(counts.cell, withPartner(counts), true, proof);
  return { ...record, partners: all.map((pair) => verdictOf(pair, pair === counts, proof)) };
}

function verdictOf(
  { partner, cell, assessment }: Pair,
  decides: boolean,
  proof: Proof,
): NonNullable<VerdictRecord["partners"]>[number] {
  const { verdict, points, reason, measurements, evidence } = writeRecord(cell, assessment, decides, proof);
  return { partner, decides, verdict, points, reason, measurements, evidence };
}

/** Planned or begun, in report order. */
function partnersOf({ row, candidate, index, base }: Cell): readonly string[] {
  const planned = (index.run.plan ?? []).filter(
    (job) => row.scenarios.includes(job.scenario) && job.candidate === candidate.id,
  );
  const begun = row.scenarios.flatMap((scenario) => index.attempts(scenario, candidate.id, base));
  const met = new Set([...planned, ...begun].map(({ partner }) => partner));
  return index.run.candidates.map(({ id }) => id).filter((id) => met.has(id));
}

/** Which partner decided stands in the reason. */
function withPartner({ partner, cell, assessment }: Pair): Assessment {
  const title = cell.index.run.candidates.find(({ id }) => id === partner)?.title ?? partner;
  const { outcome } = assessment;
  const text: Localized = { de: `Mit ${title}: ${outcome.text.de}`, en: `With ${title}: ${outcome.text.en}` };
  return { ...assessment, outcome: { ...outcome, text } };
}
