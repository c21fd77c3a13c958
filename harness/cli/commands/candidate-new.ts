import type { Command } from "commander";
import { candidateFolder } from "../candidates.ts";
import { examples } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { print, printJson } from "../output.ts";
import { projectRoot } from "../paths.ts";
import { scaffoldProtocols, writeCandidate } from "../scaffold/scaffold.ts";
import { shortPath } from "./run.ts";

interface NewOptions {
  readonly protocol: string;
  readonly into?: string;
  readonly json?: boolean;
}

async function create(name: string, { protocol, into, json }: NewOptions): Promise<void> {
  const folder = await writeCandidate({ name, protocol, into, candidateFolder, root: projectRoot });
  const short = shortPath(folder);
  if (json === true) return printJson({ id: name, folder });
  print(
    `Wrote ${short}: a candidate that runs as it is. Put your product in its place, one step at a time:`,
    "",
    `  ./pruefstand candidate check ${into === undefined ? name : short}`,
    `  ./pruefstand run --candidate ${into === undefined ? name : short} --only F-01`,
    "",
    "docs/recipes/add-a-candidate.md says what each part is for.",
  );
}

export function registerNew(program: Command, done: Done): void {
  program
    .command("new")
    .description("write the folder of a new candidate that runs at once")
    .argument("<name>", "id of the product: lower-case letters, digits, dots and hyphens")
    .requiredOption("--protocol <protocol>", scaffoldProtocols.join(" or "))
    .option("--into <folder>", "folder that gets it, anywhere (default: the bench's own candidates)")
    .option("--json", "print { id, folder } as JSON")
    .addHelpText(
      "after",
      examples(
        "./pruefstand candidate new our-messenger --protocol xmpp",
        "./pruefstand candidate new our-messenger --protocol matrix --into ../offers",
      ),
    )
    .action(async (name: string, options: NewOptions) => {
      await create(name, options);
      done(exitCodes.met);
    });
}
