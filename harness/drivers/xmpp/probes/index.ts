import type { Probes } from "../../../model/probes.ts";
import { adminAsOrdinary } from "./admin.ts";
import { files } from "./files.ts";
import { login } from "./login.ts";
import { takeLookalikes } from "./names.ts";
import { plaintext } from "./plaintext.ts";
import { clientStart, fillConversations, plantProfile } from "./profile.ts";
import { enablePush } from "./push.ts";
import { readAfterDisabling, readAsStranger, unauthenticatedReads } from "./reads.ts";
import { exerciseRole } from "./roles.ts";
import { selfRegistration } from "./registration.ts";
import { streamCompression } from "./stream-compression.ts";
import { openWitness } from "./witness.ts";

/** The XMPP side of the protocol-neutral measurements. */
export function createProbes(): Probes {
  return {
    witness: openWitness,
    takeLookalikes,
    plaintext,
    streamCompression,
    login,
    adminAsOrdinary,
    exerciseRole,
    selfRegistration,
    unauthenticatedReads,
    readAsStranger,
    files,
    enablePush,
    plantProfile,
    clientStart,
    fillConversations,
    readAfterDisabling,
  };
}
