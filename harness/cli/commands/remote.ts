import type { Command } from "commander";
import { SecretKeeper } from "../../lab/secrets.ts";
import { HarnessError } from "../../model/errors.ts";
import { checkRemote } from "../../remote/checks.ts";
import type { RemoteFinding } from "../../remote/checks.ts";
import { loadRemote } from "../../remote/descriptor.ts";
import type { RemoteEndpoint } from "../../remote/descriptor.ts";
import { openRemote } from "../../remote/server.ts";
import { examples } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { columns, paintFor, print, printJson, safe } from "../output.ts";
import type { Tone } from "../output.ts";
import { remoteDriver } from "../wiring.ts";

const tones: Readonly<Record<RemoteFinding["outcome"], Tone>> = {
  held: "good",
  failed: "bad",
  "not-tested": "quiet",
  inconclusive: "doubt",
};

function codeOf(findings: readonly RemoteFinding[]): ExitCode {
  if (findings.some(({ outcome }) => outcome === "inconclusive")) return exitCodes.inconclusive;
  return findings.some(({ outcome }) => outcome === "failed") ? exitCodes.notMet : exitCodes.met;
}

/** Nothing that leaves here may hold a secret, not even an error: its words are redacted and its cause is dropped. */
function cleaned(error: unknown, redact: (text: string) => string): unknown {
  if (!(error instanceof HarnessError)) return new HarnessError("harness-fault", redact(String(error)));
  const { code, message, hint } = error;
  return new HarnessError(code, redact(message), hint === undefined ? {} : { hint: redact(hint) });
}

async function findingsOf(remote: RemoteEndpoint): Promise<readonly RemoteFinding[]> {
  const keeper = new SecretKeeper();
  const redact = (text: string): string => keeper.redact(text);
  try {
    const opened = await openRemote(remote, (secret) => keeper.add(secret));
    const driver = await remoteDriver(remote.protocol, opened);
    try {
      return await checkRemote({ remote, opened, driver }, new Date().toISOString().slice(0, 10), redact);
    } finally {
      await driver.close();
    }
  } catch (error) {
    throw cleaned(error, redact);
  }
}

export function registerRemote(program: Command, done: Done): void {
  const remote = program
    .command("remote")
    .description("endpoints that somebody else runs: Threema Gateway, XMPP accounts");
  remote
    .command("check <file>")
    .description("log in, exchange a message; guessing and load only with the written permission the file names")
    .option("--json", "print an array of objects with `id`")
    .addHelpText(
      "after",
      examples(
        "PRUEFSTAND_ALICE=… ./pruefstand remote check fixtures/remote/cisco-jabber.yaml",
        "./pruefstand remote check my-gateway.yaml --json",
      ) + "\nSecrets come from the environment or from files of mode 0600; they are printed nowhere.\n",
    )
    .action(async (file: string, options: { readonly json?: boolean }) => {
      const found = await loadRemote(file);
      const findings = await findingsOf(found);
      const paint = paintFor(process.stdout);
      if (options.json === true) printJson(findings);
      else {
        const rows = findings.map(({ id, title, outcome, reason }) => [
          id,
          paint(tones[outcome], outcome),
          title,
          safe(reason),
        ]);
        print(`${safe(found.title)} (${safe(found.vendor)})`, "", ...columns(rows));
      }
      done(codeOf(findings));
    });
}
