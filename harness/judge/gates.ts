import { ruleReferences, validReferences } from "../catalogue/references.ts";
import type { Criterion, MeasurementRef } from "../model/criterion.ts";
import type { ErrorCode } from "../model/errors.ts";
import type { Fault } from "../model/journal.ts";
import type { Measurement } from "../model/measurement.ts";
import type { Language, Localized } from "../model/text.ts";
import type { ReasonCode } from "../model/verdict.ts";
import { evaluateAll } from "./conditions.ts";
import type { Evaluation, RuleContext } from "./conditions.ts";
import type { Attempt } from "./journal-index.ts";
import type { Outcome } from "./outcome.ts";
import { undecided } from "./outcome.ts";
import type { Cell } from "./view.ts";
import { attemptsOf, configsOf } from "./view.ts";
import { both, germanConfig, titleOf, writeComparisons, writeNumber } from "./wording.ts";

/** A fault is ours or the lab's: whatever was measured before it, the cell stays open. */
export function faultGate(cell: Cell, runs: readonly number[]): Outcome | undefined {
  const attempts = attemptsOf(cell).filter(({ run }) => runs.includes(run));
  const unfinished = attempts.find(({ ended }) => !ended);
  const failed = attempts.filter(({ ended }) => ended?.outcome === "failed");
  const [first] = failed;
  if (first) return faulty(first, failed);
  if (unfinished) return cut(cell, unfinished);
  return undefined;
}

const codes: Readonly<Record<ErrorCode, ReasonCode>> = {
  "bad-input": "harness-fault",
  environment: "environment",
  "harness-fault": "harness-fault",
  deadline: "deadline",
  "lab-fault": "environment",
  disconnected: "environment",
  refused: "harness-fault",
  unsupported: "harness-fault",
  interrupted: "interrupted",
};

const lead: Readonly<Partial<Record<ReasonCode, { readonly de: string; readonly en: string }>>> = {
  environment: { de: "Die Prüfumgebung war gestört", en: "The lab was broken" },
  deadline: { de: "Eine Frist des Prüfstands lief ab", en: "A deadline of the bench passed" },
  interrupted: { de: "Der Prüflauf wurde unterbrochen", en: "The run was interrupted" },
};
const ownFault = { de: "Der Prüfstand selbst hatte einen Fehler", en: "The bench itself had a fault" };

function faulty({ scenario, config, ended }: Attempt, failed: readonly Attempt[]): Outcome {
  const fault: Fault = ended?.fault ?? { code: "harness-fault", message: "no fault was recorded" };
  const code = codes[fault.code];
  const step = { de: fault.step ? `, Schritt „${fault.step}“` : "", en: fault.step ? `, step "${fault.step}"` : "" };
  const { de, en } = lead[code] ?? ownFault;
  const faults = failed.flatMap((attempt) => (attempt.ended?.fault ? [attempt.ended.fault] : []));
  const text = {
    de: `${de} (${scenario}, ${germanConfig[config]}${step.de}): „${oneLine(fault.message, "de")}“`,
    en: `${en} (${scenario}, ${config}${step.en}): "${oneLine(fault.message, "en")}"`,
  };
  return undecided("inconclusive", code, text, faults);
}

