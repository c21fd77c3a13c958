import type { Attempt, UnauthenticatedReads } from "../../../model/probes.ts";
import type { Person } from "../../../model/server.ts";
import { isStrayFile, strayNames, strayPath } from "../../../model/stray-paths.ts";
import { mediaPath } from "../client-api.ts";
import type { Call, Connection } from "../connection.ts";
import { attempt, attemptCall } from "./attempt.ts";

/** Old (v3) and authenticated (v1, MSC3916) ways to a file, and every way to a profile, all without a token. */
export async function unauthenticatedReads(
  connection: Connection,
  owner: Person,
  url: string,
): Promise<UnauthenticatedReads> {
  const media = mediaPath(url);
  const user = encodeURIComponent(owner.address);
  const small = "?width=32&height=32&method=crop";
  return {
    media: await all(connection, [
      { path: `/_matrix/media/v3/download/${media}` },
      { path: `/_matrix/media/v3/thumbnail/${media}${small}` },
      { path: `/_matrix/media/r0/download/${media}` },
      { path: `/_matrix/client/v1/media/download/${media}` },
      { path: `/_matrix/client/v1/media/thumbnail/${media}${small}` },
      { path: `/_matrix/federation/v1/media/download/${media.split("/")[1] ?? ""}` },
    ]),
    strays: await strays(connection, media),
    profiles: await all(connection, [
      { path: `/_matrix/client/v3/profile/${user}` },
      { path: `/_matrix/client/v3/profile/${user}/displayname` },
      { path: `/_matrix/client/v3/profile/${user}/avatar_url` },
      { method: "POST", path: "/_matrix/client/v3/user_directory/search", body: { search_term: owner.name } },
      { path: `/_matrix/federation/v1/query/profile?user_id=${user}` },
    ]),
    urlEntropyBits: entropyBits(url),
  };
}

const strayMs = 5_000;

/** Out of the store by the id of a file, by the name of its server, and past both. */
async function strays(connection: Connection, media: string): Promise<readonly Attempt[]> {
  const [server = "", id = ""] = media.split("/");
  const doors = ["/_matrix/media/v3/download", "/_matrix/client/v1/media/download"];
  const paths = [
    strayPath,
    ...doors.flatMap((door) => strayNames.flatMap((stray) => [`${door}/${server}/${stray}`, `${door}/${stray}/${id}`])),
  ];
  const attempts: Attempt[] = [];
  for (const path of paths) {
    const { status, ...facts } = await attempt(`GET ${path}`, () => connection.send({ path, timeoutMs: strayMs }));
    // Whatever the server says to such a path, only the file itself counts.
    const outcome = status === 0 ? "failed" : isStrayFile(facts.answer) ? "accepted" : "refused";
    attempts.push({ ...facts, outcome });
  }
  return attempts;
}

async function all(connection: Connection, calls: readonly Call[]): Promise<readonly Attempt[]> {
  const attempts: Attempt[] = [];
  for (const call of calls) attempts.push(await attemptCall(connection, call));
  return attempts;
}

/** Sets of characters from the smallest to the largest. */
const alphabets: readonly (readonly [RegExp, number])[] = [
  [/^[0-9]+$/, 10],
  [/^[0-9a-f]+$/, 16],
  [/^[a-z]+$/, 26],
  [/^[a-z0-9]+$/, 36],
  [/^[A-Za-z]+$/, 52],
  [/^[A-Za-z0-9]+$/, 62],
  [/^[A-Za-z0-9_-]+$/, 64],
];

/** Upper bound: every character of the media id drawn from the smallest alphabet that fits. */
export function entropyBits(url: string): number | undefined {
  const id = url.split("/").at(-1) ?? "";
  const size = alphabets.find(([pattern]) => pattern.test(id))?.[1];
  return size === undefined ? undefined : id.length * Math.log2(size);
}
