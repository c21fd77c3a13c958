import { ruleReferences } from "../catalogue/references.ts";
import { abilityTitle } from "../model/candidate.ts";
import type { Localized } from "../model/text.ts";
import type { VerdictWord } from "../model/verdict.ts";
import type { RuleContext } from "./conditions.ts";
import { evaluateAll } from "./conditions.ts";
import { passReason, scaleReason } from "./explain-rule.ts";
import { controlGate, faultGate, instrumentGate, totalGate, validGate } from "./gates.ts";
import type { UnknownCause } from "./observed.ts";
import type { Outcome } from "./outcome.ts";
import { isTested, undecided } from "./outcome.ts";
import { planGate } from "./plan-gate.ts";
import type { Span } from "./scale.ts";
import { scorePoints } from "./scale.ts";
import type { Cell } from "./view.ts";
import { attemptsOf, documentsOf, paramsOf, readRuns, ruleOf } from "./view.ts";

/** What came out for a cell over all repetitions. */
export interface Assessment {
  readonly outcome: Outcome;
  /** Repetitions whose values the outcome rests on. */
  readonly runs: readonly number[];
  /** One word a repetition, if they differ. */
  readonly unstable?: readonly VerdictWord[];
}

/** Judges one cell: gates first, the rule last. */
export function assess(cell: Cell): Assessment {
  const early = beforeRun(cell);
  if (early) return { outcome: early, runs: [] };
  const runs = runsOf(cell);
  const each = runs.map((run) => ({ runs: [run], outcome: assessRuns(cell, [run]) }));
  const words = each.map(({ outcome }) => outcome.verdict);
  const unstable = new Set(words).size > 1 ? { unstable: words } : {};
  return { ...combine(cell, each, runs), ...unstable };
}

/** Outcomes that need no measurement. */
function beforeRun(cell: Cell): Outcome | undefined {
  const { row, candidate } = cell;
  if (row.dropped) return undecided("not-applicable", "stated-need", row.dropped);
  const lacking = row.needs.filter((need) => !candidate.abilities.includes(need));
  if (lacking.length > 0) return missingAbility(cell, titlesOf(lacking));
  if (row.scenarios.length === 0) return undefined;
  const unmeasured = planGate(cell);
  return unmeasured && byDocument(cell, unmeasured) ? undefined : unmeasured;
}

/**
 * A row nobody measured is judged by documents if they give its measured values, or, for a product that the bench cannot
 * run, if they give any value the rule reads (market-survey: the middle step of F-01, I-01, O-01).
 */
function byDocument(cell: Cell, { code }: Outcome): boolean {
  if (attemptsOf(cell).length > 0) return false;
  const anyId = code === "no-driver";
  return ruleReferences(cell.row).some(
    ({ id }) => (anyId || !id.startsWith("attest.")) && documentsOf(cell, id).length > 0,
  );
}

const sameWords = (words: string): Localized => ({ de: words, en: words });

function titlesOf(lacking: readonly string[]): Localized {
  const titles = lacking.map(abilityTitle);
  return { de: titles.map(({ de }) => de).join(", "), en: titles.map(({ en }) => en).join(", ") };
}

function missingAbility({ row }: Cell, lacking: Localized): Outcome {
  const text: Localized = {
    de: `Dem Produkt fehlt, was das Kriterium verlangt: ${lacking.de}.`,
    en: `The product lacks what the criterion asks for: ${lacking.en}.`,
  };
  return { verdict: "not-met", points: row.ufab.type === "B" ? 0 : null, code: "missing-ability", text, faults: [] };
}

/** Repetitions to judge. Of a run that broke off, finished repetitions count and the cut one is left out if any finished. */
function runsOf(cell: Cell): readonly number[] {
  const attempts = attemptsOf(cell);
  const all = [...new Set(attempts.map(({ run }) => run))].toSorted((a, b) => a - b);
  if (all.length === 0) return [1];
  if (cell.index.outcome === "completed") return all;
  const finished = all.filter((run) => attempts.every((attempt) => attempt.run !== run || attempt.ended));
  const whole = finished.filter((run) => attempts.filter((attempt) => attempt.run === run).length === widest(cell));
  return whole.length > 0 ? whole : all;
}

function widest(cell: Cell): number {
  const counts = new Map<number, number>();
  for (const { run } of attemptsOf(cell)) counts.set(run, (counts.get(run) ?? 0) + 1);
  return Math.max(...counts.values());
}

interface RunOutcome {
  readonly runs: readonly number[];
  readonly outcome: Outcome;
}

/** Worst first: a violation seen once was seen. */
const badness: readonly VerdictWord[] = ["not-met", "inconclusive", "not-tested", "not-applicable", "partly", "met"];

