import type { Candidate, Configuration, ServerAccess } from "../../model/candidate.ts";
import { HarnessError } from "../../model/errors.ts";
import { hardening, labNeed } from "../shared/deviation.ts";

const accountsFile = "/var/lib/mail-accounts/passwd";
/** One change of the accounts at a time: several people are created at once. */
const locked = `exec 9>/var/lib/mail-accounts/lock; flock 9; set -eu`;

async function run(server: ServerAccess, script: string, words: readonly string[], stdin?: string): Promise<void> {
  const command = ["bash", "-c", script, "mail", ...words];
  const { exitCode, stdout, stderr } = await server.exec("mail", command, stdin === undefined ? {} : { stdin });
  if (exitCode === 0) return;
  const said = (stderr || stdout).trim().slice(-500);
  throw new HarnessError("refused", `expected the mail server to do as told, got code ${exitCode}: ${said}`);
}

/** Dovecot looks at its password file once a second at most, so a change holds when it has been asked about the last name of it. */
const until = (condition: string): string =>
  `for try in $(seq 50); do ${condition} && exit 0; sleep 0.1; done; echo "the password file is not read again" >&2; exit 1`;
/** A line of Dovecot's passwd-file each; the passwords go over standard input. */
const create = `${locked}
while read -r each password; do
  name=$each
  printf '%s:{SHA512-CRYPT}%s::::::\\n' "$name" "$(printf '%s' "$password" | openssl passwd -6 -stdin)" >> ${accountsFile}
done
${until('doveadm user "$name" > /dev/null 2>&1')}`;
/** No password fits any more, and the sessions that are open end (exit code 68: there were none). Mail that comes in is kept. */
const disable = `${locked}; grep -q "^$1:" ${accountsFile}; sed -i "s|^$1:[^:]*|$1:!|" ${accountsFile}; sleep 1.1; doveadm kick "$1" || test $? = 68`;
const remove = `${locked}; grep -q "^$1:" ${accountsFile}; sed -i "/^$1:/d" ${accountsFile}; sleep 1.1; doveadm kick "$1" || test $? = 68; rm -rf "/var/vmail/$1"`;

const addressOf = ({ domain }: ServerAccess, name: string): string => `${name}@${domain}`;

const together = labNeed(
  "Dovecot: mail_driver, passdb; Postfix: virtual_transport, submission, chroot",
  "mailboxes of system accounts, mbox, PAM; no port for submission; chroot",
  "mailboxes of accounts of its own, Maildir, a password file; ports 465 and 587; no chroot",
  "Debian liefert zwei getrennte Programme für Systemkonten; hier bilden sie ein Relay mit eigenen Konten. Container haben kein Recht auf chroot.",
  "Debian ships two separate programs for system accounts; here they are one relay with accounts of its own. Containers have no right to chroot.",
);
const certificate = labNeed(
  "smtpd_tls_cert_file, smtp_tls_CAfile, ssl_server_cert_file",
  "a certificate made at installation; the public authorities",
  "the certificate and the authority of the run",
  "Im Labor gibt es nur die Zertifizierungsstelle des Laufs.",
  "The lab has the authority of the run only.",
);
const strictTls = hardening(
  "smtpd_tls_security_level, smtp_tls_security_level, ssl_min_protocol",
  "may, may, TLSv1.2",
  "encrypt, verify, TLSv1.3 for clients; BSI's curves and suites",
  "Wie beim Chatmail-Relay: zwischen Servern nur mit geprüftem Zertifikat, für Clients nur TLS 1.3.",
  "As in the chatmail relay: between servers with a verified certificate only, for clients TLS 1.3 only.",
);
const ports = hardening(
  "ports 143 and 587",
  "open, with STARTTLS",
  "closed",
  "Zugang nur mit TLS ab dem ersten Byte (RFC 8314).",
  "Access only with TLS from the first byte (RFC 8314).",
);

const configuration = (hardened: boolean): Configuration => ({
  files: [
    { service: "mail", path: "/etc/postfix/main.cf", template: "main.cf.hbs" },
    { service: "mail", path: "/etc/postfix/master.cf", template: "master.cf.hbs" },
    { service: "mail", path: "/etc/postfix/partners", template: "partners.hbs" },
    { service: "mail", path: "/etc/postfix/login-map", template: "login-map.hbs" },
    { service: "mail", path: "/etc/dovecot/dovecot.conf", template: "dovecot.conf.hbs" },
    { service: "mail", path: "/usr/local/bin/start-mail", template: "start-mail.hbs", mode: 0o755 },
    { service: "mail", path: "/usr/local/bin/ready-mail", template: "ready-mail.hbs", mode: 0o755 },
  ],
  variables: { hardened, debug: false },
  deviations: hardened ? [together, certificate, strictTls, ports] : [together, certificate],
});

