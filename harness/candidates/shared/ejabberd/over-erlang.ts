import { HarnessError } from "../../../model/errors.ts";
import type { Command, Control } from "./administration.ts";

// Before CTL_OVER_HTTP (24.07) every `ejabberdctl` call starts an Erlang machine of its own. One erl_call hands any number of
// commands to ejabberdctl's own entry point inside the running server, passwords on standard input.

const text = (value: string): string => `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
const asErlang = (command: Command): string => `[${command.map(text).join(",")}]`;

/** Ends with `done`, or with the first command that did not end with 0. */
const script = (commands: readonly Command[]): string => `
Try = fun(Args, ok) ->
        case ejabberd_ctl:process2(Args, []) of
          {_, 0} -> ok;
          {Words, Code} -> {refused, hd(Args), Code, lists:flatten(io_lib:format("~s", [Words]))}
        end;
      (_, Refused) -> Refused
      end,
case lists:foldl(Try, ok, [${commands.map(asErlang).join(",\n")}]) of
  ok -> done;
  Other -> Other
end.
`;

/** Throws `refused` with the server's words at the first command that failed, `lab-fault` if the server did not answer. */
export const controlOverErlang: Control = async (server, commands) => {
  const call = 'erl_call -n ejabberd@localhost -c "$(cat /var/lib/ejabberd/.erlang.cookie)" -e';
  const { exitCode, stdout, stderr } = await server.exec("server", ["sh", "-c", call], { stdin: script(commands) });
  if (exitCode === 0 && /\bdone\b/.test(stdout)) return;
  const words = `${stdout} ${stderr}`.trim().slice(0, 500);
  throw new HarnessError(
    stdout.includes("{refused,") ? "refused" : "lab-fault",
    `expected ejabberd ${server.id} to carry out ${commands[0]?.[0] ?? "a command"}, got ${exitCode}: ${words}`,
  );
};
