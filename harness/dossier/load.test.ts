import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadCatalogue } from "../catalogue/load.ts";
import type { Problem } from "../catalogue/problems.ts";
import type { Catalogue } from "../model/criterion.ts";
import { HarnessError } from "../model/errors.ts";
import { loadDossier, loadDossiers, parseDossier } from "./load.ts";

const root = join(import.meta.dirname, "..", "..");
const fixtures = join(root, "fixtures", "dossiers");
let catalogue: Catalogue;
let folder: string;

before(async () => {
  catalogue = await loadCatalogue(join(root, "criteria.yaml"));
  folder = await mkdtemp(join(tmpdir(), "dossiers-"));
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
});

const good = `version: 1
id: closed
title: Closed
vendor: Vendor
licence: proprietary
scope: { de: Alles., en: All. }
documents:
  manual: { title: Manual, publisher: Vendor, date: "2026-05", read: "2026-11-01" }
statements:
  - criterion: C-07
    measurement: attest.root-warning
    value: true
    says: { de: Warnt., en: Warns. }
    document: manual
    place: page 3
    grade: E1
    expires: "2027-11-01"
`;

const read = (text: string) => parseDossier(text, "closed.yaml", catalogue);

/** The mistakes of a text, each as "line:column path: expected … got …". */
function mistakes(text: string): readonly string[] {
  try {
    read(text);
  } catch (error) {
    assert.ok(error instanceof HarnessError && error.code === "bad-input", String(error));
    const problems = error.context["problems"] as readonly Problem[];
    return problems.map(
      ({ line, column, path, expected, got }) => `${line}:${column} ${path}: expected ${expected}, got ${got}`,
    );
  }
  return [];
}

const changed = (from: string, to: string): readonly string[] => {
  assert.ok(good.includes(from), from);
  return mistakes(good.replace(from, to));
};

