import { administrationBefore13 } from "../shared/prosody/administration.ts";
import { prosody } from "../shared/prosody/candidate.ts";
import { deviationsBefore13 } from "../shared/prosody/deviations.ts";

/** The generation in Debian bookworm, with Debian's security fixes. */
export const candidate = prosody({
  id: "prosody-0.12",
  order: 21,
  title: "Prosody 0.12",
  version: "0.12.3",
  folder: import.meta.dirname,
  libraries: ["lua-sec", "lua-event", "libssl3"],
  since13: false,
  administration: administrationBefore13,
  deviations: deviationsBefore13,
});
