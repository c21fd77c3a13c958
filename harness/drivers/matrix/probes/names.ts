import { hasCode } from "../../../model/errors.ts";
import { lookalikesOf } from "../../../model/lookalikes.ts";
import type { Attempt, Probes } from "../../../model/probes.ts";
import type { Person } from "../../../model/server.ts";
import { roomPath, textOf, type ClientApi } from "../client-api.ts";

type Taken = Awaited<ReturnType<NonNullable<Probes["takeLookalikes"]>>>;

const profileOf = (person: Person): string =>
  `/_matrix/client/v3/profile/${encodeURIComponent(person.address)}/displayname`;

/** The server's words, or "done" where it took it. */
async function tried(api: ClientApi, path: string, body: object): Promise<string> {
  try {
    await api.call({ method: "PUT", path, body });
    return "done";
  } catch (error) {
    if (!hasCode(error, "refused")) throw error;
    return (error as Error).message;
  }
}

/** A name by the profile and by the membership in one room; what counts is what the other member is shown. */
async function take(
  [victim, impostor]: readonly [ClientApi, ClientApi],
  person: Person,
  room: string,
  what: string,
  displayname: string,
): Promise<Attempt> {
  const started = performance.now();
  const member = `${roomPath(room)}/state/m.room.member/${encodeURIComponent(person.address)}`;
  const words = [
    await tried(impostor, profileOf(person), { displayname }),
    await tried(impostor, member, { membership: "join", displayname }),
  ];
  const shown = textOf((await victim.call({ path: member }))["displayname"]);
  const accepted = shown === displayname;
  return {
    what,
    outcome: accepted ? "accepted" : "refused",
    answer: `profile: ${words[0]}; room: ${words[1]}; shown: ${shown}`.slice(0, 2_000),
    tookMs: performance.now() - started,
  };
}

export async function takeLookalikes(
  apis: readonly [ClientApi, ClientApi],
  victim: Person,
  impostor: Person,
  count: number,
): Promise<Taken> {
  const [victimApi, impostorApi] = apis;
  const room = await victimApi.createRoom({ preset: "private_chat", invite: [impostor.address] });
  await impostorApi.joinRoom(room);
  const name = textOf((await victimApi.call({ path: profileOf(victim) }))["displayname"]) || victim.name;
  const names: Attempt[] = [];
  for (const one of lookalikesOf(name, count)) names.push(await take(apis, impostor, room, one.what, one.name));
  return { names, ownName: await take(apis, impostor, room, "another name of one's own", `Renamed ${impostor.name}`) };
}
