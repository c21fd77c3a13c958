import type { Command } from "commander";
import { examples } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { columns, paintFor, print, printJson, safe } from "../output.ts";
import type { Tone } from "../output.ts";

const tones: Readonly<Record<"ok" | "warning" | "missing", Tone>> = { ok: "good", warning: "doubt", missing: "bad" };

async function doctor(json: boolean): Promise<boolean> {
  const { runDoctor } = await import("../../setup/index.ts");
  const checks = await runDoctor();
  if (json) printJson(checks);
  else {
    const paint = paintFor(process.stdout);
    print(...columns(checks.map(({ title, state, found }) => [paint(tones[state], state), title, safe(found)])));
    const remedies = checks.filter(({ remedy }) => remedy !== "");
    if (remedies.length > 0) print("", ...remedies.map(({ title, remedy }) => `${title}: ${remedy}`));
  }
  return checks.every(({ state }) => state !== "missing");
}

async function clean(json: boolean): Promise<void> {
  const { cleanDeadRuns } = await import("../../lab/clean.ts");
  const removed = await cleanDeadRuns();
  if (json) return printJson(Object.entries(removed).map(([id, count]) => ({ id, count })));
  const { containers, networks, volumes } = removed;
  print(`Removed what dead runs left: ${containers} containers, ${networks} networks, ${volumes} volumes.`);
}

export function registerMachine(program: Command, done: Done): void {
  program
    .command("doctor")
    .description("check every precondition on this machine and tell what helps")
    .option("--json", "print an array of objects with `id`")
    .addHelpText("after", examples("./pruefstand doctor", "./pruefstand doctor --json"))
    .action(async ({ json }: { readonly json?: boolean }) =>
      done((await doctor(json === true)) ? exitCodes.met : exitCodes.environment),
    );
  program
    .command("clean")
    .description("remove containers, networks and volumes of runs whose process is gone; images and results stay")
    .option("--json", "print an array of objects with `id`")
    .addHelpText("after", examples("./pruefstand clean"))
    .action(async ({ json }: { readonly json?: boolean }) => {
      await clean(json === true);
      done(exitCodes.met);
    });
}
