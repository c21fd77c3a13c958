import type { Configuration, Deviation } from "../../../model/candidate.ts";

const lab: readonly Deviation[] = [
  {
    setting: "VirtualHost",
    from: "localhost",
    to: "<domain>",
    kind: "lab",
    why: { de: "Ohne eigene Domäne keine Föderation.", en: "No federation without a domain of its own." },
  },
  {
    setting: "ssl.certificate, ssl.key, ssl.cafile",
    from: 'certificates = "certs" (empty)',
    to: "certificate of the run's authority",
    kind: "lab",
    why: {
      de: "Debian liefert kein Zertifikat mit; die Server des Laufs vertrauen der Zertifizierungsstelle des Laufs.",
      en: "Debian ships no certificate; the servers of a run trust the run's authority.",
    },
  },
  {
    setting: "unbound.hoststxt",
    from: "false",
    to: "true",
    kind: "lab",
    why: {
      de: "libunbound fragt für die Testdomäne .test keinen Namensserver (RFC 6761, 6.2), liest aber /etc/hosts.",
      en: "libunbound asks no name server about the test domain .test (RFC 6761, 6.2), but reads /etc/hosts.",
    },
  },
  {
    setting: "Component conference (muc, muc_mam)",
    from: "commented out",
    to: "enabled as in the comment",
    kind: "lab",
    why: {
      de: "Gruppen sind in der ausgelieferten Datei nur als Kommentar vorbereitet; ohne sie ist die Hälfte der Kriterien nicht messbar.",
      en: "Groups are prepared only as a comment in the shipped file; without them half of the criteria cannot be measured.",
    },
  },
  {
    setting: "Component share (http_file_share)",
    from: "commented out",
    to: "enabled as in the comment, files under the domain's own name",
    kind: "lab",
    why: {
      de: "Dateiübertragung ist in der ausgelieferten Datei nur als Kommentar vorbereitet.",
      en: "File transfer is prepared only as a comment in the shipped file.",
    },
  },
  {
    setting: "modules_enabled: host_guard",
    from: "not loaded",
    to: "loaded, without a list",
    kind: "lab",
    why: {
      de: "Szenarien zur Föderation setzen eine Positivliste; ohne Liste bewirkt das Modul nichts.",
      en: "Federation scenarios set an allow list; without a list the module does nothing.",
    },
  },
  {
    setting: "modules_enabled: bosh, websocket",
    from: "commented out",
    to: "enabled",
    kind: "lab",
    why: {
      de: "Der Web-Client, mit dem OMEMO geprüft wird, braucht eines davon.",
      en: "The web client that checks OMEMO needs one of them.",
    },
  },
];

