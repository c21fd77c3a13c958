import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { HarnessError } from "../model/errors.ts";
import { examples } from "./command.ts";
import { registerAward } from "./commands/award.ts";
import { registerCandidate } from "./commands/candidate.ts";
import { registerCoverage } from "./commands/coverage.ts";
import { registerDossier } from "./commands/dossier.ts";
import { registerDiff } from "./commands/diff.ts";
import { registerExplain } from "./commands/explain.ts";
import { registerJudge } from "./commands/judge.ts";
import { registerLab } from "./commands/lab.ts";
import { registerList } from "./commands/list.ts";
import { registerMachine } from "./commands/machine.ts";
import { registerProve } from "./commands/prove.ts";
import { registerRemote } from "./commands/remote.ts";
import { registerRun } from "./commands/run.ts";
import { registerSelfTest } from "./commands/self-test.ts";
import { registerVerify } from "./commands/verify.ts";
import { exitCodeOf, exitCodes, exitCodeTable } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";
import { failureData, tellFailure } from "./failure.ts";
import { printJson } from "./output.ts";
import { projectRoot } from "./paths.ts";

/** Sockets that a library forgot may keep the process this long after its work is done. */
const lingerMs = 2_000;

const version = (JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as { readonly version: string })
  .version;

function createProgram(done: (code: ExitCode) => void): Command {
  const program = new Command("pruefstand")
    .description("Prüfstand: compare government messengers against one requirements catalogue, measured in containers")
    .version(version)
    .showHelpAfterError("(add --help for the options)")
    .addHelpText(
      "after",
      `${examples("./pruefstand run", "./pruefstand list criteria", "./pruefstand explain F-01", "./pruefstand verify latest")}\n${exitCodeTable}`,
    );
  const registers = [
    registerRun,
    registerList,
    registerCandidate,
    registerCoverage,
    registerExplain,
    registerJudge,
    registerAward,
    registerDossier,
    registerRemote,
    registerProve,
    registerVerify,
    registerDiff,
    registerMachine,
    registerLab,
    registerSelfTest,
  ];
  for (const register of registers) register(program, done);
  return overridden(program);
}

/** Commander throws instead of ending the process, in every sub-command too. */
function overridden(command: Command): Command {
  command.exitOverride();
  for (const inner of command.commands) overridden(inner);
  return command;
}

function failed(error: unknown): ExitCode {
  // Help and version end commander with code 0; wrong words have been explained by commander itself.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.met : exitCodes.badInput;
  if (error instanceof RangeError) {
    tellFailure(new HarnessError("bad-input", error.message));
    return exitCodes.badInput;
  }
  if (process.argv.includes("--json")) printJson(failureData(error));
  tellFailure(error);
  return exitCodeOf(error);
}

async function main(): Promise<ExitCode> {
  let code: ExitCode = exitCodes.met;
  try {
    await createProgram((given) => (code = given)).parseAsync(process.argv);
    return code;
  } catch (error) {
    return failed(error);
  }
}

// A pipe that closes early (`| head`) is no fault of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
process.exitCode = await main();
setTimeout(() => process.exit(), lingerMs).unref();
