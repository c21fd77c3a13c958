import { administration } from "../shared/prosody/administration.ts";
import { prosody } from "../shared/prosody/candidate.ts";
import { deviations } from "../shared/prosody/deviations.ts";

/** Prosody 13 from Debian trixie-backports. */
export const candidate = prosody({
  id: "prosody",
  order: 20,
  standard: true,
  title: "Prosody",
  version: "13.0.6",
  // Month of Debian's package.
  released: "2026-06",
  folder: import.meta.dirname,
  libraries: ["lua-sec", "lua-event", "libssl3t64"],
  since13: true,
  administration,
  deviations,
});
