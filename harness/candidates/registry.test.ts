import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, test } from "node:test";
import { configNames, type Candidate } from "../model/candidate.ts";
import { loadCandidate } from "./load.ts";
import { candidates } from "./registry.ts";

test("candidates are found by their folders, each id once", () => {
  ok(candidates.length > 0);
  const ids = candidates.map((candidate) => candidate.id);
  deepEqual(ids, [...new Set(ids)]);
  deepEqual(ids.toSorted(), candidates.map((candidate) => basename(candidate.folder)).toSorted());
});

test("a folder without a candidate is refused with its place", async () => {
  await rejects(loadCandidate(join(tmpdir(), "pruefstand-no-such-candidate")), /pruefstand-no-such-candidate/);
});

const names = (candidate: Candidate): readonly string[] => Object.keys(candidate.services);

for (const candidate of candidates) {
  describe(candidate.title, () => {
    test("has one front and starts its services in an order that exists", () => {
      const services = Object.values(candidate.services);
      equal(services.filter((service) => service.front === true).length, 1);
      for (const service of services)
        for (const other of service.after ?? []) ok(names(candidate).includes(other), other);
    });

    test("declares endpoints and stores of services it has", () => {
      for (const { service } of [...candidate.endpoints, ...candidate.stores]) {
        ok(names(candidate).includes(service), service);
      }
    });

    test("says where everything is kept: data, and a log to search", () => {
      const holds = candidate.stores.map((store) => store.holds);
      ok(holds.includes("database") && holds.includes("logs"), holds.join(", "));
    });

    for (const config of configNames) {
      test(`has its ${config} templates, and explains every deviation in both languages`, () => {
        const { files, deviations } = candidate.configurations[config];
        ok(files.length > 0);
        for (const { template } of files) ok(existsSync(join(candidate.folder, template)), template);
        for (const { setting, why } of deviations) ok(why.de.length > 10 && why.en.length > 10, setting);
      });
    }

    test("hardens nothing in its default configuration", () => {
      const hardening = candidate.configurations.default.deviations.filter(({ kind }) => kind === "hardening");
      deepEqual(hardening, []);
    });
  });
}
