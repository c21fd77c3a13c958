import assert from "node:assert/strict";
import { it } from "node:test";
import { loadCatalogue } from "../catalogue/load.ts";
import { aCandidate, aJournal, aRun, judged, scenarioRun, verdictOf } from "./testing/builders.ts";
import { largeJournal } from "./testing/large-journal.ts";

const path = new URL("../../criteria.yaml", import.meta.url).pathname;

it("judges every active row of every candidate, and twice gives the same bytes", async () => {
  const catalogue = await loadCatalogue(path);
  const journal = largeJournal(catalogue, 2);
  const result = judged(catalogue, journal);
  assert.equal(JSON.stringify(judged(catalogue, structuredClone(journal))), JSON.stringify(result));
  const deciding = result.verdicts.filter(({ decides }) => decides);
  assert.equal(deciding.length, 2 * 109);
  const open = deciding.filter(({ verdict }) => verdict === "inconclusive" || verdict === "not-tested");
  const documents = ["D-04", "C-01", "C-07", "S-06", "S-07"];
  assert.deepEqual(
    open.map(({ criterion }) => criterion),
    [...documents, ...documents],
  );
  for (const { reason, criterion } of result.verdicts) {
    for (const text of [reason.text.de, reason.text.en]) assert.match(text, /^\S.*\.$/u, `${criterion}: ${text}`);
    assert.doesNotMatch(reason.text.de, /undefined|NaN|\[object/u, criterion);
  }
});

it("gives a product without servers of its own the middle step of market-survey by document, and excludes it otherwise", async () => {
  const verdict = async (profile: string, paper: boolean): Promise<readonly unknown[]> => {
    const catalogue = await loadCatalogue(path, { profile });
    const id = "attest.cross-authority-exchange";
    const document = scenarioRun({ scenario: "dossier", values: { [id]: { value: true, grade: "E2" } }, controls: {} });
    const title = { de: "s", en: "s" };
    const run = aRun({
      candidates: [aCandidate({ abilities: [] })],
      scenarios: [{ id: "SZ-16", title, verifies: ["F-01"] }],
      plan: [],
    });
    const { points, reason, grade } = verdictOf(judged(catalogue, aJournal(paper ? [document] : [], run)), "F-01");
    return [points, reason.code, grade];
  };
  assert.deepEqual(await verdict("market-survey", true), [4, "threshold-missed", "E2"]);
  assert.deepEqual(await verdict("market-survey", false), [null, "no-driver", "E0"]);
  assert.deepEqual((await verdict("interministerial", true)).slice(0, 2), [null, "missing-ability"]);
});

it("is judged again under another profile without a new run", async () => {
  const survey = await loadCatalogue(path, { profile: "market-survey" });
  const [total] = judged(survey, largeJournal(survey, 1)).totals;
  assert.deepEqual([total?.maxPoints, total?.requiredTested.required], [11_200, 14]);
});
