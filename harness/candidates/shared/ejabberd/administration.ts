import type { Account, Administration, ServerAccess } from "../../../model/candidate.ts";
import { HarnessError } from "../../../model/errors.ts";

/** A command of `ejabberdctl` with its arguments. */
export type Command = readonly [name: string, ...rest: string[]];

/** Sends commands; throws `refused` with the server's words at the first that does not end with 0, `lab-fault` without an answer. */
export type Control = (server: ServerAccess, commands: readonly Command[]) => Promise<void>;

async function createAccounts(control: Control, server: ServerAccess, accounts: readonly Account[]): Promise<void> {
  if (accounts.length === 0) return;
  await control(
    server,
    accounts.map(({ name, password }) => ["register", name, server.domain, password]),
  );
}

/** `ban_account` kicks every session and keeps the account unusable: the command the documentation names for this purpose. */
async function disableAccount(control: Control, server: ServerAccess, name: string): Promise<void> {
  await control(server, [["ban_account", name, server.domain, "left the authority"]]);
}

/**
 * `unregister` removes the account and what modules keep for it (roster, vCard, private data, offline messages, uploads,
 * own PEP nodes); the archive has its own command, where an archive is configured.
 */
async function deleteAccount(control: Control, server: ServerAccess, name: string): Promise<void> {
  const archive: readonly Command[] =
    server.config === "hardened" ? [["remove_mam_for_user", name, server.domain]] : [];
  await control(server, [...archive, ["unregister", name, server.domain]]);
}

async function reload(
  control: Control,
  server: ServerAccess,
  variables: Readonly<Record<string, unknown>>,
): Promise<void> {
  await server.rewriteConfig(variables);
  await control(server, [["reload_config"]]);
}

/** The access rule is read anew by `reload_config`; connections that exist are not checked again, so they are closed. */
async function setFederationAllowList(
  control: Control,
  server: ServerAccess,
  domains: readonly string[],
): Promise<{ readonly restarted: boolean }> {
  await reload(control, server, { federationAllow: domains });
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
async function grantRole(control: Control, server: ServerAccess, name: string, role: string): Promise<void> {
  const before = roleHolders.get(server) ?? noRoleHolders;
  const key = role.replaceAll("-", "_");
  const holders = { ...before, [key]: [...(before[key] ?? []), name] };
  roleHolders.set(server, holders);
  await reload(control, server, { roleHolders: holders });
}

/** All of it, with commands sent one way or the other. */
export const administrationBy = (control: Control): Administration => ({
  roles: ["account-administration", "room-administration", "monitoring"],
  grantRole: (server, name, role) => grantRole(control, server, name, role),
  createAccounts: (server, accounts) => createAccounts(control, server, accounts),
  disableAccount: (server, name) => disableAccount(control, server, name),
  deleteAccount: (server, name) => deleteAccount(control, server, name),
  letTimePass,
  setFederationAllowList: (server, domains) => setFederationAllowList(control, server, domains),
  exemptFromRateLimits: (server, names) => reload(control, server, { loadAccounts: names }),
  enableDebugLog: (server) => control(server, [["set_loglevel", "debug"]]),
});
