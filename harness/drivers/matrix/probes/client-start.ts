import type { Person, RunningServer } from "../../../model/server.ts";
import type { Conversation } from "../../../model/session.ts";
import { ClientApi, logIn } from "../client-api.ts";
import type { Connection } from "../connection.ts";

/** As a usual client asks: members of a room only when they speak, the last messages of each room. */
const filter = encodeURIComponent(
  JSON.stringify({ room: { state: { lazy_load_members: true }, timeline: { limit: 20 } } }),
);
const syncTimeoutMs = 120_000;
const parallelRooms = 8;

/** A new device: login and first sync, until the rooms are there as objects. */
export async function clientStart(
  connection: Connection,
  person: Person,
): Promise<{ readonly readyMs: number; readonly conversations: number }> {
  const start = performance.now();
  const { token } = await logIn(connection, person.name, person.password);
  const answer = await new ClientApi(connection, token).call({
    path: `/_matrix/client/v3/sync?filter=${filter}&timeout=0`,
    timeoutMs: syncTimeoutMs,
  });
  const { join = {} } = (answer["rooms"] ?? {}) as { join?: object };
  return { readyMs: performance.now() - start, conversations: Object.keys(join).length };
}

/** Rooms with a name and a message each, as an account without rate limits. */
export async function fillConversations(
  server: RunningServer,
  api: ClientApi,
  person: Person,
  count: number,
): Promise<readonly Conversation[]> {
  await server.administration.exemptFromRateLimits?.([person.name]);
  const made: Conversation[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const number = (next += 1);
      const id = await api.createRoom({ preset: "private_chat", name: `Room ${number}` });
      await api.sendEvent(id, "m.room.message", { msgtype: "m.text", body: `Message in room ${number}` });
      made.push({ kind: "group", id });
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallelRooms, count) }, worker));
  return made;
}
