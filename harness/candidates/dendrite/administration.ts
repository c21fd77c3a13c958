import { randomBytes } from "node:crypto";
import type { Administration, ServerAccess } from "../../model/candidate.ts";
import { HarnessError } from "../../model/errors.ts";
import { adminApi } from "../shared/matrix-admin/admin-api.ts";

/** What Dendrite offers is in its docs/administration (1_createusers.md, 4_adminapi.md): three calls that concern accounts. */

/** A password that nobody knows, and no device left. Returns it, because deletion needs to log in once more. */
async function lockOut(server: ServerAccess, name: string): Promise<string> {
  const api = adminApi(server);
  const password = randomBytes(24).toString("base64url");
  await api.call("POST", api.userPath("/_dendrite/admin/resetPassword/%", name), { password, logout_devices: true });
  return password;
}

/** Client-server specification, "Deactivating an account": by the account itself, which confirms with its password. */
async function deactivateAs(server: ServerAccess, name: string, password: string): Promise<void> {
  const api = adminApi(server);
  const auth = { type: "m.login.password", identifier: { type: "m.id.user", user: api.userId(name) }, password };
  const { access_token: token } = await api.callAs(undefined, "POST", "/_matrix/client/v3/login", auth);
  await api.callAs(String(token), "POST", "/_matrix/client/v3/account/deactivate", { auth, erase: true });
}

async function restartWith(server: ServerAccess, variables: Readonly<Record<string, unknown>>): Promise<void> {
  await server.rewriteConfig(variables);
  await server.restartService("dendrite");
}

export const administration: Administration = {
  /** One flag: account type 3. */
  roles: ["server-admin"],

  /** 4_adminapi.md tells to set it in the database; there is no call for it. */
  async grantRole(server, name) {
    const statement = `UPDATE userapi_accounts SET account_type = 3 WHERE localpart = '${name}'`;
    const { exitCode, stdout, stderr } = await server.exec("database", ["psql", "-d", "messenger", "-c", statement]);
    if (exitCode !== 0 || stdout.trim() !== "UPDATE 1")
      throw new HarnessError("refused", `expected one account to become administrator, got: ${stdout}${stderr}`);
  },

  createAccounts: (server, accounts) => adminApi(server).registerAll(accounts),

  /** There is no flag "disabled" an administrator could set: a password nobody knows, no devices, no rooms. */
  async disableAccount(server, name) {
    await lockOut(server, name);
    const api = adminApi(server);
    await api.call("POST", api.userPath("/_dendrite/admin/evacuateUser/%", name), {});
  },

  /** An administrator cannot deactivate, so he does it in the person's place, with the password he has just set. */
  async deleteAccount(server, name) {
    await deactivateAs(server, name, await lockOut(server, name));
  },

  /** Nothing in Dendrite ends by age, so time passes without effect. */
  letTimePass: () => Promise.resolve(),

  /** `rate_limiting.exempt_user_ids` is read at the start only. */
  async exemptFromRateLimits(server, names) {
    const known = exempt.get(server) ?? new Set<string>();
    exempt.set(server, known);
    const before = known.size;
    for (const name of names) known.add(adminApi(server).userId(name));
    if (known.size > before) await restartWith(server, { exemptUsers: [...known] });
  },

  /** 6_troubleshooting.md: level debug, then a restart. */
  enableDebugLog: (server) => restartWith(server, { logLevel: "debug" }),
};

/** What was exempted so far on each server, because the setting holds all of them. */
const exempt = new WeakMap<ServerAccess, Set<string>>();