describe("a dossier", () => {
  it("is read into statements with their documents, and hashed", () => {
    const { id, statements, file } = read(good);
    assert.equal(id, "closed");
    assert.match(file.sha256, /^[0-9a-f]{64}$/u);
    assert.deepEqual(statements[0], {
      id: "closed-01",
      criterion: "C-07",
      measurement: "attest.root-warning",
      value: true,
      says: { de: "Warnt.", en: "Warns." },
      document: { title: "Manual", publisher: "Vendor", date: "2026-05", read: "2026-11-01" },
      place: "page 3",
      grade: "E1",
      expires: "2027-11-01",
    });
  });

  it("that claims E4 is refused with the reason", () => {
    assert.deepEqual(changed("grade: E1", "grade: E4"), [
      "16:12 statements[0].grade: expected E0, E1, E2 or E3: E4 is what the bench measured itself, no document can give it, got E4",
    ]);
  });

  it("names the nearest criterion, measurement and document for an unknown one", () => {
    assert.match(changed("criterion: C-07", "criterion: C-7")[0] ?? "", /^10:16 .*got "C-7" \(did you mean "C-0/u);
    assert.match(
      changed("attest.root-warning", "attest.rot-warning")[0] ?? "",
      /^11:18 .*got "attest\.rot-warning" \(did you mean "attest\.root-warning"\?\)/u,
    );
    assert.match(changed("document: manual", "document: manuel")[0] ?? "", /did you mean "manual"/u);
  });

  it("shows all its mistakes at once, also those of one whose shape is wrong elsewhere", () => {
    const text = good
      .replace("title: Closed", "titel: Closed")
      .replace("grade: E1", "grade: E9")
      .replace("criterion: C-07", "criterion: C-77")
      .replace('expires: "2027-11-01"', 'expires: "2027-02-30"');
    const found = mistakes(text);
    for (const part of ['"titel"', "E9", '"C-77"', "2027-02-30", "3:1", "10:16"]) {
      assert.ok(
        found.some((one) => one.includes(part)),
        `${part} not in\n${found.join("\n")}`,
      );
    }
  });

  it("gives values of the type that the catalogue declares, with the total the row demands", () => {
    assert.match(changed("value: true", "value: 1")[0] ?? "", /12:12 .*expected true or false, got 1/u);
    const count = good
      .replace("criterion: C-07", "criterion: C-11")
      .replace("attest.root-warning", "attest.platforms-other-than-web");
    assert.match(mistakes(count.replace("value: true", "value: 2.5\n    total: 5"))[0] ?? "", /a whole number from 0/u);
    assert.match(mistakes(count.replace("value: true", "value: 2"))[0] ?? "", /total: 5, as C-11 demands, got none/u);
    assert.deepEqual(mistakes(count.replace("value: true", "value: 2\n    total: 5")), []);
  });

  it("speaks only about measurements that its criterion reads", () => {
    assert.match(changed("criterion: C-07", "criterion: D-04")[0] ?? "", /a measurement that D-04 reads/u);
  });

  it("needs an independent publisher for E3", () => {
    assert.match(changed("grade: E1", "grade: E3")[0] ?? "", /E3 is independent/u);
    assert.deepEqual(
      mistakes(good.replace("grade: E1", "grade: E3").replace("publisher: Vendor", "publisher: Lab")),
      [],
    );
    const renamed = good.replace("grade: E1", "grade: E3").replace("publisher: Vendor", "publisher: VENDOR GmbH");
    assert.match(mistakes(renamed)[0] ?? "", /E3 is independent/u);
  });

  it("needs the vendor as publisher for E1", () => {
    assert.match(
      changed("publisher: Vendor", "publisher: A Newspaper")[0] ?? "",
      /^16:12 .*E1 is documentation of Vendor/u,
    );
    assert.deepEqual(changed("publisher: Vendor", "publisher: Vendor GmbH"), []);
  });

  it("expires within three years of being read, and names no document from the future", () => {
    assert.match(changed('expires: "2027-11-01"', 'expires: "2029-11-02"')[0] ?? "", /a day not after 2029-11-01/u);
    assert.match(changed('date: "2026-05"', 'date: "2027"')[0] ?? "", /a date not after 2026-11-01/u);
  });

  it("with a value but no measurement, or the other way round, is refused", () => {
    assert.match(changed("    measurement: attest.root-warning\n", "")[0] ?? "", /a measurement beside the value/u);
    assert.match(changed("    value: true\n", "")[0] ?? "", /a "value" beside the measurement/u);
  });

  it("that is no YAML at all is refused with the place", () => {
    assert.ok(mistakes("version: 1\n  bad: [\n").some((one) => /^[1-9]\d*:\d+ .*readable YAML/u.test(one)));
  });
});

describe("a folder of dossiers", () => {
  it("of the bench is sound: every statement has a source, a place, a grade below E4 and an expiry", async () => {
    const dossiers = await loadDossiers(fixtures, catalogue);
    assert.deepEqual(
      dossiers.map(({ id }) => id),
      ["threema-work", "whatsapp", "stashcat", "cisco-jabber"],
    );
    for (const { id, statements } of dossiers) {
      assert.ok(statements.length >= 6, id);
      for (const one of statements)
        assert.ok(one.document.title !== "" && one.place !== "" && one.grade !== ("E4" as string));
    }
  });

  it("with mistakes in two files names both", async () => {
    await writeFile(join(folder, "a.yaml"), good.replace("grade: E1", "grade: E4"));
    await writeFile(join(folder, "b.yaml"), good.replace("criterion: C-07", "criterion: X-1"));
    await assert.rejects(loadDossiers(folder, catalogue), /a\.yaml:16:12[\s\S]*b\.yaml:10:16/u);
  });

  it("refuses an id that is taken by another file or by a measured product", async () => {
    await writeFile(join(folder, "a.yaml"), good);
    await writeFile(join(folder, "b.yaml"), good);
    await assert.rejects(
      loadDossiers(folder, catalogue),
      /b\.yaml: expected an id of its own, got "closed" of a\.yaml/u,
    );
    await rm(join(folder, "b.yaml"));
    await assert.rejects(loadDossiers(folder, catalogue, ["closed"]), /"closed" of a product of the bench/u);
  });

  it("that does not exist is bad input with a way out", async () => {
    await assert.rejects(loadDossiers(join(folder, "none"), catalogue), {
      code: "bad-input",
      hint: /--dossiers none/u,
    });
    await assert.rejects(loadDossier(join(folder, "none.yaml"), catalogue), { code: "bad-input" });
  });

  it("is read as text only: the file that is hashed is the file that was checked", async () => {
    const path = join(fixtures, "whatsapp.yaml");
    const { sha256 } = (await loadDossier(path, catalogue)).file;
    assert.equal(sha256, parseDossier(await readFile(path, "utf8"), path, catalogue).file.sha256);
  });
});
