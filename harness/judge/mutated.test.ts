import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

// The property tests are only worth something if a judge that lies fails them: each seeded mistake must be caught.

interface Mistake {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly instead: string;
  /** Title of the property that catches it. */
  readonly caughtBy: string;
}

const mistakes: readonly Mistake[] = [
  {
    name: "what is unknown counts as held",
    file: "conditions.ts",
    text: "  if (open.length > 0) return { held: null, cause: worstCause(open), comparisons };\n",
    instead: "  if (open.length > evaluations.length) return { held: null, cause: worstCause(open), comparisons };\n",
    caughtBy: "taking a measurement away never turns the row into met and never earns points",
  },
  {
    name: "a line between two points runs the wrong way",
    file: "scale.ts",
    text: "  return leftBp + ((value - leftX) / (rightX - leftX)) * (rightBp - leftBp);\n",
    instead: "  return rightBp + ((value - leftX) / (rightX - leftX)) * (leftBp - rightBp);\n",
    caughtBy: "never earns more points on a falling line",
  },
  {
    name: "a failed control is overlooked",
    file: "gates.ts",
    text: "  const failed = perRun.flat().find(({ value }) => value !== true);\n",
    instead: "  const failed = perRun.flat().find(({ value }) => value === null);\n",
    caughtBy: "is never met when a control failed",
  },
];

const root = join(import.meta.dirname, "..", "..");
let copy = "";

before(async () => {
  copy = await mkdtemp(join(tmpdir(), "pruefstand-mutated-"));
  for (const path of ["package.json", "criteria.yaml", "harness/model", "harness/catalogue", "harness/judge"]) {
    await cp(join(root, path), join(copy, path), { recursive: true });
  }
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
});
after(() => rm(copy, { recursive: true, force: true }));

interface Ran {
  readonly failed: boolean;
  readonly output: string;
}

/** The property tests of the copy, in a process of their own that does not report to this one. */
function properties(only?: string): Promise<Ran> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const file = join(copy, "harness", "judge", "properties.test.ts");
  const pattern = only === undefined ? [] : [`--test-name-pattern=${only}`];
  const args = ["--disable-warning=ExperimentalWarning", "--test-reporter=tap", ...pattern, file];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env, timeout: 300_000, maxBuffer: 16 * 1024 * 1024 }, (error, stdout) =>
      resolve({ failed: error !== null, output: stdout }),
    );
  });
}

describe("the property tests", () => {
  it("hold for the judge as it is", async () => {
    const { failed, output } = await properties();
    assert.equal(failed, false, output);
    assert.match(output, /^# pass [5-9]/mu, "the property tests did not run");
  });

  for (const { name, file, text, instead, caughtBy } of mistakes) {
    it(`catch a judge in which ${name}`, async () => {
      const path = join(copy, "harness", "judge", file);
      const right = await readFile(path, "utf8");
      assert.equal(right.split(text).length, 2, `${file} no longer has the line that this mistake is put into`);
      await writeFile(
        path,
        right.replace(text, () => instead),
      );
      try {
        const { failed, output } = await properties(caughtBy);
        assert.ok(failed, `not caught:\n${output}`);
        assert.match(output, new RegExp(`not ok \\d+ - ${caughtBy}`, "u"));
        assert.match(output, /ERR_ASSERTION|Property failed/u);
      } finally {
        await writeFile(path, right);
      }
    });
  }
});