/** Dovecot and Postfix with Delta Chat's core as client: federation over e-mail, OpenPGP between people. */
export const candidate: Candidate = {
  id: "chatmail",
  order: 190,
  title: "Chatmail (Dovecot, Postfix)",
  vendor: "Dovecot, Postfix (Debian); Delta Chat",
  licence: "MIT AND LGPL-2.1-only AND (IPL-1.0 OR EPL-2.0)",
  version: "2.4.1",
  protocol: "email",
  folder: import.meta.dirname,
  services: {
    mail: {
      image: "chatmail",
      front: true,
      ready: { kind: "command", command: ["ready-mail"] },
      publish: [25, 143, 465, 587, 993],
      versions: ["dpkg-query", "-W", "dovecot-core", "dovecot-imapd", "dovecot-lmtpd", "postfix"],
      memoryMiB: 1_024,
    },
  },
  endpoints: [
    { kind: "imap-tls", service: "mail", port: 993 },
    { kind: "smtp-tls", service: "mail", port: 465 },
    { kind: "imap", service: "mail", port: 143, configurations: ["default"] },
    { kind: "smtp-submission", service: "mail", port: 587, configurations: ["default"] },
    { kind: "smtp-server", service: "mail", port: 25 },
  ],
  subdomains: [],
  stores: [
    { id: "mailboxes", service: "mail", holds: "files", read: { kind: "paths", paths: ["/var/vmail"] } },
    { id: "queue", service: "mail", holds: "files", read: { kind: "paths", paths: ["/var/spool/postfix"] } },
    { id: "accounts", service: "mail", holds: "database", read: { kind: "paths", paths: ["/var/lib/mail-accounts"] } },
    { id: "log", service: "mail", holds: "logs", read: { kind: "container-log" } },
  ],
  configurations: { default: configuration(false), hardened: configuration(true) },
  endEncryption: ["openpgp"],
  administration: {
    async createAccounts(server, accounts) {
      const lines = accounts.map(({ name, password }) => `${addressOf(server, name)} ${password}\n`);
      await run(server, create, [], lines.join(""));
    },
    disableAccount: (server, name) => run(server, disable, [addressOf(server, name)]),
    deleteAccount: (server, name) => run(server, remove, [addressOf(server, name)]),
    /** `log_debug` of Dovecot and `debug_peer_list` of Postfix (DEBUG_README), for connections from now on. */
    async enableDebugLog(server) {
      await server.rewriteConfig({ debug: true });
      await run(server, "postfix reload && doveadm reload && sleep 1 && doveadm who", []);
    },
    async setFederationAllowList(server, domains) {
      await server.rewriteConfig({ federationAllow: domains });
      // A reload reaches new connections only; Delta Chat keeps its own open and would go on sending.
      await server.restartService("mail");
      return { restarted: true };
    },
  },
  abilities: [
    "federation",
    "federation-allow-list",
    "group-chat",
    "end-to-end-encryption",
    "file-transfer",
    "account-deletion",
    "account-disabling",
    "registration-policy",
  ],
  notes: [
    {
      de: "Delta Chats Kern nimmt keine Zertifizierungsstelle von außen an. Die TLS-Verbindungen baut deshalb der Prüfstand auf und prüft dabei das Zertifikat des Servers; die Zeilen zu TLS sagen nichts über den Kern (docs/decisions/011-chatmail-core.md).",
      en: "Delta Chat's core takes no authority from outside. The bench therefore makes the TLS connections and verifies the server's certificate; the rows about TLS say nothing about the core (docs/decisions/011-chatmail-core.md).",
    },
    {
      de: "Von einem Chatmail-Relay fehlen die Teile, die keine Paketquelle führt: Konto bei der ersten Anmeldung, Ablehnung unverschlüsselter Mail, DKIM. Die Konten legt hier die Verwaltung an.",
      en: "Of a chatmail relay the parts that no package source carries are missing: account at the first login, refusal of unencrypted mail, DKIM. Here the administration makes the accounts.",
    },
    {
      de: "Delta Chat ändert und löscht verschlüsselte Nachrichten für alle; der Prüfstand steuert das noch nicht und gibt es deshalb nicht als Fähigkeit an. Klassische Mail kennt kein Zurückholen.",
      en: "Delta Chat changes and deletes encrypted messages for everyone; the bench does not drive that yet and therefore does not claim it. Classic mail knows no retraction.",
    },
    {
      de: "Der Verlauf liegt bei den Teilnehmenden: der Server hält Mail nur vor, und was verschlüsselt ist, liest nur das Gerät mit dem Schlüssel.",
      en: "History lies with the participants: the server only holds mail, and what is encrypted is read only by the device with the key.",
    },
    {
      de: "SMTP weist den sendenden Server nicht durch ein Zertifikat aus: geprüft wird nur, wohin gesendet wird. Das Relay prüft die Herkunft mit DKIM.",
      en: "SMTP does not prove the sending server by a certificate: only where mail goes is verified. The relay checks the origin by DKIM.",
    },
  ],
  erasureLimit: { default: null, hardened: null },
};
