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
  const refusal = answers.find(({ status }) => status !== "200 0");
  if (refusal !== undefined) {
    throw new HarnessError(
      "refused",
      `expected ejabberd ${server.id} to carry out ${commands[0]?.[0] ?? "a command"}, got ${refusal.status}: ${refusal.words.slice(0, 500)}`,
    );
  }
  if (answers.length !== commands.length || result.exitCode !== 0) {
    throw new HarnessError(
      "lab-fault",
      `expected ${commands.length} answers from ejabberd ${server.id}, got ${answers.length}; curl ended with ${result.exitCode}: ${result.stderr.slice(0, 500)}`,
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
  setFederationAllowList,
  exemptFromRateLimits: (server, names) => reload(server, { loadAccounts: names }),
  enableDebugLog: (server) => control(server, [["set_loglevel", "debug"]]),
};
