import { administrationBefore13 } from "../shared/prosody/administration.ts";
import { prosody } from "../shared/prosody/candidate.ts";
import { deviationsBefore13 } from "../shared/prosody/deviations.ts";

/** The generation in Debian bookworm, with Debian's security fixes. */
export const candidate = prosody({
  id: "prosody-0.12",
  order: 21,
  title: "Prosody 0.12",
  version: "0.12.3",
  released: "2023-02",
  folder: import.meta.dirname,
  libraries: ["lua-sec", "lua-event", "libssl3"],
  since13: false,
  administration: administrationBefore13,
  deviations: deviationsBefore13,
  notes: [
    {
      de: "Ohne Positivliste: mod_host_guard aus Debians prosody-modules bricht unter 0.12.3 mit einem Fehler ab, sobald eine Liste gesetzt ist.",
      en: "Without an allow list: mod_host_guard of Debian's prosody-modules fails on 0.12.3 with an error as soon as a list is set.",
    },
    {
      de: "Kein Befehl zum Sperren eines Kontos (seit 13.0): gesperrt wird durch ein unbekanntes Kennwort und Beenden der Sitzungen.",
      en: "No command to disable an account (since 13.0): it is locked by an unknown password and by closing its sessions.",
    },
  ],
});
