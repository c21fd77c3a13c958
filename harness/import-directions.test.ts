import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { describe, it } from "node:test";

// Who may import whom (docs/architecture.md). Lint checks packages; this test checks folders, and that it read anything at all.

const root = join(import.meta.dirname, "..");

/** Folder → folders it may import from, besides itself. The longest matching prefix counts. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "harness/model": [],
  "harness/catalogue": ["harness/model"],
  "harness/judge": ["harness/model", "harness/catalogue"],
  // Remote endpoints share the lab's redaction of secrets.
  "harness/remote": ["harness/model", "harness/catalogue", "harness/lab"],
  "harness/dossier": ["harness/model", "harness/catalogue"],
  "harness/candidates": ["harness/model"],
  "harness/drivers": ["harness/model"],
  "harness/lab": ["harness/model"],
  "harness/load": ["harness/model"],
  "harness/hostile": ["harness/model"],
  "harness/contract": ["harness/model"],
  "harness/run": ["harness/model"],
  scenarios: ["harness/model"],
  reports: ["harness/model"],
  fixtures: ["harness/model"],
  // Sabotaged products stand on an honest one.
  "fixtures/candidates": ["harness/model", "harness/candidates"],
  // Setup prepares the lab's ground: it asks the lab's daemon client and knows what the lab needs.
  "harness/setup": ["harness/model", "harness/lab", "harness/candidates"],
  // The lab to try by hand runs the lab's images and files under compose.
  "harness/hand-lab": ["harness/model", "harness/lab", "harness/setup"],
  "harness/bench": ["harness", "scenarios", "reports"],
  "harness/cli": ["harness", "scenarios", "reports", "fixtures"],
};

/** Only these folders may import these packages. */
const owners: Readonly<Record<string, readonly string[]>> = {
  "matrix-js-sdk": ["harness/drivers/matrix"],
  "@xmpp/client": ["harness/drivers/xmpp"],
  "playwright-core": ["harness/drivers/browser"],
  testcontainers: ["harness/lab"],
  autocannon: ["harness/load"],
};

/** Drivers and candidates are siblings: none may use another one's insides; `shared` and files beside the drivers are for all of a kind. */
const siblings = ["harness/drivers", "harness/candidates"];

const below = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

