import type { Candidate, ConfigFile, Configuration } from "../../model/candidate.ts";
import { labNeed } from "../shared/deviation.ts";
import { proxyService } from "../shared/matrix-proxy/proxy.ts";
import { synapse } from "../shared/synapse/synapse.ts";

const release = synapse({ id: "tchap", title: "Tchap composition", version: "1.163.2", folder: import.meta.dirname });

const files: readonly ConfigFile[] = [
  { service: "synapse", path: "/etc/synapse/tchap.yaml", template: "tchap.yaml.hbs" },
  { service: "synapse", path: "/etc/synapse/content-scanner.yaml", template: "content-scanner.yaml.hbs" },
  { service: "scanner", path: "/etc/content-scanner.yaml", template: "scanner.yaml.hbs" },
  { service: "proxy", path: "/etc/nginx/conf.d/scanner.conf", template: "scanner.conf.hbs" },
];

const roomVersion = labNeed(
  "default_room_version",
  "12",
  "11",
  "Das Modul für die Raumregeln (1.0.0, 2021) kennt Räume der Version 12 nicht; keiner ließe sich anlegen.",
  "The module for room access rules (1.0.0, 2021) does not know rooms of version 12; none could be created.",
);

const composed = ({ files: own, variables, deviations }: Configuration): Configuration => ({
  files: [...own, ...files],
  variables: { ...variables, externals: ["c.pruefstand.test"] },
  deviations: [roomVersion, ...deviations],
});

/** Synapse with what Tchap puts around it, as far as the package indexes give it: README.md says what is missing. */
export const candidate: Candidate = {
  ...release,
  vendor: "DINUM, Element, Cisco Talos",
  licence: "(AGPL-3.0-or-later OR LicenseRef-Element-Commercial) AND Apache-2.0 AND GPL-2.0-only",
  services: {
    ...release.services,
    scanner: {
      image: "tchap/scanner",
      ready: { kind: "port", port: 8080 },
      versions: ["dpkg-query", "--show", "clamav", "python3-olm"],
    },
    proxy: { ...proxyService, publish: [...(proxyService.publish ?? []), 8450] },
  },
  endpoints: [...release.endpoints, { kind: "matrix-client", service: "proxy", port: 8450 }],
  stores: [
    ...release.stores,
    { id: "scanner-log", service: "scanner", holds: "logs", read: { kind: "container-log" } },
  ],
  configurations: {
    default: composed(release.configurations.default),
    hardened: composed(release.configurations.hardened),
  },
  notes: [
    ...release.notes,
    {
      de: "Nachbau nach veröffentlichten Teilen, nicht der Betrieb der DINUM: Raumregeln, Ablauf von Konten, Virenprüfung mit ClamAV (nur die EICAR-Signatur); a und b sind Ministerien, c ist der Server für Externe. Der Virenprüfer erhält den Schlüssel verschlüsselter Dateien: eine gewollte Ausnahme von der Ende-zu-Ende-Verschlüsselung.",
      en: "Rebuilt from published parts, not what DINUM runs: room access rules, account expiry, virus scan with ClamAV (the EICAR signature only); a and b are ministries, c is the server for externals. The scanner gets the key of encrypted files: an intended exception to end-to-end encryption.",
    },
  ],
};