const hardening: readonly Deviation[] = [
  {
    setting: "ssl.ciphers, ssl.ciphersuites, ssl.curveslist",
    from: "Mozilla intermediate (with ChaCha20, DHE, X25519)",
    to: "ECDHE with AES-GCM, P-256 and P-384",
    kind: "hardening",
    why: {
      de: "Nur Verfahren der Liste in BSI TR-02102-2.",
      en: "Only methods on the list of BSI TR-02102-2.",
    },
  },
  {
    setting: "modules_disabled: dialback",
    from: "enabled",
    to: "disabled",
    kind: "hardening",
    why: {
      de: "Dialback belegt nur die Herrschaft über das DNS; verlangt werden gültige Zertifikate.",
      en: "Dialback proves control of DNS only; valid certificates are required.",
    },
  },
  {
    setting: "http_ports",
    from: "5280 on loopback",
    to: "none",
    kind: "hardening",
    why: { de: "Web-Zugänge nur mit TLS.", en: "Web access with TLS only." },
  },
  {
    setting: "c2s_direct_tls_ports, s2s_direct_tls_ports",
    from: "none",
    to: "5223, 5270",
    kind: "hardening",
    why: {
      de: "XEP-0368: TLS ab dem ersten Byte, kein Herabstufen von STARTTLS möglich.",
      en: "XEP-0368: TLS from the first byte, no downgrade of STARTTLS possible.",
    },
  },
  {
    setting: "register → user_account_management, allow_registration = false",
    from: "register",
    to: "password change only; sign-up by invitation",
    kind: "hardening",
    why: {
      de: "Keine offene Selbstregistrierung; Einladungen der Verwaltung bleiben möglich.",
      en: "No open self-registration; invitations of the administration stay possible.",
    },
  },
  {
    setting: "mam, archive_expires_after, muc_log_expires_after",
    from: "no archive for direct chats",
    to: "archive with a deadline of one week",
    kind: "hardening",
    why: {
      de: "Mehrere Geräte und Wiederverbinden ohne Verlust; nach einer Woche sind auch Archive der Gesprächspartner bereinigt.",
      en: "Several devices and reconnecting without loss; after a week the archives of partners are cleared, too.",
    },
  },
  {
    setting: "host_guard",
    from: "not loaded",
    to: "blocks all but listed domains once a list is set",
    kind: "hardening",
    why: {
      de: "Positivliste für die Föderation, im laufenden Betrieb änderbar (Debian-Paket prosody-modules).",
      en: "Allow list for federation that can be changed while running (Debian package prosody-modules).",
    },
  },
  {
    setting: "privacy_lists",
    from: "not loaded",
    to: "loaded",
    kind: "hardening",
    why: {
      de: "Jede Person kann Nachrichten Fremder abweisen und Ausnahmen nennen (XEP-0016, Debian-Paket prosody-modules).",
      en: "Each person can refuse messages of strangers and name exceptions (XEP-0016, Debian package prosody-modules).",
    },
  },
  {
    setting: "mimicking",
    from: "not loaded",
    to: "loaded",
    kind: "hardening",
    why: { de: "Verwechselbare Namen werden abgewiesen.", en: "Names that look alike are refused." },
  },
  {
    setting: "muc_room_default_*, restrict_room_creation",
    from: "public, open, by anyone",
    to: "hidden, members only, persistent, by local users",
    kind: "hardening",
    why: {
      de: "Räume einer Behörde sind nicht offen auffindbar.",
      en: "Rooms of an authority cannot be found by everyone.",
    },
  },
  {
    setting: "custom_roles",
    from: "none",
    to: "authority:helpdesk",
    kind: "hardening",
    why: {
      de: "Rollentrennung (ORP.4.A4): der Benutzerservice setzt Kennwörter zurück, ohne Verwalter zu sein.",
      en: "Separation of roles (ORP.4.A4): the help desk resets passwords without being an administrator.",
    },
  },
  {
    setting: "uptime, version, time, invites_adhoc, cloud_notify",
    from: "loaded",
    to: "not loaded",
    kind: "hardening",
    why: {
      de: "Weniger Auskunft über den Server, Einladungen nur von der Verwaltung, keine Mitteilungen über fremde Push-Dienste.",
      en: "Less told about the server, invitations from the administration only, no notices through foreign push services.",
    },
  },
  {
    setting: "/etc/logrotate.d/prosody",
    from: "52 weekly files",
    to: "7 daily files",
    kind: "hardening",
    why: {
      de: "Protokolle enthalten Adressen von Personen und werden nach einer Woche gelöscht.",
      en: "Logs hold addresses of people and are deleted after a week.",
    },
  },
];

/** Every difference to the file that Debian ships; the hardened configuration contains those of the lab, too. */
export const deviations: Readonly<Record<"default" | "hardened", Configuration["deviations"]>> = {
  default: lab,
  hardened: [...lab, ...hardening],
};

/** Settings that only later generations know, and the allow list, whose module fails in Debian bookworm (docs/findings/generations.md). */
const since13 = ["custom_roles", "modules_enabled: host_guard", "host_guard"];
const before13 = (list: readonly Deviation[]): readonly Deviation[] =>
  list
    .filter(({ setting }) => !since13.includes(setting))
    .map((one) =>
      one.setting === "uptime, version, time, invites_adhoc, cloud_notify"
        ? { ...one, setting: "uptime, version, time, invites_adhoc" }
        : one,
    );

/** The same for 0.12. */
export const deviationsBefore13: typeof deviations = {
  default: before13(deviations.default),
  hardened: before13(deviations.hardened),
};
