import { lookalikesOf } from "../../../model/lookalikes.ts";
import type { Attempt, Probes } from "../../../model/probes.ts";
import type { Person, RunningServer } from "../../../model/server.ts";
import { xml } from "../library.ts";
import { createRoom, enterRoom, inviteToRoom } from "../rooms.ts";
import type { XmppStream } from "../stream.ts";
import { openStream } from "../targets.ts";
import { asked } from "./asked.ts";

type Taken = Awaited<ReturnType<NonNullable<Probes["takeLookalikes"]>>>;

/** A name as people have it, with letters of all the kinds that are imitated. */
const shownName = "Erika Specimen";

/** The name in a group (XEP-0045, 7.6): it is taken when the room says so. */
const takeNick = (stream: XmppStream, room: string, what: string, nick: string): Promise<Attempt> =>
  asked(what, async () => ({ accepted: true, answer: (await enterRoom(stream, room, { nick })).toString() }));

export async function takeLookalikes(
  server: RunningServer,
  victim: Person,
  impostor: Person,
  count: number,
): Promise<Taken> {
  const own = await openStream({ ...victim, server });
  const other = await openStream({ ...impostor, server });
  try {
    const room = await createRoom(own, "names");
    await inviteToRoom(own, room, impostor.address);
    await enterRoom(own, room, { nick: shownName });
    const names: Attempt[] = [];
    for (const one of lookalikesOf(shownName, count)) names.push(await takeNick(other, room, one.what, one.name));
    const renamed = xml("vCard", { xmlns: "vcard-temp" }, xml("FN", {}, "Renamed"));
    const ownName = await asked("another name of one's own (vCard)", async () => {
      const answer = await other.request("set", undefined, renamed);
      return { accepted: true, answer: answer.toString() };
    });
    return { names, ownName };
  } finally {
    await Promise.allSettled([own.close(), other.close()]);
  }
}
