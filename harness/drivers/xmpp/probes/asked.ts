import { hasCode } from "../../../model/errors.ts";
import type { Attempt } from "../../../model/probes.ts";
import { attempt } from "../raw-stream.ts";

/** What a try gave: `accepted` with the server's words, or a refusal with them. */
export type Tried = { readonly accepted: boolean; readonly answer: string };

/** Runs one try. `refused` is the server's no; every other error is a failure of ours or of the network. */
export async function asked(what: string, tryIt: () => Promise<Tried>): Promise<Attempt> {
  const startedAt = performance.now();
  try {
    const { accepted, answer } = await tryIt();
    return attempt(what, accepted ? "accepted" : "refused", answer, startedAt);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return attempt(what, hasCode(error, "refused") ? "refused" : "failed", words, startedAt);
  }
}