interface Import {
  readonly from: string;
  readonly to: string;
  /** Erased before anything runs: it gives a direction, but can make no cycle at run time. */
  readonly typeOnly?: boolean;
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s(?:[^"';]*?\sfrom\s*)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gu;

function importsOf(path: string, text: string): readonly Import[] {
  return [...text.matchAll(importPattern)].map((match) => ({
    from: path,
    to: match[1] ?? match[2] ?? "",
    typeOnly: /^\s*(?:import|export) type\s/u.test(match[0]),
  }));
}

const target = ({ from, to }: Import): string => posix.normalize(posix.join(dirname(from), to));

function siblingProblem(from: string, to: string): boolean {
  return siblings.some((folder) => {
    if (!below(from, folder) || !below(to, folder)) return false;
    const [own, other] = [from, to].map((path) => path.slice(folder.length + 1).split("/")[0]);
    const forAll = other === "shared" || (folder === "harness/drivers" && other?.endsWith(".ts") === true);
    return own !== other && !forAll && own?.includes(".") === false;
  });
}

/** What is wrong with an import, or undefined. Tests may import anything: they wire what they test. */
function problem(one: Import): string | undefined {
  const { from, to } = one;
  if (!to.startsWith(".")) {
    const owned = Object.entries(owners).find(([name]) => to === name || to.startsWith(`${name}/`));
    const stray = owned !== undefined && !owned[1].some((folder) => below(from, folder));
    return stray ? `${from} imports the package ${to}, which belongs to ${owned[1].join(", ")}` : undefined;
  }
  const path = target(one);
  const home = Object.keys(allowed)
    .filter((folder) => below(from, folder))
    .toSorted((left, right) => right.length - left.length)[0];
  if (home === undefined) return `${from} lies in no known folder`;
  if (siblingProblem(from, path)) return `${from} reaches into its sibling ${path}`;
  const may = [home, ...(allowed[home] ?? [])].some((folder) => below(path, folder));
  return may ? undefined : `${from} imports ${path}`;
}

const isTest = (path: string): boolean => /\.(?:test|child)\.ts$/u.test(path);

function readImports(): { readonly files: number; readonly imports: readonly Import[] } {
  const patterns = ["harness/**/*.ts", "scenarios/**/*.ts", "reports/**/*.ts", "fixtures/**/*.ts"];
  const files = globSync(patterns, { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !isTest(path));
  return {
    files: files.length,
    imports: files.flatMap((path) => importsOf(path, readFileSync(join(root, path), "utf8"))),
  };
}

/** Every way along the imports that comes back to where it started, once per entry point. */
function cycles(imports: readonly Import[]): readonly string[] {
  const graph = new Map<string, string[]>();
  for (const one of imports.filter(({ typeOnly }) => typeOnly !== true))
    if (one.to.startsWith(".")) graph.set(one.from, [...(graph.get(one.from) ?? []), target(one)]);
  const state = new Map<string, "open" | "done">();
  const found: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      found.push([...way.slice(way.indexOf(path)), path].join(" → "));
      return;
    }
    state.set(path, "open");
    for (const next of graph.get(path) ?? []) visit(next, [...way, path]);
    state.set(path, "done");
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}

describe("import directions", () => {
  const { files, imports } = readImports();

  it("were read from many files", () => {
    assert.ok(files > 50, `read ${files} files`);
    assert.ok(imports.length > files, `found ${imports.length} imports in ${files} files`);
  });

  it("go the one way of the architecture", () => {
    assert.deepEqual(
      imports.flatMap((one) => problem(one) ?? []),
      [],
    );
  });

  it("have no cycle between files at run time", () => {
    assert.deepEqual(cycles(imports), []);
  });

  const planted: readonly (readonly [string, string, string])[] = [
    [
      "scenarios/security/planted.ts",
      'import { x } from "../../harness/drivers/xmpp/index.ts";',
      "a scenario that imports a driver",
    ],
    ["harness/judge/planted.ts", 'import type { x } from "../run/journal.ts";', "a judge that imports the engine"],
    ["reports/html/planted.ts", 'export { x } from "../../harness/judge/judge.ts";', "a report that imports the judge"],
    [
      "harness/model/planted.ts",
      'const x = await import("../lab/images.ts");',
      "a model that imports the lab at run time",
    ],
    ["harness/run/planted.ts", 'import { judge } from "../judge/judge.ts";', "an engine that imports the judge"],
    ["harness/drivers/xmpp/planted.ts", 'import "../matrix/index.ts";', "a driver that imports another"],
    [
      "harness/candidates/prosody/planted.ts",
      'import { a } from "../ejabberd/candidate.ts";',
      "a candidate that imports another",
    ],
    ["scenarios/load/planted.ts", 'import autocannon from "autocannon";', "a package outside of its owner"],
    [
      "harness/cli/planted.ts",
      'import {\n  a,\n  b,\n} from "matrix-js-sdk/lib/crypto";',
      "a part of a package, over several lines",
    ],
  ];
  for (const [path, text, what] of planted) {
    it(`would show ${what}`, () => {
      assert.equal(importsOf(path, text).flatMap((one) => problem(one) ?? []).length, 1);
    });
  }

  it("would show a cycle", () => {
    const round = [
      { from: "harness/a.ts", to: "./b.ts" },
      { from: "harness/b.ts", to: "./a.ts" },
    ];
    assert.deepEqual(cycles(round), ["harness/a.ts → harness/b.ts → harness/a.ts"]);
  });
});
