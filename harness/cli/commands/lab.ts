import type { Command } from "commander";
import type { AuthorityStatus, HandLab } from "../../hand-lab/index.ts";
import { examples } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { columns, paintFor, print, printJson, tell } from "../output.ts";
import { projectRoot } from "../paths.ts";

async function handLab(signal: AbortSignal): Promise<HandLab> {
  const { candidates } = await import("../../candidates/registry.ts");
  return { root: projectRoot, candidates, progress: tell, signal };
}

/** Ctrl-C ends waits; what has been started stays until `lab down`. */
function interruptible(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => controller.abort());
  return controller.signal;
}

const stateOf = ({ states }: AuthorityStatus): string => {
  if (states.length === 0) return "not there";
  return states.every((state) => state === "running") ? "running" : states.join(", ");
};

function show(authorities: readonly AuthorityStatus[], startUrl: string): void {
  const paint = paintFor(process.stdout);
  const rows = authorities.map((one) => {
    const state = stateOf(one);
    const people = one.people.map(({ name, password }) => `${name} / ${password}`).join("   ");
    return [one.id, paint(state === "running" ? "good" : "doubt", state), one.product, one.url, people];
  });
  print(...columns([["authority", "state", "product", "web client", "people (name / password)"], ...rows]));
  if (authorities.some((one) => stateOf(one) === "running")) print("", `Start page: ${paint("strong", startUrl)}`);
  else print("", "The lab is down. Start it: ./pruefstand lab up");
}

async function up(json: boolean): Promise<void> {
  const [{ labUp, startUrl }, { ensureDocker, ensureTools }] = await Promise.all([
    import("../../hand-lab/index.ts"),
    import("../../setup/index.ts"),
  ]);
  await ensureDocker(tell);
  await ensureTools(tell);
  const authorities = await labUp(await handLab(interruptible()));
  if (json) printJson(authorities);
  else show(authorities, startUrl);
}

async function down(): Promise<void> {
  const { labDown } = await import("../../hand-lab/index.ts");
  await labDown(await handLab(interruptible()));
  tell("The lab is down; its data are gone, its images stay.");
}

async function status(json: boolean): Promise<boolean> {
  const { labStatus, startUrl } = await import("../../hand-lab/index.ts");
  const authorities = await labStatus(await handLab(interruptible()));
  if (json) printJson(authorities);
  else show(authorities, startUrl);
  return authorities.every((one) => stateOf(one) === "running");
}

export function registerLab(program: Command, done: Done): void {
  const lab = program
    .command("lab")
    .description("a lab to try by hand: two authorities each for Matrix and XMPP, with web clients in the browser")
    .addHelpText("after", examples("./pruefstand lab up", "./pruefstand lab status --json", "./pruefstand lab down"));
  lab
    .command("up")
    .description("build the images, start the lab and tell who can log in where")
    .option("--json", "print an array of objects with `id`")
    .action(async ({ json }: { readonly json?: boolean }) => {
      await up(json === true);
      done(exitCodes.met);
    });
  lab
    .command("down")
    .description("remove the lab with all its data; images stay")
    .action(async () => {
      await down();
      done(exitCodes.met);
    });
  lab
    .command("status")
    .description("what runs, where, and for whom; ends with 1 unless everything runs")
    .option("--json", "print an array of objects with `id`")
    .action(async ({ json }: { readonly json?: boolean }) =>
      done((await status(json === true)) ? exitCodes.met : exitCodes.notMet),
    );
  lab
    .command("compose")
    .description("write docker-compose.yml anew from the candidates' descriptions")
    .action(async () => {
      const { writeComposeFile } = await import("../../hand-lab/index.ts");
      await writeComposeFile(await handLab(interruptible()));
      tell("docker-compose.yml is written.");
      done(exitCodes.met);
    });
}
