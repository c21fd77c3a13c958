import assert from "node:assert/strict";
import { test } from "node:test";

import { hostile } from "../../fixtures/runs/hostile.ts";
import { largeRun } from "../../fixtures/runs/large.ts";
import { threeMessengers } from "../../fixtures/runs/three-messengers.ts";
import type { PrintJob } from "../../harness/model/result.ts";
import { fixDates } from "./fixed-dates.ts";
import { pdf, sheets } from "./index.ts";

test("both dates of a document become the start of the run, and no byte moves", () => {
  const made = "<</CreationDate (D:20991231235959+00'00')\n/ModDate (D:20991231235959+01'00')>>\0\u00ff";
  const fixed = Buffer.from(fixDates(Buffer.from(made, "latin1"), "2026-11-23T14:05:06.789Z")).toString("latin1");
  assert.equal(fixed, made.replaceAll(/D:[^)]+/gu, "D:20261123140506+00'00'"));
  assert.equal(fixed.length, made.length);
});

test("paper has every verdict in one language and nothing that only a screen can open", () => {
  const input = threeMessengers();
  const page = sheets(input);
  assert.doesNotMatch(page, /lang="en"|<details|<script|<input|\.\.\/evidence/u);
  const body = page.slice(0, page.indexOf("<h2>Anlagen"));
  const cells = [...body.matchAll(/<td(?: class="out")?><span class="v /gu)].length;
  const parts = input.result.criteria.length * input.result.run.candidates.length;
  assert.equal(cells, parts * 2, "one cell in the matrix and one in the criteria for each result");
});

test("the printer gets a German page, and what it made is the report", async () => {
  const jobs: PrintJob[] = [];
  const printer = {
    print(job: PrintJob) {
      jobs.push(job);
      return Promise.resolve(Buffer.from("%PDF"));
    },
  };
  const files = [];
  for await (const file of pdf(printer).render(threeMessengers())) files.push([file.path, String(file.content)]);
  assert.deepEqual(files, [["report.pdf", "%PDF"]]);
  assert.match(jobs[0]?.html ?? "", /^<!doctype html>\n<html lang="de">/u);
  assert.equal(jobs[0]?.pageOfPages, "Seite {page} von {pages}");
});

test("hostile text stays text on paper too", () => {
  const page = sheets(hostile());
  assert.doesNotMatch(page, /<script|<img|<svg onload|href="[^#]/iu);
  assert.doesNotMatch(page, /[\u202a-\u202e\u2066-\u2069]|[\p{Cc}--[\t\n]]/v);
});

test("the whole catalogue with ten products has all its rows", () => {
  assert.equal(sheets(largeRun(110, 10)).match(/<section class="criterion"/gu)?.length, 110);
});
