import type { Command } from "commander";
import { loadCatalogue } from "../../catalogue/load.ts";
import { loadDossier } from "../../dossier/load.ts";
import { contradictionsOf, isExpired } from "../../judge/attested.ts";
import type { Dossier, DossierStatement } from "../../model/dossier.ts";
import { documentGrades } from "../../model/dossier.ts";
import { examples } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { columns, fit, paintFor, print, printJson, safe } from "../output.ts";
import { catalogueFile } from "../paths.ts";

interface CheckOptions {
  readonly catalogue?: string;
  readonly on?: string;
  readonly json?: boolean;
}

/** One statement with what somebody has to look after. */
interface Checked {
  readonly id: string;
  readonly criterion: string;
  readonly measurement: string | null;
  readonly value: DossierStatement["value"] | null;
  readonly grade: string;
  readonly expires: string;
  readonly expired: boolean;
  /** Ids of statements that give another value. */
  readonly contradicts: readonly string[];
  readonly document: string;
  readonly place: string;
}

function checkedOf({ statements }: Dossier, on: string): readonly Checked[] {
  return statements.map((one) => ({
    id: one.id,
    criterion: one.criterion,
    measurement: one.measurement ?? null,
    value: one.value ?? null,
    grade: one.grade,
    expires: one.expires,
    expired: isExpired(one, on),
    contradicts: contradictionsOf(one, statements),
    document: `${one.document.publisher}: ${one.document.title} (${one.document.date})`,
    place: one.place,
  }));
}

function show(dossier: Dossier, on: string, checked: readonly Checked[]): void {
  const paint = paintFor(process.stdout);
  const noteOf = ({ expired, contradicts }: Checked): string =>
    [
      ...(expired ? [paint("doubt", "expired")] : []),
      ...(contradicts.length > 0 ? [paint("bad", `contradicts ${contradicts.join(", ")}`)] : []),
    ].join(", ");
  const rows = checked.map((one) => [
    one.id,
    one.criterion,
    safe(one.measurement === null ? "remark" : `${one.measurement} = ${String(one.value ?? "none")}`),
    one.grade,
    one.expires,
    noteOf(one) || fit(safe(one.document), 60),
  ]);
  print(`${safe(dossier.title)} (${safe(dossier.vendor)}), looked at for ${on}`, "", ...columns(rows), "");
  const shares = documentGrades.map((grade) => `${grade} ${checked.filter((one) => one.grade === grade).length}`);
  const expired = checked.filter((one) => one.expired).length;
  const contradicting = checked.filter(({ contradicts }) => contradicts.length > 0).length;
  print(
    `${checked.length} statements (${shares.join(", ")}), ${expired} expired, ${contradicting} contradicting.`,
    `SHA-256 ${dossier.file.sha256}`,
  );
}

function dayFrom(text: string): string {
  const time = Date.parse(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/u.test(text) || Number.isNaN(time))
    throw new RangeError(`Expected --on a day such as 2026-12-31, got "${text}".`);
  return text;
}

export function registerDossier(program: Command, done: Done): void {
  const dossier = program.command("dossier").description("statements of documents about closed products");
  dossier
    .command("check <file>")
    .description("check a dossier: all mistakes with line and column, expired and contradicting statements")
    .option("--catalogue <file>", "another catalogue than criteria.yaml")
    .option("--on <day>", "look at expiry on this day (default: today)", dayFrom)
    .option("--json", "print an array of objects with `id`")
    .addHelpText(
      "after",
      examples(
        "./pruefstand dossier check fixtures/dossiers/threema-work.yaml",
        "./pruefstand dossier check my-product.yaml --on 2027-12-31 --json",
      ) + "\nExit code 1: a statement has expired or contradicts another one; 3: the file has mistakes.\n",
    )
    .action(async (file: string, options: CheckOptions) => {
      const found = await loadDossier(file, await loadCatalogue(catalogueFile(options.catalogue)));
      const on = options.on ?? new Date().toISOString().slice(0, 10);
      const checked = checkedOf(found, on);
      if (options.json === true) printJson(checked);
      else show(found, on, checked);
      const sound = checked.every(({ expired, contradicts }) => !expired && contradicts.length === 0);
      done(sound ? exitCodes.met : exitCodes.notMet);
    });
}
