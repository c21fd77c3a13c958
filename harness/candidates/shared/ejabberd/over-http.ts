import type { ExecResult } from "../../../model/candidate.ts";
import { HarnessError } from "../../../model/errors.ts";
import type { Command, Control } from "./administration.ts";

// Commands go through ejabberdctl's own fast path, a socket file inside the container (CTL_OVER_HTTP): every `ejabberdctl`
// call would start a whole Erlang machine (about one second), one curl carries any number of commands over one connection.

const socketPath = "/var/lib/ejabberd/ctl.sock";
const marker = "pruefstand-answer";

const quoted = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

/** Configuration for `curl --config -`: one request after another, passwords never on a command line. */
function curlScript(commands: readonly Command[]): string {
  return commands
    .map((command) =>
      [
        `url = ${quoted(`http://localhost/ctl/${command[0]}`)}`,
        `unix-socket = ${quoted(socketPath)}`,
        `header = "Content-Type: application/json"`,
        `data = ${quoted(JSON.stringify(command))}`,
        `write-out = "\\n${marker} %{http_code} %header{status-code}\\n"`,
        "max-time = 60",
        "silent",
        "show-error",
      ].join("\n"),
    )
    .join("\nnext\n");
}

interface Answer {
  readonly words: string;
  /** ejabberdctl's exit code; 0 is success. */
  readonly status: string;
}

function answersIn({ stdout }: ExecResult): readonly Answer[] {
  const parts = stdout.split(new RegExp(`\\n${marker} (.*)\\n`));
  return parts.flatMap((words, index) => {
    const status = parts[index + 1];
    return index % 2 === 0 && status !== undefined ? [{ words, status }] : [];
  });
}

/** Sends commands; throws `refused` with the server's words at the first that does not end with 0. */
export const controlOverHttp: Control = async (server, commands) => {
  const result = await server.exec("server", ["curl", "--config", "-"], { stdin: curlScript(commands) });
  const answers = answersIn(result);
  // curl writes 000 where nobody answered: a dead server has refused nothing.
  const silent = ({ status }: Answer): boolean => status.startsWith("000");
  const refusal = answers.find((answer) => answer.status !== "200 0" && !silent(answer));
  if (refusal !== undefined) {
    throw new HarnessError(
      "refused",
      `expected ejabberd ${server.id} to carry out ${commands[0]?.[0] ?? "a command"}, got ${refusal.status}: ${refusal.words.slice(0, 500)}`,
    );
  }
  const given = answers.filter((answer) => !silent(answer)).length;
  if (given !== commands.length || result.exitCode !== 0) {
    throw new HarnessError(
      "lab-fault",
      `expected ${commands.length} answers from ejabberd ${server.id}, got ${given}; curl ended with ${result.exitCode}: ${result.stderr.slice(0, 500)}`,
    );
  }
};
