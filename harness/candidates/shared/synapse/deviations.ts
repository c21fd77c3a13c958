import type { Deviation } from "../../../model/candidate.ts";
import { hardening, labNeed } from "../deviation.ts";
import { proxyHardening } from "../matrix-proxy/proxy.ts";

/** What `synapse generate-config` would not give but the lab needs; both configurations have it. */
export const labNeeds: readonly Deviation[] = [
  labNeed(
    "database",
    "SQLite",
    "PostgreSQL 17",
    "SQLite ist laut Dokumentation nur für Versuche gedacht.",
    "The documentation calls SQLite fit for tests only.",
  ),
  labNeed(
    "listeners.bind_addresses",
    "::1, 127.0.0.1",
    "the address beside proxy and database",
    "Der Reverse-Proxy läuft in einem anderen Container.",
    "The reverse proxy runs in another container.",
  ),
  labNeed(
    "log handler",
    "buffered file",
    "console",
    "Das Container-Log wird durchsucht; nichts wartet in einem Puffer.",
    "The container's log is searched; nothing waits in a buffer.",
  ),
  labNeed(
    "trusted_key_servers",
    "matrix.org",
    "[]",
    "matrix.org ist aus dem Labor nicht erreichbar; Schlüssel kommen von den Servern selbst.",
    "matrix.org cannot be reached from the lab; keys come from the servers themselves.",
  ),
  labNeed(
    "federation_custom_ca_list",
    "public authorities",
    "the run's own authority",
    "Das Labor hat eine eigene Zertifizierungsstelle; geprüft wird weiterhin.",
    "The lab has its own certificate authority; verification stays on.",
  ),
  labNeed(
    "ip_range_whitelist",
    "[]",
    "198.18.0.0/15",
    "Die Server des Labors haben Adressen aus dem Benchmark-Bereich (RFC 2544), den Synapse sonst sperrt.",
    "The lab's servers have addresses of the benchmark range (RFC 2544), which Synapse blocks otherwise.",
  ),
  labNeed(
    "rc_login.address",
    "0.003/s, burst 5",
    "1000/s",
    "Alle Testpersonen kommen von derselben Adresse. Die Grenzen je Konto und für Fehlversuche bleiben.",
    "All test persons come from one address. The limits per account and for failed attempts stay.",
  ),
  labNeed(
    "rc_message",
    "0.2/s, burst 10",
    "50/s, burst 200",
    "Die Testpersonen schreiben nach Drehbuch schneller als Menschen; kein Kriterium misst diese Grenze.",
    "The test persons write by script, faster than people; no criterion measures this limit.",
  ),
];

/** What a careful operator sets. */
export const hardeningSteps: readonly Deviation[] = [
  hardening(
    "federation_domain_whitelist",
    "all domains",
    "partner domains",
    "Geschlossene Föderation: nur benannte Behörden.",
    "Closed federation: named authorities only.",
  ),
  hardening(
    "federation_client_minimum_tls_version",
    "1",
    "1.2",
    "TLS 1.0 und 1.1 sind nach Mindeststandard TLS verboten, auch für ausgehende Verbindungen.",
    "TLS 1.0 and 1.1 are forbidden by the Mindeststandard TLS, for outgoing connections too.",
  ),
  hardening(
    "federation.destination_min_retry_interval, destination_max_retry_interval",
    "10m, 7d",
    "30s, 5m",
    "Nach einer Netztrennung sollen Nachrichten in Minuten ankommen, nicht nach Stunden.",
    "After a partition messages should arrive within minutes, not hours.",
  ),
  hardening(
    "encryption_enabled_by_default_for_room_type",
    "off",
    "all",
    "Ende-zu-Ende-Verschlüsselung ist Voreinstellung (DSGVO Art. 25 Abs. 2).",
    "End-to-end encryption is the default (GDPR Art. 25(2)).",
  ),
  hardening(
    "allow_profile_lookup_over_federation",
    "true",
    "false",
    "Partnerserver erfahren Namen und Bilder nur in gemeinsamen Räumen (DSGVO Art. 25).",
    "Partner servers learn names and pictures in common rooms only (GDPR Art. 25).",
  ),
  hardening(
    "enable_set_displayname, allow_per_room_profiles",
    "true",
    "false",
    "Namen vergibt die Verwaltung; niemand gibt sich den Namen eines anderen.",
    "The administration gives names; nobody takes somebody else's.",
  ),
  hardening(
    "experimental_features.msc4155_enabled",
    "false",
    "true",
    "Jede Person kann Einladungen Fremder abweisen und Ausnahmen nennen; die stabile Fassung (MSC4380) kennt keine Ausnahmen.",
    "Each person can refuse invitations of strangers and name exceptions; the stable form (MSC4380) knows none.",
  ),
  hardening(
    "require_auth_for_profile_requests, limit_profile_requests_to_users_who_share_rooms, include_profile_data_on_invite",
    "false, false, true",
    "true, true, false",
    "Profile sieht nur, wer angemeldet ist und einen Raum teilt.",
    "Profiles are for people who are logged in and share a room.",
  ),
  hardening(
    "allow_guest_access, enable_registration",
    "false, false",
    "false, false (written out)",
    "Ausdrücklich festgelegt, damit eine geänderte Voreinstellung nichts öffnet.",
    "Written out so that a changed default opens nothing.",
  ),
  hardening(
    "password_config.policy",
    "off",
    "12 characters",
    "Mindestlänge nach ORP.4.A22 in der Verantwortung des Servers, nicht der Clients.",
    "The server enforces the minimum length (ORP.4.A22), not the clients.",
  ),
  hardening(
    "session_lifetime, refreshable_access_token_lifetime, nonrefreshable_access_token_lifetime, refresh_token_lifetime",
    "unlimited, 5m, unlimited, unlimited",
    "30d, 5m, 24h, 30d",
    "Ein gestohlenes Token gilt nicht ewig.",
    "A stolen token does not live forever.",
  ),
  hardening(
    "user_ips_max_age",
    "28d",
    "7d",
    "Verbindungsadressen nur so lange wie für die Angriffserkennung nötig.",
    "Addresses are kept only as long as attack detection needs them.",
  ),
  hardening(
    "redaction_retention_period, forgotten_room_retention_period",
    "7d, none",
    "1d, 1d",
    "Zurückgezogene Inhalte verschwinden nach einem Tag aus der Datenbank.",
    "Content taken back leaves the database after one day.",
  ),
  hardening(
    "media_retention, retention",
    "none",
    "365d local, 30d remote; messages 730d",
    "Speicherbegrenzung (DSGVO Art. 5 Abs. 1 lit. e).",
    "Storage limitation (GDPR Art. 5(1)(e)).",
  ),
  hardening(
    "push.include_content",
    "true",
    "false",
    "Push-Dienste Dritter erhalten keine Inhalte.",
    "Push services of third parties get no content.",
  ),
  ...proxyHardening,
];
