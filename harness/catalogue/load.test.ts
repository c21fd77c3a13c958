import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRow, catalogueText } from "../judge/testing/builders.ts";
import type { RowText } from "../judge/testing/builders.ts";
import { HarnessError } from "../model/errors.ts";
import type { ProfileChoice } from "./load.ts";
import { loadCatalogue, parseCatalogue } from "./load.ts";
import type { Problem } from "./problems.ts";
import { profileKeys } from "./profiles.ts";

/** All mistakes of a catalogue text, or an empty list when it loads. */
function problemsOf(text: string, choice: ProfileChoice = {}): readonly Problem[] {
  try {
    parseCatalogue(text, "criteria.yaml", choice);
    return [];
  } catch (error) {
    assert.ok(error instanceof HarnessError, String(error));
    assert.equal(error.code, "bad-input");
    return (error.context["problems"] ?? []) as readonly Problem[];
  }
}

const told = ({ line, path, expected, got }: Problem): string => `${line} ${path}: ${expected}, not ${got}`;
const good: RowText = { keys: ["measurements: [x.hits]", "pass: [x.hits = 0]"] };
const rowProblems = (keys: readonly string[]): readonly string[] =>
  problemsOf(catalogueText([aRow({ keys })])).map(({ path, expected, got }) => `${path}: ${expected}, not ${got}`);

describe("a catalogue with mistakes", () => {
  it("names five different ones in one file at once, each with line and column", () => {
    const text = catalogueText([
      aRow({ id: "T-01", keys: ["ufab: { type: C }", "measurements: [x.hits]", "pass: [x.hits = 0]"] }),
      aRow({ id: "T-02", keys: ["measurments: [x.hits]", "measurements: [x.hits]", "pass: [x.hits = 0]"] }),
      aRow({ id: "T-03", keys: ["measurements: [x.hist]", "pass: [x.hist = 0]"] }),
      aRow({ id: "T-04", keys: ["measurements: [x.flag]", "pass: [x.flag >= 3]"] }),
      aRow({ id: "T-04", keys: ["measurements: [x.hits]", "pass: [x.hits is 0]"] }),
    ]);
    const lineOf = (part: string): number => text.split("\n").findIndex((line) => line.includes(part)) + 1;
    const problems = problemsOf(text);
    assert.deepEqual(problems.map(told), [
      `${lineOf("type: C")} criteria[0].ufab.type: "A" or "B", not "C"`,
      `${lineOf("measurments")} criteria[1].measurments: only known keys, not "measurments"`,
      `${lineOf("[x.hist]")} criteria[2].measurements[0]: a measurement declared above, not "x.hist" (did you mean "x.hits"?)`,
      `${lineOf("x.flag >= 3")} criteria[3].pass[0]: true or false beside a boolean, not "x.flag >= 3"`,
      `${text.split("\n").findLastIndex((line) => line.includes("id: T-04")) + 1} criteria[4].id: each id once, not "T-04" again`,
      `${lineOf("x.hits is 0")} criteria[4].pass[0]: "<measurement> <comparator> <number, true, false or $parameter>", members joined by " or ", not "x.hits is 0"`,
    ]);
    assert.ok(problems.every(({ column, file }) => column > 1 && file === "criteria.yaml"));
  });

  it("says where YAML itself cannot be read", () => {
    const problems = problemsOf(`${catalogueText([aRow(good)])}  - id: [\n`);
    assert.ok(problems.some(({ expected }) => expected === "readable YAML"));
  });

  it("refuses a key that is there twice", () => {
    const text = catalogueText([aRow({ keys: [...good.keys, "note: a", "note: b"] })]);
    assert.match(problemsOf(text).map(told).join(), /readable YAML, not Map keys must be unique/u);
  });

  it("compares a number only with a number and a boolean only by = and !=", () => {
    assert.deepEqual(rowProblems(["measurements: [x.hits]", "pass: [x.hits = true]"]), [
      'criteria[0].pass[0]: a number beside a count, not "x.hits = true"',
    ]);
    assert.deepEqual(rowProblems(["measurements: [x.flag]", "pass: [x.flag < true]"]), [
      'criteria[0].pass[0]: = or != beside a boolean, not "x.flag < true"',
    ]);
  });

  it("refuses a scale that does not rise or fall one way, or leaves 0..10", () => {
    const linear = (points: string): readonly string[] =>
      rowProblems(["measurements: [x.time]", `scale: { kind: linear, of: x.time, points: ${points} }`]);
    assert.deepEqual(linear("[[1, 10], [2, 3], [3, 5]]"), [
      "criteria[0].scale.points: points that only rise or only fall, not [[1,10],[2,3],[3,5]]",
    ]);
    assert.deepEqual(linear("[[2, 10], [1, 3]]"), ["criteria[0].scale.points[1]: a value above 2, not 1"]);
    assert.deepEqual(linear("[[1, 11], [2, 3]]"), ["criteria[0].scale.points[0][1]: at most 10, not 11"]);
    const steps = "scale: { kind: steps, steps: [{ bp: 5, when: [x.time <= 1] }, { bp: 7, when: [x.time <= 2] }] }";
    assert.deepEqual(rowProblems(["measurements: [x.time]", steps]), [
      "criteria[0].scale.steps[1].bp: less than 5, the step before, not 7",
    ]);
  });

  it("refuses unknown groups, abilities, parameters and measurements outside the row's list", () => {
    assert.deepEqual(
      rowProblems([
        "group: X",
        "needs: [federatoin]",
        "params: { size: 3 }",
        "measurements: [x.hits]",
        "pass: [x.hits = $szie, x.flag = true]",
      ]),
      [
        'criteria[0].group: one of T, D, not "X"',
        'criteria[0].needs[0]: an ability of harness/model/candidate.ts, not "federatoin" (did you mean "federation"?)',
        'criteria[0].measurements: every measurement the row reads to be in its list, not "x.flag" only in a rule',
        'criteria[0].pass[0]: a parameter defined in params, not "$szie" (did you mean "size"?)',
      ],
    );
  });

  it("demands a pass rule of an A row and a scale of a B row, never both", () => {
    assert.deepEqual(rowProblems(["ufab: { type: B, gp: 5 }", "measurements: [x.hits]", "pass: [x.hits = 0]"]), [
      'criteria[0]: "scale" for a row of type B, not none',
      'criteria[0].pass: no "pass" in a row of type B, not "pass"',
    ]);
  });

  it("cannot be read at all when the file is missing", async () => {
    await assert.rejects(loadCatalogue("no-such-file.yaml"), { code: "bad-input" });
  });
});