/** A rows take the worst repetition, B rows the median of the values (catalogue 2b). */
function combine(cell: Cell, each: readonly RunOutcome[], runs: readonly number[]): RunOutcome {
  const [only] = each;
  if (only && each.length === 1) return only;
  const untested = each.filter(({ outcome }) => !isTested(outcome));
  if (cell.row.ufab.type === "B" && untested.length === 0) return { runs, outcome: assessRuns(cell, runs) };
  const pool = cell.row.ufab.type === "A" ? each : untested;
  const worst = pool.toSorted((a, b) => badness.indexOf(a.outcome.verdict) - badness.indexOf(b.outcome.verdict))[0];
  return worst ?? { runs, outcome: assessRuns(cell, runs) };
}

function assessRuns(cell: Cell, runs: readonly number[]): Outcome {
  const fault = faultGate(cell, runs);
  if (fault) return fault;
  const context: RuleContext = {
    read: (id, config) => readRuns(cell, config ? { id, config } : { id }, runs),
    params: paramsOf(cell),
  };
  const judged = applyRule(cell, context);
  if (judged.code === "missing-ability") return judged;
  const measured = attemptsOf(cell).length > 0;
  const validity = validGate(cell, context);
  if (validity.evaluation.missing) return { ...missingAbility(cell, sameWords(lackingIn(cell, context))), faults: [] };
  return (
    (measured ? (controlGate(cell, runs) ?? instrumentGate(cell, runs)) : undefined) ??
    totalGate(cell, context) ??
    validity.outcome ??
    judged
  );
}

/** In the words of the scenario that found the ability missing. */
function lackingIn({ row }: Cell, { read }: RuleContext): string {
  const words = row.measurements.flatMap(({ id }) => {
    const observed = read(id, undefined);
    return observed.state === "missing-ability" ? [observed.records[0]?.missingAbility ?? id] : [];
  });
  return [...new Set(words)].join(", ");
}

function applyRule(cell: Cell, context: RuleContext): Outcome {
  const rule = ruleOf(cell);
  if (rule.kind !== "pass") return applyScale(cell, scorePoints(rule, context), context);
  const evaluation = evaluateAll(rule.conditions, context);
  const { held, missing, cause } = evaluation;
  if (held === false && missing) return { ...missingAbility(cell, sameWords(lackingIn(cell, context))), evaluation };
  const text = passReason(evaluation, cell.declarations);
  if (held === null || held === undefined) return { ...open(cause ?? "not-observed", text), evaluation };
  const [verdict, code] = held ? (["met", "threshold-held"] as const) : (["not-met", "threshold-missed"] as const);
  return { verdict, points: null, code, text, faults: [], evaluation };
}

function open(cause: UnknownCause, which: Localized): Outcome {
  const text: Localized = { de: `Nicht entschieden: ${which.de}`, en: `Not decided: ${which.en}` };
  if (cause === "no-document") return undecided("not-tested", "no-document", text);
  if (cause === "censored") return undecided("inconclusive", "censored", text);
  if (cause === "contradiction") return undecided("inconclusive", "harness-fault", text);
  return undecided("inconclusive", "nothing-observed", text);
}

/** Causes that leave a B row decided at its lower bound: part of the rule of the catalogue. */
const lowerBound: readonly UnknownCause[] = ["censored", "no-document", "tie", "not-applicable"];

function applyScale(cell: Cell, span: Span, context: RuleContext): Outcome {
  const points = span.low;
  const text = scaleReason(span, points, cell.declarations);
  if (span.high === 0 && span.missing) return { ...missingAbility(cell, sameWords(lackingIn(cell, context))), span };
  if (span.low !== span.high) {
    const blocking = span.causes.find((cause) => !lowerBound.includes(cause));
    if (blocking) return { ...open(blocking, text), span };
    const onlyPaper = points === 0 && span.causes.includes("no-document");
    if (onlyPaper) return { ...open("no-document", text), span };
    if (!anythingObserved(cell, context)) return { ...open(span.causes[0] ?? "not-observed", text), span };
  }
  const [verdict, code] = wordOf(points);
  return { verdict, points, code, text, faults: [], span };
}

function anythingObserved(cell: Cell, { read }: RuleContext): boolean {
  return ruleReferences(cell.row).some(({ id, config }) => {
    const observed = read(id, config);
    if (observed.state === "unknown") return observed.cause === "tie";
    return observed.state !== "not-applicable";
  });
}

/** Catalogue 2c: met = 10, partly = between, not met = 0. */
function wordOf(points: number): readonly ["met" | "partly" | "not-met", "threshold-held" | "threshold-missed"] {
  if (points === 10) return ["met", "threshold-held"];
  return points > 0 ? ["partly", "threshold-missed"] : ["not-met", "threshold-missed"];
}
