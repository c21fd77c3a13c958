import type { Witness } from "../../../model/hostile.ts";
import type { Person, RunningServer } from "../../../model/server.ts";
import { xml } from "../library.ts";
import { enterRoom } from "../rooms.ts";
import { openStream } from "../targets.ts";

const keptBytes = 16 * 1024 * 1024;

/** A client that is online and keeps what comes over its stream. */
export async function openWitness(server: RunningServer, person: Person): Promise<Witness> {
  let kept = "";
  const stream = await openStream(
    { ...person, server },
    {
      onText: (direction, text) => {
        if (direction === "received") kept = (kept + text).slice(-keptBytes);
      },
    },
  );
  await stream.sendAcknowledged(xml("presence").toString());
  return {
    enter: async (group) => void (await enterRoom(stream, group.id)),
    saw: (text) => kept.includes(text),
    catchUp: () => stream.ping(),
    [Symbol.asyncDispose]: () => stream.close(),
  };
}
