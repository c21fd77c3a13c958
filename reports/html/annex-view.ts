// Annexes: where the data came from, and whether each check is proven able to fail.
import { anchor } from "../text/clean.ts";
import { formatBytes, formatNumber, formatTime } from "../text/format.ts";
import { glossary, word } from "../text/words.ts";
import { awardView, sensitivityView } from "./award-view.ts";
import type { Book } from "./book.ts";
import { methodsView } from "./methods-view.ts";
import { partnersView } from "./partners-view.ts";
import { timesView } from "./times-view.ts";

function factsOf(book: Book) {
  const { result } = book;
  const { run } = result;
  const { host, harness } = run;
  const text = (value: string) => ({ de: value, en: value });
  return [
    { name: word("runId"), value: text(run.id), code: true },
    { name: word("started"), value: formatTime(run.startedAt), code: false },
    { name: word("outcome"), value: word(result.runOutcome), code: false },
    { name: word("command"), value: text(run.command), code: true },
    { name: word("seed"), value: text(run.seed), code: true },
    { name: word("profile"), value: text(result.profile), code: false },
    ...(result.profileFile
      ? [
          {
            name: word("profileHash"),
            value: text(`${result.profileFile.name}, ${result.profileFile.sha256}`),
            code: true,
          },
        ]
      : []),
    { name: word("repetitionsPlanned"), value: formatNumber(run.repeat), code: false },
    {
      name: word("harness"),
      value: text(`${harness.version}, Git ${harness.commit}${harness.dirty ? " +" : ""}`),
      code: false,
    },
    { name: word("catalogue"), value: text(run.catalogue.path), code: false },
    { name: word("catalogueHash"), value: text(result.catalogueSha256), code: true },
    { name: word("journalHash"), value: text(result.journalSha256), code: true },
    ...(result.award
      ? [
          {
            name: word("priceHash"),
            value: text(`${result.award.priceFile.name}, ${result.award.priceFile.sha256}`),
            code: true,
          },
        ]
      : []),
    {
      name: word("host"),
      value: word("hostText", { ...host, memory: formatBytes(host.memoryBytes) }),
      code: false,
    },
    { name: text("Node.js, Docker"), value: text(`${host.node}, ${host.docker}`), code: false },
  ];
}

function imagesOf(book: Book) {
  return book.result.images.map((image) => {
    const packages = Object.entries(image.packages);
    return {
      product: book.candidates.find((candidate) => candidate.id === image.candidate)?.title ?? image.candidate,
      service: image.service,
      tag: image.tag,
      digest: image.digest,
      count: word("packages", { count: packages.length }),
      packages: packages.map(([name, version]) => `${name} ${version}`),
    };
  });
}

function proofsOf(book: Book) {
  return (book.input.proofs ?? []).map((proof) => ({
    criterion: proof.criterion,
    href: `#${anchor("c", proof.criterion)}`,
    control: proof.control,
    family: proof.protocol,
    outcome: proof.outcome,
    outcomeTitle: word(`outcome-${proof.outcome}`),
    note: proof.note,
    at: formatTime(proof.at),
  }));
}

/** Every change of weight or band that changes something, one table each. */
function stabilityOf(book: Book) {
  const award = awardView(book);
  const all = [sensitivityView(book)?.flips, award?.orderFlips, award?.flips];
  const tables = all.flatMap((flips) => (flips !== undefined && flips.rows.length > 0 ? [flips] : []));
  return { any: tables.length > 0, tables };
}

export function annexView(book: Book) {
  return {
    stability: stabilityOf(book),
    facts: factsOf(book),
    images: imagesOf(book),
    proofs: proofsOf(book),
    methods: methodsView(book),
    partners: partnersView(book),
    times: timesView(book),
    glossary,
  };
}
