import type { Candidate } from "../../model/candidate.ts";
import { synapse } from "../shared/synapse/synapse.ts";

/** The current release. */
export const candidate: Candidate = synapse({
  id: "synapse",
  order: 10,
  standard: true,
  title: "Synapse",
  version: "1.163.2",
  // Not earlier: 1.161.0 is of this month.
  released: "2026-09",
  folder: import.meta.dirname,
});
