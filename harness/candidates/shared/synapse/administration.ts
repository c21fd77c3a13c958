import type { Administration, ServerAccess } from "../../../model/candidate.ts";
import { HarnessError } from "../../../model/errors.ts";
import { adminApi, type AdminApi } from "../matrix-admin/admin-api.ts";

/** How long a background task of an erasure may take, and how often we look. */
const taskDeadlineMs = 120_000;
const pollMs = 200;

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + taskDeadlineMs;
  while (!(await done())) {
    if (performance.now() > end) throw new HarnessError("deadline", `waited ${taskDeadlineMs / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Redacts everything the account sent, in its own name, and waits until the task has ended. */
async function redactEvents(api: AdminApi, name: string): Promise<void> {
  const { redact_id: id } = await api.call("POST", api.userPath("/_synapse/admin/v1/user/%/redact", name), {
    rooms: [],
  });
  await until(`the redaction of all events of ${name}`, async () => {
    const { status, error } = await api.call("GET", `/_synapse/admin/v1/user/redact_status/${String(id)}`);
    if (status === "failed")
      throw new HarnessError("refused", `expected the redaction to succeed, got ${String(error)}`);
    return status === "complete";
  });
}

/** The interface deletes 100 at a time by default and answers with their number. */
async function deleteMedia(api: AdminApi, name: string): Promise<void> {
  await until(`the deletion of all media of ${name}`, async () => {
    const { total } = await api.call("DELETE", api.userPath("/_synapse/admin/v1/users/%/media?limit=100", name));
    return total === 0;
  });
}

/** Deactivation leaves the rooms in the background; what the account was a member of is gone when none is left. */
async function deactivate(api: AdminApi, name: string, erase: boolean): Promise<void> {
  await api.call("POST", api.userPath("/_synapse/admin/v1/deactivate/%", name), { erase });
  await until(`${name} to leave all rooms`, async () => {
    const { total } = await api.call("GET", api.userPath("/_synapse/admin/v1/users/%/joined_rooms", name));
    return total === 0;
  });
}

/** Synapse reads its logging configuration again on SIGHUP (docs/usage/configuration/logging_sample_config.md). */
async function reloadLogging(server: ServerAccess): Promise<void> {
  const result = await server.exec("synapse", ["/bin/sh", "-c", "kill -HUP 1"]);
  if (result.exitCode !== 0) throw new HarnessError("refused", `expected SIGHUP to arrive, got: ${result.stderr}`);
}

async function restartWith(server: ServerAccess, variables: Readonly<Record<string, unknown>>): Promise<void> {
  await server.rewriteConfig(variables);
  await server.restartService("synapse");
}

/** Debian's aiosmtpd takes every mail and drops it. The restart of the service has ended an earlier one. */
async function startMailSink(server: ServerAccess): Promise<void> {
  const sink = "/usr/bin/python3 -m aiosmtpd -n -l 127.0.0.1:2525 -c aiosmtpd.handlers.Sink";
  await server.exec("synapse", ["/bin/sh", "-c", `LD_PRELOAD= ${sink} >/dev/null 2>&1 </dev/null &`]);
  await until("the mail server of the lab to accept connections", async () => {
    const probe = "import socket; socket.create_connection(('127.0.0.1', 2525), 1)";
    return (await server.exec("synapse", ["/usr/bin/python3", "-c", probe])).exitCode === 0;
  });
}

export const administration: Administration = {
  /** One flag, "server admin"; finer roles need another product (Matrix Authentication Service). */
  roles: ["server-admin"],

  async grantRole(server, name) {
    const api = adminApi(server);
    await api.call("PUT", api.userPath("/_synapse/admin/v1/users/%/admin", name), { admin: true });
  },

  createAccounts: (server, accounts) => adminApi(server).registerAll(accounts),

  /**
   * Deactivation (docs/admin_api/user_admin_api.md, "Deactivate Account"): removes all tokens, devices and the password.
   * Locking leaves the tokens in place and suspension lets the person go on reading; both are weaker.
   */
  disableAccount: (server, name) => deactivate(adminApi(server), name, false),

  /** Deactivation with erase leaves messages and media (same page, "not performed"), so these go first. */
  async deleteAccount(server, name) {
    const api = adminApi(server);
    await redactEvents(api, name);
    await deleteMedia(api, name);
    await deactivate(api, name, true);
  },

  /**
   * Without `media_retention` nothing in Synapse ends files by age, so time passes without effect. With it an hourly task does, and
   * neither a command nor a restart starts that task earlier (synapse.media.media_repository, 1.163).
   */
  async letTimePass(server) {
    const { exitCode } = await server.exec("synapse", [
      "grep",
      "-q",
      "local_media_lifetime",
      "/etc/synapse/homeserver.yaml",
    ]);
    if (exitCode === 1) return;
    throw new HarnessError("unsupported", "expected a way to start the hourly media retention of Synapse, got none");
  },

  /** `federation_domain_whitelist` is read at the start only. */
  async setFederationAllowList(server, domains) {
    await restartWith(server, { federationDomains: domains });
    return { restarted: true };
  },

  /** 0 messages per second means "no limit" (docs/admin_api/user_admin_api.md, "Override ratelimiting for users"). */
  async exemptFromRateLimits(server, names) {
    const api = adminApi(server);
    for (const name of names) {
      await api.call("POST", api.userPath("/_synapse/admin/v1/users/%/override_ratelimit", name), {
        messages_per_second: 0,
        burst_count: 0,
      });
    }
  },

  async enableDebugLog(server) {
    await server.rewriteConfig({ logLevel: "DEBUG" });
    await reloadLogging(server);
  },

  /** `allowed_local_3pids` with `registrations_require_3pid`; confirmation mails go to a server in the container. */
  async enableDomainBoundRegistration(server, mailDomain) {
    await restartWith(server, { signUpMailDomain: mailDomain });
    await startMailSink(server);
  },
};