/** The start of an error page: the sentence says that there was one, the record keeps it. A stanza has a `<body>` too. */
const errorPage = /\s*["'„]?<(?:!doctype|html|head|title|center|h1)\b[\s\S]*$/iu;
const pageLeftOut: Localized = { de: " [Fehlerseite in HTML]", en: " [error page in HTML]" };

/** A fault may quote a whole answer of a server; the record keeps it, the sentence does not. */
function oneLine(message: string, language: Language): string {
  const line = message.replace(errorPage, pageLeftOut[language]).replaceAll(/\s+/gu, " ").trim();
  return line.length > 240 ? `${line.slice(0, 240)}…` : line;
}

function cut({ index }: Cell, { scenario, config }: Attempt): Outcome {
  if (index.outcome === "completed") {
    return undecided("inconclusive", "harness-fault", {
      de: `${scenario} (${germanConfig[config]}) wurde begonnen, aber nie abgeschlossen, obwohl der Prüflauf zu Ende ging.`,
      en: `${scenario} (${config}) was begun and never ended although the run was completed.`,
    });
  }
  return undecided("inconclusive", "interrupted", {
    de: `Der Prüflauf brach ab, während ${scenario} (${germanConfig[config]}) lief.`,
    en: `The run broke off while ${scenario} (${config}) was running.`,
  });
}

/** Both controls of every scenario of the cell must be there and true (catalogue 2b). */
export function controlGate(cell: Cell, runs: readonly number[]): Outcome | undefined {
  for (const config of configsOf(cell)) {
    for (const scenario of cell.row.scenarios) {
      for (const kind of ["positive", "negative"] as const) {
        const id = `control.${scenario.toLowerCase()}.${kind}`;
        const records = cell.index.measurements(id, cell.candidate.id, config);
        const outcome = controlOutcome(
          id,
          runs.map((run) => records.filter((record) => record.run === run)),
        );
        if (outcome) return outcome;
      }
    }
  }
  return undefined;
}

function controlOutcome(id: string, perRun: readonly (readonly Measurement[])[]): Outcome | undefined {
  const failed = perRun.flat().find(({ value }) => value !== true);
  if (failed) {
    const note = { de: failed.note ? ` „${failed.note}“` : "", en: failed.note ? ` "${failed.note}"` : "" };
    return undecided("not-tested", "control-failed", {
      de: `Die Kontrolle ${id} schlug fehl:${note.de} Die Messung zählt deshalb nicht.`,
      en: `The control ${id} failed:${note.en} the measurement therefore does not count.`,
    });
  }
  if (perRun.every((records) => records.length > 0)) return undefined;
  return undecided("inconclusive", "nothing-observed", {
    de: `Die Kontrolle ${id} wurde nicht beobachtet.`,
    en: `The control ${id} was not observed.`,
  });
}

/** `gate.sz-24.<name>` holds for all rows of the scenario, `gate.sz-24.p-03.<name>` for that row (load.md 2.3). */
export function instrumentGate(cell: Cell, runs: readonly number[]): Outcome | undefined {
  const { row, candidate, index } = cell;
  for (const config of configsOf(cell)) {
    const failed = index
      .gates(candidate.id, config)
      .filter(({ id, value, run }) => value !== true && runs.includes(run) && concerns(id, row))
      .toSorted((a, b) => a.run - b.run || (a.id < b.id ? -1 : 1))[0];
    if (failed) {
      const note = failed.note ? `: ${failed.note}` : "";
      return undecided("inconclusive", "invalid-run", {
        de: `Das Messgerät selbst war nicht gut genug (${failed.id}${note}).`,
        en: `The measuring instrument itself was not good enough (${failed.id}${note}).`,
      });
    }
  }
  return undefined;
}

function concerns(id: string, row: Criterion): boolean {
  const [family, scenario, next = ""] = id.split(".");
  if (family !== "gate" || !row.scenarios.some((own) => own.toLowerCase() === scenario)) return false;
  return !/^[a-z]-\d{2}$/u.test(next) || next === row.id.toLowerCase();
}

/** A count out of another total than the row demands says nothing about the row. */
export function totalGate(cell: Cell, context: RuleContext): Outcome | undefined {
  const { row, declarations } = cell;
  const demanded = new Map(row.measurements.map(({ id, total }) => [id, total]));
  for (const { id, config } of refsOf(row)) {
    const total = demanded.get(id);
    const observed = context.read(id, config);
    if (total === undefined || observed.state !== "value") continue;
    const expected = typeof total === "number" ? total : context.params[total.param];
    const other = observed.records.find((record) => record.total !== expected);
    if (other) return totalDiffers(id, other.total, expected ?? Number.NaN, declarations);
  }
  return undefined;
}

const refsOf = (row: Criterion): readonly MeasurementRef[] => [...ruleReferences(row), ...validReferences(row)];

function totalDiffers(
  id: string,
  got: number | undefined,
  expected: number,
  declarations: Cell["declarations"],
): Outcome {
  const text = both((language) => {
    const count =
      got === undefined ? { de: "ohne Grundgesamtheit", en: "without total" }[language] : writeNumber(got, language);
    const title = titleOf(id, declarations, language);
    return language === "de"
      ? `${title}: gemessen an ${count}, das Kriterium verlangt ${writeNumber(expected, language)}.`
      : `${title}: measured out of ${count}, the criterion demands ${writeNumber(expected, language)}.`;
  });
  return undecided("not-tested", "total-differs", text);
}

export interface Validity {
  readonly outcome?: Outcome;
  readonly evaluation: Evaluation;
}

/** `valid:` of the row. False: the row is not tested, never passed and never failed (decision d). */
export function validGate(cell: Cell, context: RuleContext): Validity {
  const { row, declarations } = cell;
  if (row.valid.length === 0) return { evaluation: { held: true, comparisons: [] } };
  const evaluation = evaluateAll(row.valid, context);
  if (evaluation.held === true) return { evaluation };
  const open = evaluation.comparisons.filter(({ held }) => held !== true && held !== undefined);
  const which = both((language) => writeComparisons(open, declarations, language));
  if (evaluation.held === false) {
    const text = {
      de: `Gültigkeitsbedingung nicht erfüllt: ${which.de}; die Messung zählt deshalb nicht.`,
      en: `A validity condition does not hold: ${which.en}; the measurement therefore does not count.`,
    };
    return { evaluation, outcome: undecided("not-tested", "control-failed", text) };
  }
  const text = {
    de: `Gültigkeitsbedingung nicht beobachtet: ${which.de || "alle nicht anwendbar"}.`,
    en: `A validity condition was not observed: ${which.en || "none applies"}.`,
  };
  return { evaluation, outcome: undecided("inconclusive", "nothing-observed", text) };
}
