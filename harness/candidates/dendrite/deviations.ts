import type { Deviation } from "../../model/candidate.ts";
import { hardening, labNeed } from "../shared/deviation.ts";
import { proxyHardening } from "../shared/matrix-proxy/proxy.ts";

/** What dendrite-sample.yaml does not give but the lab needs; both configurations have it. */
export const labNeeds: readonly Deviation[] = [
  labNeed(
    "-http-bind-address",
    ":8008",
    "the address beside proxy and database",
    "Der Reverse-Proxy läuft in einem anderen Container; andere Server sollen nur ihn erreichen.",
    "The reverse proxy runs in another container; other servers are to reach nothing but it.",
  ),
  labNeed(
    "client_api.registration_shared_secret",
    "empty",
    "a secret of this run",
    "So legt die Verwaltung Konten an (create-account geht denselben Weg).",
    "This is how administration makes accounts (create-account goes the same way).",
  ),
  labNeed(
    "federation_api.key_perspectives, prefer_direct_fetch",
    "matrix.org, false",
    "none, true",
    "matrix.org ist aus dem Labor nicht erreichbar; Schlüssel kommen von den Servern selbst.",
    "matrix.org cannot be reached from the lab; keys come from the servers themselves.",
  ),
  labNeed(
    "SSL_CERT_FILE",
    "public authorities",
    "the run's own authority",
    "Das Labor hat eine eigene Zertifizierungsstelle; geprüft wird weiterhin.",
    "The lab has its own certificate authority; verification stays on.",
  ),
];

/** What a careful operator sets. */
export const hardeningSteps: readonly Deviation[] = [
  hardening(
    "global.database.max_idle_conns",
    "5",
    "90",
    "So viele wie höchstens offen sind: Sonst wird bei jeder Lastspitze eine Verbindung nach der anderen auf- und wieder abgebaut (219 Anmeldungen bei der Datenbank für 50 neue Räume).",
    "As many as may be open: otherwise each burst makes and drops one connection after the other (219 logins at the database for 50 new rooms).",
  ),
  hardening(
    "global.trusted_third_party_id_servers",
    "matrix.org, vector.im",
    "[]",
    "Kein Dritter bestätigt Adressen der eigenen Leute.",
    "No third party confirms addresses of one's own people.",
  ),
  hardening(
    "logging",
    "standard output and daily files without end",
    "standard output",
    "Die Tagesdateien löscht Dendrite nie; die Standardausgabe sammelt der Betreiber mit eigener Frist.",
    "Dendrite never deletes its daily files; standard output is collected by the operator with a limit of his own.",
  ),
  ...proxyHardening,
];
