import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { HarnessError } from "../../model/errors.ts";
import { candidateNamed } from "../candidates.ts";
import { examples } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { duration, paintFor, print, tell } from "../output.ts";
import { projectRoot } from "../paths.ts";
import { prepareMachine } from "../wiring.ts";

interface Stage {
  readonly title: string;
  readonly command: readonly string[];
}

const bin = (name: string, ...args: readonly string[]): readonly string[] => [
  join(projectRoot, "node_modules", ".bin", name),
  ...args,
];

/** `*.integration.test.ts` needs Docker and a browser; everything else does not. */
function testFiles(integration: boolean): readonly string[] {
  const found = globSync(
    ["harness/**/*.test.ts", "scenarios/**/*.test.ts", "reports/**/*.test.ts", "fixtures/**/*.test.ts"],
    {
      cwd: projectRoot,
    },
  );
  return found
    .filter((path) => path.endsWith(".integration.test.ts") === integration)
    .toSorted((left, right) => left.localeCompare(right));
}

/** Real containers of several test files at once would only take each other's processor. */
const nodeTest = (files: readonly string[], concurrency: number | undefined): readonly string[] => [
  process.execPath,
  "--disable-warning=ExperimentalWarning",
  "--test",
  "--test-reporter=spec",
  ...(concurrency === undefined ? [] : [`--test-concurrency=${concurrency}`]),
  ...files,
];

function stages(part: "all" | "unit" | "integration"): readonly Stage[] {
  const checks: readonly Stage[] = [
    { title: "types", command: bin("tsc", "-p", ".") },
    { title: "lint", command: bin("oxlint", "--type-aware") },
    { title: "format", command: bin("oxfmt", "--check", ".") },
    { title: "dead code", command: bin("knip") },
    { title: "unit tests", command: nodeTest(testFiles(false), undefined) },
  ];
  const integration = testFiles(true);
  const real = integration.length === 0 ? [] : [{ title: "integration tests", command: nodeTest(integration, 1) }];
  if (part === "unit") return checks;
  return part === "integration" ? real : [...checks, ...real];
}

async function execute({ title, command: [file = "", ...args] }: Stage): Promise<boolean> {
  const paint = paintFor(process.stderr);
  tell(paint("strong", `── ${title}`));
  const started = performance.now();
  // The tools are started by the Node this runs on, also when the machine's own is older.
  const env = { ...process.env, PATH: `${join(process.execPath, "..")}:${process.env["PATH"] ?? ""}` };
  const child = spawn(file, args, { cwd: projectRoot, stdio: ["ignore", "inherit", "inherit"], env });
  const [code] = (await once(child, "exit")) as [number | null];
  tell(
    `── ${title}: ${code === 0 ? paint("good", "passed") : paint("bad", "failed")} after ${duration(performance.now() - started)}`,
  );
  return code === 0;
}

async function selfTest(part: "all" | "unit" | "integration"): Promise<ExitCode> {
  if (part !== "unit") await prepareMachine(tell);
  const failed: string[] = [];
  const planned = stages(part);
  for (const stage of planned) if (!(await execute(stage))) failed.push(stage.title);
  if (failed.length > 0) tell(`failed: ${failed.join(", ")}`);
  // The form that continuous integration counts, over the stages; the tests inside them are counted by node's own summary.
  tell(`self-test: ${planned.length - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0 ? exitCodes.met : exitCodes.notMet;
}

const benchParts = ["deploy", "xmpp", "report"] as const;

interface BenchOptions {
  readonly only?: string;
  readonly candidate?: string;
}

async function bench({ only, candidate: name }: BenchOptions): Promise<void> {
  const part = benchParts.find((each) => each === only);
  if (only !== undefined && part === undefined) {
    throw new HarnessError("bad-input", `expected one of ${benchParts.join(", ")}, got "${only}"`);
  }
  const candidate = name === undefined ? undefined : await candidateNamed(name);
  const { runBenchmarks } = await import("../../bench/main.ts");
  const text = await runBenchmarks({ only: part, candidate }, (line) => tell(`bench: ${line}`));
  if (part !== undefined || candidate !== undefined) return print(text);
  await writeFile(join(projectRoot, "docs", "benchmarks.md"), text);
  tell("bench: written to docs/benchmarks.md");
}

export function registerSelfTest(program: Command, done: Done): void {
  program
    .command("self-test")
    .description("test the bench itself: types, lint, format, dead code, unit tests, then tests with real containers")
    .option("--unit", "only what needs neither Docker nor a browser")
    .option("--integration", "only the tests with real containers and a real browser")
    .addHelpText("after", examples("npm test", "./pruefstand self-test --unit"))
    .action(async ({ unit, integration }: { readonly unit?: boolean; readonly integration?: boolean }) => {
      const part = unit === true ? "unit" : "all";
      done(await selfTest(integration === true ? "integration" : part));
    });
  program
    .command("bench")
    .description("measure the bench itself and write docs/benchmarks.md")
    .option("--only <part>", `one of ${benchParts.join(", ")}: prints the figures and writes no file`)
    .option("--candidate <id>", "one candidate: prints the figures and writes no file")
    .addHelpText("after", examples("npm run bench", "./pruefstand bench --only deploy --candidate prosody"))
    .action(async (options: BenchOptions) => {
      await bench(options);
      done(exitCodes.met);
    });
}
