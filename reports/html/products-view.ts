// One page per product for auditors and vendors: failures, faults, deviations, configuration difference.
import { abilityTitle } from "../../harness/model/candidate.ts";
import type { CandidateFacts } from "../../harness/model/journal.ts";
import { grades } from "../../harness/model/verdict.ts";
import { anchor } from "../text/clean.ts";
import { formatNumber } from "../text/format.ts";
import { word } from "../text/words.ts";
import { joined, properName, sentence, wordOf, type Book } from "./book.ts";
import { pointsOf } from "./matrix-view.ts";
import { clausesOf, faultsOf, repeatCommand } from "./reasons-view.ts";

function failuresOf(book: Book, candidate: string) {
  return book.result.criteria.flatMap((criterion) => {
    const record = book.decided(criterion.id, candidate);
    if (record === undefined || (record.verdict !== "not-met" && record.verdict !== "partly")) return [];
    const missed = record.conditions.filter((condition) => condition.held === false);
    return [
      {
        id: criterion.id,
        href: `#${anchor("r", criterion.id, candidate)}`,
        title: criterion.title,
        word: wordOf(record).word,
        verdict: wordOf(record).title,
        points: pointsOf(record) ?? null,
        expected: criterion.ruleText,
        conditions: missed.map((condition) => ({ text: condition.text, observed: condition.observed })),
        observed: sentence(record.reason.text),
        clause: clausesOf(criterion),
        hints: record.faults.flatMap((fault) => (fault.hint === undefined ? [] : [fault.hint])),
      },
    ];
  });
}

function faultRows(book: Book, candidate: string) {
  return book.result.verdicts
    .filter((record) => record.candidate === candidate)
    .flatMap((record) =>
      faultsOf(record).map((fault) => ({
        ...fault,
        criterion: record.criterion,
        href: `#${anchor("r", record.criterion, candidate)}`,
        config: word(record.config),
      })),
    );
}

function sharesOf(book: Book, candidate: string) {
  const total = book.total(candidate);
  return grades.toReversed().map((grade) => ({
    grade: word(grade),
    required: formatNumber(total?.grades[grade].a ?? 0),
    points: formatNumber(total?.grades[grade].points ?? 0, 1),
  }));
}

const diffKinds: Readonly<Record<string, string>> = { "+": "added", "-": "removed", "@": "place" };

function diffOf(file: CandidateFacts["configDiff"][number]) {
  return {
    path: file.path,
    lines: file.diff.split("\n").map((text) => ({ text, kind: diffKinds[text.slice(0, 1)] ?? "same" })),
  };
}

function deviationsOf(candidate: CandidateFacts) {
  return (["default", "hardened"] as const).flatMap((config) =>
    candidate.deviations[config].map((item) => ({
      config: word(config),
      setting: item.setting,
      from: item.from,
      to: item.to,
      purpose: word(item.kind),
      why: item.why,
    })),
  );
}

function productOf(book: Book, candidate: CandidateFacts) {
  const total = book.total(candidate.id);
  return {
    anchor: anchor("p", candidate.id),
    title: candidate.title,
    standing: total?.standing ?? "open",
    standingTitle: word(total?.standing ?? "open"),
    version: candidate.version,
    vendor: candidate.vendor,
    licence: candidate.licence,
    protocol: properName(candidate.protocol),
    encryption: joined(candidate.endEncryption.map(properName)),
    abilities: joined(candidate.abilities.map(abilityTitle)),
    notes: candidate.notes,
    shares: sharesOf(book, candidate.id),
    failures: failuresOf(book, candidate.id),
    command: repeatCommand(book, book.result.criteria[0]?.id ?? "", candidate.id),
    faults: faultRows(book, candidate.id),
    deviations: deviationsOf(candidate),
    diffs: candidate.configDiff.map(diffOf),
  };
}

export function productsView(book: Book) {
  return book.candidates.map((candidate) => productOf(book, candidate));
}
