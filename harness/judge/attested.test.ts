import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DossierStatement } from "../model/dossier.ts";
import type { Attested, AttestedVerdict } from "../model/result.ts";
import { judgeDossiers } from "./attested.ts";
import { aCatalogue, aRun } from "./testing/builders.ts";
import type { RowText } from "./testing/builders.ts";

const document = { title: "Manual", publisher: "Somebody", date: "2026", read: "2026-11-01" };

const statement = (given: Partial<DossierStatement>): DossierStatement => ({
  id: "closed-01",
  criterion: "T-01",
  says: { de: "Aussage.", en: "Statement." },
  document,
  place: "section 1",
  grade: "E1",
  expires: "2027-11-01",
  ...given,
});

function attested(rows: readonly RowText[], statements: readonly DossierStatement[]): Attested {
  const catalogue = aCatalogue(rows);
  const dossier = {
    id: "closed",
    title: "Closed",
    vendor: "Vendor",
    licence: "proprietary",
    scope: { de: "Alles.", en: "All." },
    order: 1,
    statements: statements.map((one, index) => ({ ...one, id: `closed-0${index + 1}` })),
    file: { name: "closed.yaml", sha256: "0".repeat(64) },
  };
  return judgeDossiers([dossier], catalogue.criteria, catalogue, { ...aRun(), startedAt: "2026-11-23T12:00:00Z" });
}

function onlyVerdict(rows: readonly RowText[], statements: readonly DossierStatement[]): AttestedVerdict {
  const [verdict, ...others] = attested(rows, statements).verdicts;
  assert.ok(verdict !== undefined && others.length === 0);
  return verdict;
}

const paper = {
  keys: [
    "method: [attested]",
    "scenarios: []",
    "evidence_min: E1",
    "measurements: [attest.paper]",
    "pass: [attest.paper = true]",
  ],
};
const measured = { keys: ["measurements: [x.flag]", "pass: [x.flag = true]"] };
const byPaper = { keys: ["measurements: [x.flag]", "evidence_min: E1", "pass: [x.flag = true]"] };

