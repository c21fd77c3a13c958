import { randomBytes } from "node:crypto";
import type { Account, Administration, ServerAccess } from "../../../model/candidate.ts";
import { HarnessError } from "../../../model/errors.ts";

/** What all generations have: `prosodyctl shell`, the console that Prosody's documentation gives to administrators. */
const common: Omit<Administration, "disableAccount"> = {
  async createAccounts(server, accounts) {
    const commands = accounts.map((account) => createCommand(server, account));
    await shell(server, commands, "user accounts to be created");
  },

  /** Prosody removes all stores of the account: roster, vCard, PEP with OMEMO keys, offline messages, archive. */
  async deleteAccount(server, name) {
    await shell(server, [`user:delete(${lua(address(server, name))})`], `${name} to be deleted`);
  },

  /** mod_limits looks at the list when it is loaded. */
  async exemptFromRateLimits(server, names) {
    await server.rewriteConfig({ unlimitedJids: names.map((name) => address(server, name)) });
    const reload = `module:reload("limits", ${lua(server.domain)})`;
    await shell(server, ["config:reload()", reload], "rate limits to be lifted");
  },

  async enableDebugLog(server) {
    await server.rewriteConfig({ logLevel: "debug" });
    await shell(server, ["config:reload()"], "the log level to change");
  },

  /**
   * Clean-up by age runs once a day (mod_cron). Here it runs now, with a clock that shows the later time while it runs: archives
   * are cleared by calendar day, which no shorter period in the configuration could show.
   */
  async letTimePass(server, seconds) {
    await shell(server, [cleanUpLater(seconds)], "the periodic clean-up to run");
  },
};

/** Since 13.0: accounts can be disabled, and roles are enforced. */
export const administration: Administration = {
  ...common,

  /** mod_host_guard reads its lists again and closes streams that are no longer allowed when the configuration is reloaded. */
  async setFederationAllowList(server, domains) {
    await server.rewriteConfig({ federationAllow: domains });
    await shell(server, ["config:reload()"], "the configuration to be reloaded");
    return { restarted: false };
  },

  /** Ends all sessions of the person and refuses new ones; the data stay. */
  async disableAccount(server, name) {
    await shell(server, [`user:disable(${lua(address(server, name))})`], `${name} to be disabled`);
  },

  /** One for the whole server, one for a host, and one of the operator's own (custom_roles) for the help desk. */
  roles: ["prosody:operator", "prosody:admin", "authority:helpdesk"],

  async grantRole(server, name, role) {
    const command = `user:set_role(${lua(address(server, name))}, ${lua(role)})`;
    await shell(server, [command], `${name} to get the role ${role}`);
  },
};

/**
 * Before 13.0 no command disables an account. What an administrator has: a password that nobody knows, and closing what is open.
 * Roles have names there but no rights of their own, so none is named.
 */
export const administrationBefore13: Administration = {
  ...common,

  async disableAccount(server, name) {
    const jid = lua(address(server, name));
    const password = lua(randomBytes(24).toString("hex"));
    await shell(server, [`user:password(${jid}, ${password})`, `c2s:close(${jid})`], `${name} to be locked out`);
  },
};

const address = (server: ServerAccess, name: string): string => `${name}@${server.domain}`;

/** `prosody:member` and not the default role, so that a person cannot make invitations. */
function createCommand(server: ServerAccess, { name, password, admin }: Account): string {
  const role = admin === true ? `, "prosody:admin"` : "";
  return `user:create(${lua(address(server, name))}, ${lua(password)}${role})`;
}

/** A Lua string literal; only what accounts and domains may hold is let through unescaped. */
function lua(text: string): string {
  return `"${text.replaceAll(/[^A-Za-z0-9@._-]/g, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)}"`;
}

/** Lua for the console: every periodic task of every host, `seconds` from now. */
function cleanUpLater(seconds: number): string {
  return [
    ">(function()",
    // The name space came with 13.0.
    'local found, modules = pcall(require, "prosody.core.modulemanager")',
    'if not found then modules = require "core.modulemanager" end',
    "local now = os.time",
    `os.time = function(date) if date then return now(date) end return now() + ${Math.ceil(seconds)} end`,
    "local done, problem = pcall(function()",
    "for host in pairs(prosody.hosts) do",
    'for _, task in ipairs(modules.get_items("task", host) or {}) do task:run(os.time()) end',
    "end end)",
    "os.time = now",
    'return done, done and "periodic tasks have run" or problem',
    "end)()",
  ].join(" ");
}

/** Runs console commands in one connection. Throws `refused` with Prosody's words if one of them failed. */
async function shell(server: ServerAccess, commands: readonly string[], expected: string): Promise<void> {
  const stdin = `${commands.join("\n")}\nquit\n`;
  const { exitCode, stdout, stderr } = await server.exec("prosody", ["prosodyctl", "shell"], { stdin });
  // Commands with words of their own end with OK, the others with what they return.
  const succeeded = stdout.match(/\bOK: |\bResult: (?!nil|false)/g)?.length ?? 0;
  if (exitCode === 0 && succeeded === commands.length) return;
  const words = `${stdout}\n${stderr}`
    .split("\n")
    .filter((line) => line.includes("! "))
    .join("; ")
    .slice(0, 500);
  throw new HarnessError(
    "refused",
    `expected ${expected} on server ${server.id} (${commands.length} commands), got ${succeeded} × OK: ${words}`,
  );
}
