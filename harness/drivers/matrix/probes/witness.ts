import type { Witness } from "../../../model/hostile.ts";
import { jsonOf, textOf, type ClientApi } from "../client-api.ts";

const keptBytes = 16 * 1024 * 1024;
/** All of a room's timeline that a test leaves behind; the server may send fewer. */
const filter = encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 1_000 } } }));

/** A device of its own that syncs when asked and keeps the answers. */
export async function openWitness(api: ClientApi): Promise<Witness> {
  let kept = "";
  let since = "";
  const catchUp = async (): Promise<void> => {
    const from = since === "" ? "" : `&since=${encodeURIComponent(since)}`;
    const answer = await api.answer({ path: `/_matrix/client/v3/sync?timeout=0&filter=${filter}${from}` });
    kept = (kept + answer.text).slice(-keptBytes);
    since = textOf(jsonOf(answer.text)["next_batch"]);
  };
  await catchUp();
  return {
    // Membership is the account's, and every device is told.
    enter: () => Promise.resolve(),
    saw: (text) => kept.includes(text),
    catchUp,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