describe("verdicts by dossier", () => {
  it("are met or not met by what a document of sufficient grade says, and carry its grade", () => {
    const yes = onlyVerdict([paper], [statement({ measurement: "attest.paper", value: true, grade: "E2" })]);
    assert.deepEqual([yes.verdict, yes.grade, yes.statements], ["met", "E2", ["closed-01"]]);
    const no = onlyVerdict([byPaper], [statement({ measurement: "x.flag", value: false })]);
    assert.deepEqual([no.verdict, no.reason.code, no.grade], ["not-met", "threshold-missed", "E1"]);
  });

  it("stay not tested where the row demands a measurement, whatever the document says", () => {
    for (const value of [true, false]) {
      const one = onlyVerdict([measured], [statement({ measurement: "x.flag", value, grade: "E3" })]);
      assert.deepEqual([one.verdict, one.reason.code, one.grade], ["not-tested", "document-too-weak", "E0"]);
      assert.match(one.reason.text.en, /E3; the criterion demands E4 \(measured\)/u);
    }
  });

  it("stay not tested without a document, with a remark only, and with an unverified statement", () => {
    assert.equal(onlyVerdict([paper], []).reason.code, "no-document");
    assert.equal(onlyVerdict([paper], [statement({})]).reason.code, "document-too-weak");
    const unverified = onlyVerdict([paper], [statement({ measurement: "attest.paper", value: true, grade: "E0" })]);
    assert.deepEqual([unverified.verdict, unverified.reason.code], ["not-tested", "document-too-weak"]);
  });

  it("do not rest on a statement from the day on which it expires", () => {
    const until = (expires: string) =>
      onlyVerdict([paper], [statement({ measurement: "attest.paper", value: true, expires })]);
    assert.equal(until("2026-11-24").verdict, "met");
    assert.deepEqual(
      [until("2026-11-23").verdict, until("2026-11-23").reason.code],
      ["not-tested", "document-expired"],
    );
  });

  it("stay not tested where valid documents contradict each other, but not by an expired or unverified one", () => {
    const says = (value: boolean, given: Partial<DossierStatement> = {}) =>
      statement({ measurement: "attest.paper", value, ...given });
    const contradicted = attested([paper], [says(true), says(false, { grade: "E3" })]);
    assert.equal(contradicted.verdicts[0]?.reason.code, "documents-contradict");
    const [product] = contradicted.products;
    assert.deepEqual(
      product?.statements.map(({ state, contradicts }) => [state, contradicts]),
      [
        ["contradicting", ["closed-02"]],
        ["contradicting", ["closed-01"]],
      ],
    );
    assert.equal(onlyVerdict([paper], [says(true), says(false, { expires: "2026-01-01" })]).verdict, "met");
    const beside = attested([paper], [says(true), says(false, { grade: "E0" })]);
    assert.equal(beside.verdicts[0]?.verdict, "met");
    assert.deepEqual(beside.products[0]?.statements[0]?.contradicts, ["closed-02"]);
  });

  it("count agreeing documents once with the best grade", () => {
    const says = (grade: "E1" | "E3") => statement({ measurement: "attest.paper", value: true, grade });
    assert.equal(onlyVerdict([paper], [says("E3"), says("E1")]).grade, "E3");
  });

  it("rest on statements about their own criterion, not on those about another that reads the same value", () => {
    const rows = ["T-01", "T-02"].map((id) => ({ ...byPaper, id }));
    const { verdicts } = attested(rows, [statement({ measurement: "x.flag", value: true })]);
    assert.deepEqual(
      verdicts.map(({ verdict, reason, statements }) => [verdict, reason.code, statements]),
      [
        ["met", "threshold-held", ["closed-01"]],
        ["not-tested", "no-document", []],
      ],
    );
  });

  it("hold no missing ability against a product nobody has seen", () => {
    const one = onlyVerdict([{ keys: [...measured.keys, "needs: [federation]"] }], []);
    assert.deepEqual([one.verdict, one.reason.code], ["not-tested", "no-document"]);
  });

  it("are never measured ones, for no value and no grade", () => {
    const grades = ["E0", "E1", "E2", "E3"] as const;
    const values = [true, false] as const;
    const all = grades.flatMap((grade) => values.map((value) => ({ grade, value })));
    for (const { grade, value } of all) {
      const rows = [measured, byPaper, paper].map((row, index) => ({ ...row, id: `T-0${index + 1}` }));
      const { verdicts, totals } = attested(
        rows,
        rows.flatMap(({ id }) => [
          statement({ criterion: id, measurement: "x.flag", value, grade }),
          statement({ criterion: id, measurement: "attest.paper", value, grade }),
        ]),
      );
      assert.equal(verdicts.length, 3);
      assert.ok(verdicts.every((one) => (one.grade as string) !== "E4"));
      assert.deepEqual(totals[0]?.grades.E4, { a: 0, points: 0 });
      assert.equal(verdicts.find(({ criterion }) => criterion === "T-01")?.verdict, "not-tested");
    }
  });

  it("mark a statement about a row or a measurement that this catalogue does not read", () => {
    const { products } = attested(
      [paper],
      [statement({ criterion: "Z-99" }), statement({ measurement: "x.other", value: true })],
    );
    assert.deepEqual(
      products[0]?.statements.map(({ state }) => state),
      ["no-row", "no-row"],
    );
  });

  it("do not need the control of an instrument where only attested values are read", () => {
    const row = {
      keys: [
        "evidence_min: E1",
        "measurements: [x.hits, x.flag, attest.paper]",
        'valid: ["x.hits >= 1"]',
        "scale: { kind: steps, steps: [{ bp: 10, when: [x.flag = true] }, { bp: 6, when: [attest.paper = true] }] }",
      ],
    };
    const says = statement({ measurement: "attest.paper", value: true });
    assert.equal(onlyVerdict([row], [says]).points, 6);
    const mixed = onlyVerdict([row], [says, statement({ measurement: "x.flag", value: true })]);
    assert.deepEqual([mixed.verdict, mixed.points], ["not-tested", null]);
  });
});