describe("profiles", () => {
  const text = catalogueText([
    aRow({ ...good, id: "T-01" }),
    aRow({
      id: "T-02",
      keys: ["measurements: [x.flag]", "scale: { kind: steps, steps: [{ bp: 10, when: [x.flag = true] }] }"],
    }),
  ]);
  const own = (criteria: string): ProfileChoice => ({
    file: "own.yaml",
    text: `id: own\ntitle: { de: Eigenes, en: own }\ncriteria:\n  ${criteria}\n`,
  });
  const refusal = (criteria: string): readonly string[] => problemsOf(text, own(criteria)).map(told);

  it("refuse an unknown name with the nearest one", () => {
    assert.throws(
      () => parseCatalogue(text, "criteria.yaml", { name: "market-surve" }),
      /did you mean "market-survey"/u,
    );
  });

  it("may switch a row off, and turn it into the other type with its own scale", () => {
    const turned =
      'T-01: { ufab: { type: B, gp: 40, minimum: 4 }, scale: { kind: steps, steps: [{ bp: 10, when: ["x.hits = 0"] }] }, rule_text: { de: d, en: e } }';
    const { profile, criteria } = parseCatalogue(text, "criteria.yaml", own(`${turned}\n  T-02: { active: false }`));
    assert.equal(profile, "own");
    assert.deepEqual(
      criteria.map(({ ufab, active, rule }) => [ufab.type, active, rule.kind]),
      [
        ["B", true, "steps"],
        ["B", false, "steps"],
      ],
    );
  });

  it("may not change a measurement, a condition or the weight of a row that keeps its type", () => {
    assert.deepEqual(refusal("T-01: { measurements: [x.flag] }"), [
      `4 criteria.T-01.measurements: ${profileKeys(["criteria", "T-01"])}, not "measurements"`,
    ]);
    assert.deepEqual(refusal('T-01: { pass: ["x.hits <= 5"] }'), [
      '4 criteria.T-01.pass: no "pass" unless the profile turns T-01 into the other type (it is A), not "pass"',
    ]);
    assert.deepEqual(refusal("T-02: { ufab: { type: B, gp: 99 } }"), [
      '4 criteria.T-02.ufab: no "ufab" unless the profile turns T-02 into the other type (it is B), not "ufab"',
    ]);
  });

  it("may not read a measurement that the row does not have", () => {
    const problems = refusal(
      'T-01: { ufab: { type: B, gp: 1 }, scale: { kind: steps, steps: [{ bp: 10, when: ["x.flag = true"] }] }, rule_text: { de: d, en: e } }',
    );
    assert.match(problems.join(), /every measurement the row reads to be in its list, not "x.flag"/u);
  });

  it("name a row that does not exist", () => {
    assert.deepEqual(refusal("T-99: { active: false }"), [
      '4 criteria.T-99: the id of a criterion, not "T-99" (did you mean "T-01"?)',
    ]);
  });
});

it("gives a frozen catalogue that names the hash of the text", () => {
  const catalogue = parseCatalogue(catalogueText([aRow(good)]), "somewhere/criteria.yaml");
  assert.ok(Object.isFrozen(catalogue.criteria[0]?.measurements));
  assert.match(catalogue.sha256, /^[0-9a-f]{64}$/u);
  assert.equal(catalogue.path, "criteria.yaml");
});
