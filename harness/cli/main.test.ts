import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Award } from "../model/result.ts";
import { projectRoot } from "./paths.ts";

const folder = mkdtempSync(join(tmpdir(), "pruefstand-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command line as a user starts it, with an output folder of its own and no Docker in reach. */
function pruefstand(...args: readonly string[]): Ran {
  const env = {
    ...process.env,
    PRUEFSTAND_OUT: folder,
    PRUEFSTAND_DEBUG: "",
    NO_COLOR: "1",
    DOCKER_HOST: "tcp://127.0.0.1:1",
  };
  const main = join(import.meta.dirname, "main.ts");
  const ran = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...args], {
    encoding: "utf8",
    env,
    cwd: projectRoot,
    timeout: 60_000,
  });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

describe("the command line", () => {
  const lists = ["criteria", "scenarios", "candidates", "controls", "measurements"];
  for (const name of lists) {
    it(`lists ${name} as an array of objects with an id each, once`, () => {
      const { code, out, err } = pruefstand("list", name, "--json");
      assert.equal(code, 0, err);
      const items = JSON.parse(out) as readonly { readonly id: unknown }[];
      assert.ok(Array.isArray(items));
      assert.ok(items.every(({ id }) => typeof id === "string" && id !== ""));
      assert.equal(new Set(items.map(({ id }) => id)).size, items.length);
      if (name !== "controls") assert.ok(items.length > 2);
    });
  }

  const commands = [
    [],
    ["run"],
    ["list"],
    ["list", "criteria"],
    ["coverage"],
    ["explain"],
    ["judge"],
    ["award"],
    ["dossier", "check"],
    ["remote", "check"],
    ["report"],
    ["prove"],
    ["verify"],
    ["diff"],
    ["rerun"],
    ["doctor"],
    ["clean"],
    ["self-test"],
    ["bench"],
  ];
  for (const command of commands) {
    it(`explains ${["pruefstand", ...command].join(" ")} with examples`, () => {
      const { code, out } = pruefstand(...command, "--help");
      assert.equal(code, 0);
      assert.match(out, /Usage: pruefstand/u);
      if (command.join(" ") !== "list") assert.match(out, /Examples:\n {2}\$ /u);
    });
  }

  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [["rum"], /Did you mean run\?/u],
    [["run", "--cadidate", "prosody"], /Did you mean --candidate\?/u],
    [["run", "--candidate", "prosodi"], /no candidate "prosodi"[^]*Did you mean "prosody"\?/u],
    [["run", "--only", "F-1"], /no criterion or scenario "F-1"[^]*Did you mean "F-01"\?/u],
    [["run", "--only", "SZ-61"], /Did you mean "SZ-16"\?/u],
    [["run", "--config", "hardend"], /Expected --config default or hardened, got "hardend"/u],
    [["run", "--profile", "interministeral"], /did you mean "interministerial"/iu],
    [["run", "--repeat", "0"], /expected a whole number from 1/u],
    [["explain", "F01"], /Did you mean "F-01"\?/u],
    [["judge", "latest"], /there is none[^]*pruefstand run/u],
    [["verify", "nowhere"], /no run "nowhere"/u],
    [["list", "criterias"], /Did you mean criteria\?/u],
  ];
  for (const [args, message] of wrong) {
    it(`refuses "${args.join(" ")}" with exit code 3 and the way out`, () => {
      const { code, err } = pruefstand(...args);
      assert.match(err, message);
      assert.equal(code, 3);
      assert.doesNotMatch(err, /\n\s+at /u, "a stack trace was printed");
    });
  }

  it("names five different mistakes of one catalogue with their places, exits with 3 and runs nothing", () => {
    const damaged = readFileSync(join(projectRoot, "criteria.yaml"), "utf8")
      .replace("kind: house", "kind: hose")
      .replace("type: A", "type: C")
      .replace(/bp: 10/u, "bp: 11")
      .replace("group: F", "group: Q")
      .replace(/federation\.messages-delivered = /u, "federation.messages-deliverd = ");
    const file = join(folder, "criteria.yaml");
    writeFileSync(file, damaged);
    const { code, err } = pruefstand("run", "--catalogue", file);
    assert.equal(code, 3, err);
    const places = err.match(/criteria\.yaml:\d+:\d+/gu) ?? [];
    assert.ok(new Set(places).size >= 5, err);
    for (const trace of ['"hose"', '"C"', "11", '"Q"', "messages-deliverd"])
      assert.ok(err.includes(trace), `${trace} in ${err}`);
  });

  it("lists exactly the uncovered criteria that coverage names, and every gap by kind", () => {
    const gaps = JSON.parse(pruefstand("coverage", "--json").out) as Readonly<Record<string, readonly unknown[]>>;
    const rows = JSON.parse(pruefstand("list", "criteria", "--uncovered", "--json").out) as readonly {
      readonly id: string;
    }[];
    assert.deepEqual(rows.map(({ id }) => id).toSorted(), gaps["criteriaWithoutScenario"]);
    assert.ok(rows.length < 110 && rows.every(({ id }) => id !== "F-01"));
    for (const kind of ["scenariosWithoutCriterion", "measurementsNobodyReads", "rowsNotDelivered"])
      assert.ok(Array.isArray(gaps[kind]), kind);
  });

  const worked: readonly (readonly [readonly string[], string])[] = [
    [[], "Y"],
    [["--criterion", "P"], "W"],
    [["--method", "einfach"], "X"],
    [["--s", "5"], "X"],
  ];
  for (const [args, leader] of worked) {
    it(`reproduces the worked example of UfAB 2018 ${args.join(" ")}: ${leader} leads`, () => {
      const { code, out, err } = pruefstand("award", "fixtures/prices/worked-example.yaml", "--json", ...args);
      assert.equal(code, 0, err);
      const { offers, leading } = JSON.parse(out) as Award;
      assert.deepEqual(
        offers.map(({ candidate, value }) => [candidate, Math.round((value ?? 0) * 10) / 10]),
        [
          ["X", 20_000],
          ["Y", 18_750],
          ["W", 18_181.8],
        ],
      );
      assert.deepEqual(leading, [leader]);
    });
  }

  it("prints an error as JSON when asked for JSON", () => {
    const { code, out } = pruefstand("explain", "F01", "--json");
    assert.equal(code, 3);
    const { error } = JSON.parse(out) as { readonly error: { readonly code: string; readonly nearest: string } };
    assert.deepEqual([error.code, error.nearest], ["bad-input", "F-01"]);
  });
});
