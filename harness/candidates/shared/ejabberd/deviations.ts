import type { Deviation } from "../../../model/candidate.ts";

const deviation = (
  kind: Deviation["kind"],
  setting: string,
  from: string,
  to: string,
  de: string,
  en: string,
): Deviation => ({ kind, setting, from, to, why: { de, en } });

const lab: readonly Deviation[] = [
  deviation(
    "lab",
    "hosts",
    "localhost",
    "domain of the server",
    "Jeder Server hat im Labor seine eigene Domäne.",
    "Each server has its own domain in the lab.",
  ),
  deviation(
    "lab",
    "certfiles",
    "/etc/ejabberd/ejabberd.pem (self-signed)",
    "certificate of the run's authority",
    "Klienten und Partner prüfen Zertifikate; das selbstsignierte des Pakets fiele überall durch.",
    "Clients and partners verify certificates; the package's self-signed one would fail everywhere.",
  ),
  deviation(
    "lab",
    "ca_file",
    "system store",
    "the run's authority",
    "Nur die Zertifizierungsstelle des Laufs ist im Labor bekannt.",
    "Only the run's own authority is known in the lab.",
  ),
  deviation(
    "lab",
    "listen ctl.sock (ejabberd_ctl)",
    "off",
    "socket file inside the container",
    "Schneller Weg von ejabberdctl (CTL_OVER_HTTP): 200 Konten in Sekunden statt Minuten; von außen nicht erreichbar.",
    "ejabberdctl's fast path (CTL_OVER_HTTP): 200 accounts in seconds instead of minutes; not reachable from outside.",
  ),
];

/** XEP-0288; came with 24.10. */
const bidirectional = "mod_s2s_bidi";

/** What the shipped configuration needs to start in the lab. */
const defaultDeviations: readonly Deviation[] = [
  ...lab,
  deviation(
    "lab",
    "shaper_rules.c2s_shaper",
    "none: admin, normal: all (map)",
    "the same as a list",
    "Gleicher Inhalt; als Liste lassen sich Lastkonten hinzufügen.",
    "Same content; as a list it can take load accounts.",
  ),
];

/** What a careful operator sets on top. */
/** Set by start-ejabberd of the current generation. */
const journalMode = "journal_mode of archive.db (SQLite)";

