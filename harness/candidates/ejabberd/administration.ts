import type { Account, Administration, ExecResult, ServerAccess } from "../../model/candidate.ts";
import { HarnessError } from "../../model/errors.ts";

// Commands go through ejabberdctl's own fast path, a socket file inside the container (CTL_OVER_HTTP): every `ejabberdctl`
// call would start a whole Erlang machine (about one second), one curl carries any number of commands over one connection.

/** A command of `ejabberdctl` with its arguments. */
type Command = readonly [name: string, ...rest: string[]];

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
async function control(server: ServerAccess, commands: readonly Command[]): Promise<void> {
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
}

async function createAccounts(server: ServerAccess, accounts: readonly Account[]): Promise<void> {
  if (accounts.length === 0) return;
  await control(
    server,
    accounts.map(({ name, password }) => ["register", name, server.domain, password]),
  );
}

/** `ban_account` kicks every session and keeps the account unusable: the command the documentation names for this purpose. */
async function disableAccount(server: ServerAccess, name: string): Promise<void> {
  await control(server, [["ban_account", name, server.domain, "left the authority"]]);
}

/**
 * `unregister` removes the account and what modules keep for it (roster, vCard, private data, offline messages, uploads,
 * own PEP nodes); the archive has its own command, where an archive is configured.
 */
async function deleteAccount(server: ServerAccess, name: string): Promise<void> {
  const archive: readonly Command[] =
    server.config === "hardened" ? [["remove_mam_for_user", name, server.domain]] : [];
  await control(server, [...archive, ["unregister", name, server.domain]]);
}

async function reload(server: ServerAccess, variables: Readonly<Record<string, unknown>>): Promise<void> {
  await server.rewriteConfig(variables);
  await control(server, [["reload_config"]]);
}

/** The access rule is read anew by `reload_config`; connections that exist are not checked again, so they are closed. */
async function setFederationAllowList(
  server: ServerAccess,
  domains: readonly string[],
): Promise<{ readonly restarted: boolean }> {
  await reload(server, { federationAllow: domains });
  await control(server, [["stop_s2s_connections"]]);
  return { restarted: false };
}

/**
 * mod_http_upload_quota looks once a day for files older than `max_days`. The files are made to look older, then its own sweep
 * runs at once: through the Erlang distribution, because no command starts it.
 */
async function letTimePass(server: ServerAccess, seconds: number): Promise<void> {
  if (server.config === "default") return;
  const evaluate = [
    "[Quota] = [Pid || {_, Pid, _, [mod_http_upload_quota]} <- supervisor:which_children(ejabberd_gen_mod_sup)],",
    "Quota ! sweep,",
    // The module answers one message after the other: this answer comes after the sweep.
    "_ = sys:get_state(Quota), swept.\n",
  ].join(" ");
  const script = [
    "set -e",
    `find /var/lib/ejabberd/upload -type f -exec touch -d "@$(($(date +%s) - ${Math.ceil(seconds)}))" {} +`,
    'erl_call -n ejabberd@localhost -c "$(cat /var/lib/ejabberd/.erlang.cookie)" -e',
  ].join("\n");
  const { exitCode, stdout, stderr } = await server.exec("server", ["sh", "-c", script], { stdin: evaluate });
  if (exitCode === 0 && stdout.includes("swept")) return;
  throw new HarnessError("lab-fault", `expected the sweep of old uploads to run, got ${exitCode}: ${stdout} ${stderr}`);
}

/** Roles (with hyphens) as access lists (with underscores): who holds them. */
export const noRoleHolders: Readonly<Record<string, readonly string[]>> = {
  account_administration: [],
  room_administration: [],
  monitoring: [],
};

/** Who holds which role, per server: the access lists are written anew as a whole. */
const roleHolders = new WeakMap<ServerAccess, Readonly<Record<string, readonly string[]>>>();

/** Roles are entries of api_permissions (hardened.yml.hbs), each with commands of its own. */
async function grantRole(server: ServerAccess, name: string, role: string): Promise<void> {
  const before = roleHolders.get(server) ?? noRoleHolders;
  const key = role.replaceAll("-", "_");
  const holders = { ...before, [key]: [...(before[key] ?? []), name] };
  roleHolders.set(server, holders);
  await reload(server, { roleHolders: holders });
}

export const administration: Administration = {
  roles: ["account-administration", "room-administration", "monitoring"],
  grantRole,
  createAccounts,
  disableAccount,
  deleteAccount,
  letTimePass,
  setFederationAllowList,
  exemptFromRateLimits: (server, names) => reload(server, { loadAccounts: names }),
  enableDebugLog: (server) => control(server, [["set_loglevel", "debug"]]),
};
