import type { Candidate, Configuration, ServerAccess } from "../../model/candidate.ts";
import { HarnessError } from "../../model/errors.ts";
import { hardening, labNeed } from "../shared/deviation.ts";

/** Speaks to NickServ as the operator, over the listener inside the container. Throws `refused` with its words. */
async function nickServ(server: ServerAccess, commands: readonly string[], done: RegExp): Promise<string> {
  const login = ["NICK operator", "USER operator 0 * operator", `OPER admin ${server.secrets["operator"] ?? ""}`];
  const lines = [...login, ...commands.map((command) => `PRIVMSG NickServ :${command}`), "QUIT"];
  // The server answers everything before QUIT and then hangs up.
  const talk = "exec 3<>/dev/tcp/127.0.0.1/6667; cat >&3; cat <&3";
  const { stdout, stderr } = await server.exec("ergo", ["bash", "-c", talk], { stdin: `${lines.join("\r\n")}\r\n` });
  const notices = stdout.split(/\r?\n/u).filter((line) => line.startsWith(":NickServ!"));
  if (notices.filter((line) => done.test(line)).length === commands.length) return notices.join("\n");
  const words = (notices.join(" ") || stdout || stderr).slice(-500);
  throw new HarnessError("refused", `expected ${done} for each of ${commands.length} commands, got: ${words}`);
}

/** NickServ asks for a code that it tells in its first answer. */
async function erase(server: ServerAccess, name: string): Promise<void> {
  const answer = await nickServ(server, [`ERASE ${name}`], new RegExp(`ERASE ${name} \\S+`, "iu"));
  const code = new RegExp(`ERASE ${name} (\\w+)`, "iu").exec(answer)?.[1] ?? "";
  await nickServ(server, [`ERASE ${name} ${code}`], /erased|unregistered/iu);
}

const tls = labNeed(
  "server.listeners :6697, network.name, server.name",
  "127.0.0.1:6667 and [::1]:6667",
  "127.0.0.1:6667, and TLS on 6697 with the certificate of the run's authority",
  "Debian öffnet nur die lokale Schnittstelle; der TLS-Zugang steht in der Datei als Kommentar bereit. Im Labor gibt es kein IPv6.",
  "Debian opens loopback only; the TLS listener is there as a comment. The lab has no IPv6.",
);
const limits = labNeed(
  "server.ip-limits.exempted",
  "localhost",
  "localhost and the lab's network",
  "Alle Testpersonen teilen sich eine Adresse.",
  "All test people share one address.",
);
const closed = hardening(
  "accounts.registration, require-sasl, always-on, bcrypt-cost",
  "open registration, guests, opt-in, 4",
  "closed, none, opt-out, 10",
  "Konten nur durch die Verwaltung, keine Gäste, Nachrichten auch an Abwesende, teurere Kennwort-Hashes.",
  "Accounts by the administration only, no guests, messages for people who are away, costlier password hashes.",
);

const configuration = (hardened: boolean): Configuration => ({
  files: [
    { service: "ergo", path: "/etc/ergochat/ircd.yaml", template: "ircd.yaml.hbs" },
    { service: "ergo", path: "/usr/local/bin/start-ergo", template: "start-ergo.hbs", mode: 0o755 },
  ],
  variables: { hardened },
  deviations: hardened ? [tls, limits, closed] : [tls, limits],
});

/** Ergo IRC, the baseline without federation, end-to-end encryption, files and retraction. */
export const candidate: Candidate = {
  id: "ergo",
  order: 200,
  title: "Ergo IRC",
  vendor: "Ergo contributors",
  licence: "MIT",
  version: "2.15.0",
  protocol: "irc",
  folder: import.meta.dirname,
  services: {
    ergo: {
      image: "ergo",
      front: true,
      ready: { kind: "port", port: 6697 },
      publish: [6697, 6667],
      versions: ["dpkg-query", "-W", "ergochat"],
      memoryMiB: 512,
    },
  },
  endpoints: [
    { kind: "irc-tls", service: "ergo", port: 6697 },
    // Open to the container itself only; declared so that a scenario can show that nobody else gets in.
    { kind: "irc-plain", service: "ergo", port: 6667 },
  ],
  subdomains: [],
  stores: [
    { id: "data", service: "ergo", holds: "database", read: { kind: "paths", paths: ["/var/lib/ergochat"] } },
    { id: "log", service: "ergo", holds: "logs", read: { kind: "container-log" } },
  ],
  configurations: { default: configuration(false), hardened: configuration(true) },
  endEncryption: [],
  administration: {
    async createAccounts(server, accounts) {
      if (accounts.length === 0) return;
      await nickServ(
        server,
        accounts.map(({ name, password }) => `SAREGISTER ${name} ${password}`),
        /Successfully registered/iu,
      );
    },
    /** Suspends the account and ends its sessions. */
    disableAccount: async (server, name) => void (await nickServ(server, [`SUSPEND ADD ${name}`], /suspended/iu)),
    deleteAccount: erase,
  },
  abilities: ["group-chat", "account-deletion", "account-disabling", "registration-policy"],
  notes: [
    {
      de: "Ein IRC-Netz ist eine Behörde für sich: keine Föderation, keine Ende-zu-Ende-Verschlüsselung, keine Dateien, kein Zurückholen.",
      en: "An IRC network is one authority for itself: no federation, no end-to-end encryption, no files, no retraction.",
    },
    {
      de: "Der Verlauf liegt nur im Arbeitsspeicher (Datenbank dafür wäre MySQL) und ist nach einem Neustart fort; er ist deshalb nicht als Fähigkeit angegeben.",
      en: "History is in memory only (its database would be MySQL) and gone after a restart; it is therefore not claimed.",
    },
  ],
  erasureLimit: { default: null, hardened: null },
};
