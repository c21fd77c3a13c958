import type { Candidate } from "../../model/candidate.ts";
import { proxyNotes } from "../shared/matrix-proxy/proxy.ts";
import { databaseService } from "../shared/postgresql/database.ts";
import { synapse } from "../shared/synapse/synapse.ts";

const release = synapse({
  id: "synapse-2024",
  order: 110,
  title: "Synapse (December 2024)",
  version: "1.120.2",
  released: "2024-12",
  folder: import.meta.dirname,
});

/**
 * The release of December 2024 with what the package index held then: an authority that has not updated for almost two years.
 * It fills an empty database itself, as its Python is another one than the prepared database's.
 */
export const candidate: Candidate = {
  ...release,
  services: { ...release.services, database: databaseService },
  notes: [
    ...proxyNotes,
    {
      de: "Eine ältere Version mit den Bibliotheken ihrer Zeit (Stand 10.12.2024, Python 3.11 aus Debian bookworm), um Versionsabstände zu zeigen; nicht zum Betrieb empfohlen.",
      en: "An older release with the libraries of its time (as of 2024-12-10, Python 3.11 from Debian bookworm) to show distances between versions; not recommended for operation.",
    },
  ],
};
