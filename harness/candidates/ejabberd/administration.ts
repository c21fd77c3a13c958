import type { Account, Administration, ExecResult, ServerAccess } from "../../model/candidate.ts";
import { HarnessError } from "../../model/errors.ts";

// Both configurations trust loopback callers of mod_http_api: the shipped one on its https listener, the hardened one on a
// listener of its own that only this machine reaches. So commands are sent from inside with curl: one `ejabberdctl` starts a
// whole Erlang machine (about one second), one curl carries any number of commands over one connection.

interface Call {
  readonly command: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const quoted = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

const apiBase = (server: ServerAccess): string =>
  server.config === "hardened" ? "http://127.0.0.1:5281/api" : `https://${server.domain}:5443/api`;

/** Configuration for `curl --config -`: one request after another, passwords never on a command line. */
function curlScript(server: ServerAccess, calls: readonly Call[]): string {
  return calls
    .map(({ command, body }) =>
      [
        `url = ${quoted(`${apiBase(server)}/${command}`)}`,
        `header = "Content-Type: application/json"`,
        `data = ${quoted(JSON.stringify(body))}`,
        'cacert = "/certs/ca.pem"',
        `resolve = ${quoted(`${server.domain}:5443:127.0.0.1`)}`,
        'write-out = "\\n%{http_code}\\n"',
        "max-time = 60",
        "silent",
        "show-error",
      ].join("\n"),
    )
    .join("\nnext\n");
}

/** Bodies and status codes alternate line by line: ejabberd answers with one line of JSON. */
function answers(result: ExecResult): readonly { readonly status: number; readonly body: string }[] {
  const lines = result.stdout.split("\n").filter((line) => line !== "");
  return lines
    .map((line, index) => ({ status: Number(line), body: lines[index - 1] ?? "" }))
    .filter((_, index) => /^\d{3}$/.test(lines[index] ?? "") && index > 0);
}

/** Sends commands; throws `refused` with the server's words at the first that is not answered with 200. */
async function callApi(server: ServerAccess, calls: readonly Call[]): Promise<readonly string[]> {
  const result = await server.exec("server", ["curl", "--config", "-"], { stdin: curlScript(server, calls) });
  const got = answers(result);
  const refusal = got.find((answer) => answer.status !== 200);
  if (refusal !== undefined) {
    throw new HarnessError(
      "refused",
      `expected ejabberd ${server.id} to carry out ${calls[0]?.command ?? "a command"}, got ${refusal.status}: ${refusal.body.slice(0, 500)}`,
    );
  }
  if (got.length !== calls.length || result.exitCode !== 0) {
    throw new HarnessError(
      "lab-fault",
      `expected ${calls.length} answers from ejabberd's API on ${server.id}, got ${got.length}; curl ended with ${result.exitCode}: ${result.stderr.slice(0, 500)}`,
    );
  }
  return got.map((answer) => answer.body);
}

const call = (server: ServerAccess, command: string, body: Call["body"]): Promise<readonly string[]> =>
  callApi(server, [{ command, body }]);

async function createAccounts(server: ServerAccess, accounts: readonly Account[]): Promise<void> {
  if (accounts.length === 0) return;
  const calls = accounts.map(({ name, password }) => ({
    command: "register",
    body: { user: name, host: server.domain, password },
  }));
  await callApi(server, calls);
}

/** `ban_account` kicks every session and keeps the account unusable: the command the documentation names for this purpose. */
async function disableAccount(server: ServerAccess, name: string): Promise<void> {
  await call(server, "ban_account", { user: name, host: server.domain, reason: "left the authority" });
}

/**
 * `unregister` removes the account and what modules keep for it (roster, vCard, private data, offline messages, uploads,
 * own PEP nodes); the archive has its own command, where an archive is configured.
 */
async function deleteAccount(server: ServerAccess, name: string): Promise<void> {
  if (server.config === "hardened") {
    await call(server, "remove_mam_for_user", { user: name, server: server.domain, host: server.domain });
  }
  await call(server, "unregister", { user: name, host: server.domain });
}

async function reload(server: ServerAccess, variables: Readonly<Record<string, unknown>>): Promise<void> {
  await server.rewriteConfig(variables);
  await call(server, "reload_config", {});
}

/** The access rule is read anew by `reload_config`; connections that exist are not checked again, so they are closed. */
async function setFederationAllowList(
  server: ServerAccess,
  domains: readonly string[],
): Promise<{ readonly restarted: boolean }> {
  await reload(server, { federationAllow: domains });
  await call(server, "stop_s2s_connections", {});
  return { restarted: false };
}

export const administration: Administration = {
  createAccounts,
  disableAccount,
  deleteAccount,
  setFederationAllowList,
  exemptFromRateLimits: (server, names) => reload(server, { loadAccounts: names }),
  enableDebugLog: async (server) => {
    await call(server, "set_loglevel", { loglevel: "debug" });
  },
};