const hardenedDeviations: readonly Deviation[] = [
  ...lab,
  deviation(
    "lab",
    "mod_http_upload custom_headers Access-Control-Allow-Origin",
    "https://<domain>",
    "*",
    "Der Webklient des Prüfstands wird von der lokalen Maschine ausgeliefert, nicht von der Domäne des Servers.",
    "The bench serves its web client from the local machine, not from the server's domain.",
  ),
  deviation(
    "hardening",
    "c2s_ciphers, s2s_ciphers, listener ciphers",
    "HIGH:!aNULL:!eNULL:!3DES",
    "ECDHE with AES-GCM",
    "BSI TR-02102-2: nur Suiten mit Forward Secrecy und authentisierter Verschlüsselung.",
    "BSI TR-02102-2: only suites with forward secrecy and authenticated encryption.",
  ),
  deviation(
    "hardening",
    "openssl.cnf Ciphersuites, Groups",
    "library default",
    "AES-GCM; secp256r1, secp384r1, secp521r1",
    "TLS-1.3-Suiten und Gruppen der BSI-Liste; ejabberd hat dafür keine eigene Option.",
    "TLS 1.3 suites and groups of the BSI list; ejabberd has no option of its own for them.",
  ),
  deviation(
    "hardening",
    "openssl.cnf Options",
    "tickets and renegotiation as built",
    "no tickets, no renegotiation",
    "TR-02102-2 3.3.4.1 verbietet Neuaushandlung durch den Klienten.",
    "TR-02102-2 3.3.4.1 forbids renegotiation by the client.",
  ),
  deviation(
    "hardening",
    "mod_s2s_dialback",
    "on",
    "off",
    "Rückruf prüft nur DNS. Ohne dieses Modul zählt allein das geprüfte Zertifikat des Partners.",
    "Dialback proves DNS only. Without it only the partner's verified certificate counts.",
  ),
  deviation(
    "hardening",
    bidirectional,
    "on",
    "off",
    "Über die Verbindung eines abgewiesenen Partners gingen Nachrichten zu ihm hinaus, bevor sie geschlossen war (F-02, ejabberd 26.07).",
    "Messages went out to a refused partner over its own connection before that was closed (F-02, ejabberd 26.07).",
  ),
  deviation(
    "hardening",
    "s2s_access",
    "all",
    "allow list when one is given",
    "Geschlossene Föderation: nur benannte Domänen.",
    "Closed federation: named domains only.",
  ),
  deviation(
    "hardening",
    "s2s_max_retry_delay",
    "300 seconds",
    "30 seconds",
    "Nach einer Trennung wird die Verbindung zum Partner schneller wieder aufgebaut.",
    "After a partition the connection to the partner comes back sooner.",
  ),
  deviation(
    "hardening",
    "auth_scram_hash",
    "sha",
    "sha256",
    "SHA-1 ist in TR-02102-1 nicht mehr empfohlen.",
    "SHA-1 is no longer recommended by TR-02102-1.",
  ),
  deviation(
    "hardening",
    "mod_fail2ban",
    "20 failures, 1 hour",
    "9 failures, 10 minutes",
    "Sperre nach höchstens zehn Fehlversuchen (ORP.4.A23).",
    "Block after at most ten failures (ORP.4.A23).",
  ),
  deviation(
    "hardening",
    "listen 5280 (web admin), 5443/api",
    "open to the network, beside the clients' paths",
    "no web admin; HTTP API on port 5444",
    "Verwaltung liegt auf einem eigenen Port, den ein Betreiber nur im Verwaltungsnetz öffnet.",
    "Administration is on a port of its own that an operator opens in the administration network only.",
  ),
  deviation(
    "hardening",
    "api_permissions",
    "one administrator for everything",
    "account administration, room administration and monitoring apart",
    "Rollentrennung (ORP.4.A4): jede Rolle darf nur ihre Befehle.",
    "Separation of roles (ORP.4.A4): each role may use its own commands only.",
  ),
  deviation(
    "hardening",
    "listen 1883 (mod_mqtt), 5478 (STUN/TURN)",
    "on",
    "off",
    "Nicht benötigte Dienste; MQTT nähme Kennwörter ohne TLS an.",
    "Services nobody needs; MQTT would take passwords without TLS.",
  ),
  deviation(
    "hardening",
    "mod_adhoc_api, mod_announce, mod_configure, mod_shared_roster, mod_sic, mod_last, mod_version",
    "on",
    "off",
    "Nicht benötigte Verwaltungs- und Auskunftsdienste.",
    "Administration and information services nobody needs.",
  ),
  deviation(
    "hardening",
    "mod_mam",
    "off",
    "on, SQLite",
    "Verlauf auf allen Geräten (XEP-0313); Mnesia-Tabellen enden bei 2 GB.",
    "History on all devices (XEP-0313); Mnesia tables end at 2 GB.",
  ),
  deviation(
    "hardening",
    journalMode,
    "delete",
    "wal",
    "Gleiche Dauerhaftigkeit mit weniger Schreibvorgängen: Jede Nachricht wird zweimal über dieselbe Verbindung archiviert.",
    "The same durability with fewer writes: each message is archived twice over one connection.",
  ),
  deviation(
    "hardening",
    "mod_http_upload, mod_http_upload_quota",
    "off",
    "on; 16 MiB, 1 GB per account, 30 days",
    "Dateiaustausch (XEP-0363) mit Obergrenze und Frist, ohne Server Dritter.",
    "File transfer (XEP-0363) with a limit and an expiry, without third-party servers.",
  ),
  deviation(
    "hardening",
    "mod_muc default_room_options",
    "open, public",
    "members only, persistent, hidden",
    "Räume sind nur für Eingeladene sichtbar und betretbar.",
    "Rooms are visible and open to invited people only.",
  ),
  deviation(
    "hardening",
    "mod_ping",
    "passive",
    "pings every 60 s, kills dead sessions",
    "Tote Verbindungen werden erkannt.",
    "Dead connections are noticed.",
  ),
  deviation(
    "hardening",
    "hide_sensitive_log_data",
    "false",
    "true",
    "Keine Netzadressen im Protokoll.",
    "No network addresses in the log.",
  ),
  deviation(
    "hardening",
    "/etc/logrotate.d/ejabberd",
    "12 files, turned at 1 MB",
    "7 daily files",
    "Protokolle enthalten Namen von Konten und werden nach einer Woche gelöscht, nicht erst nach ihrer Größe.",
    "Logs hold names of accounts and are deleted after a week, not by their size.",
  ),
];

/** The way of the commands, the archive's journal and two-way streams: older generations have no change there. */
const currentOnly: readonly string[] = ["listen ctl.sock (ejabberd_ctl)", journalMode, bidirectional];

export function deviationsOf(current: boolean): Readonly<Record<"default" | "hardened", readonly Deviation[]>> {
  const known = (list: readonly Deviation[]): readonly Deviation[] =>
    current ? list : list.filter(({ setting }) => !currentOnly.includes(setting));
  return { default: known(defaultDeviations), hardened: known(hardenedDeviations) };
}
