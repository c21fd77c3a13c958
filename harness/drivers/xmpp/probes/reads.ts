import { HarnessError, hasCode } from "../../../model/errors.ts";
import type { Attempt, UnauthenticatedReads } from "../../../model/probes.ts";
import type { Person, RunningServer } from "../../../model/server.ts";
import { isStrayFile, strayNames, strayPath } from "../../../model/stray-paths.ts";
import type { Session } from "../../../model/session.ts";
import { readArchive } from "../archive.ts";
import { XmppSession } from "../session.ts";
import { openStream } from "../targets.ts";
import { getFile, requestSlot } from "../uploads.ts";
import { asked, type Tried } from "./asked.ts";
import { askIq, isResult } from "./before-login.ts";
import { randomBits } from "./entropy.ts";

const fetched = async (server: RunningServer, url: string): Promise<Tried> => {
  const bytes = await getFile([server], url);
  return { accepted: true, answer: `200, ${bytes.length} bytes` };
};

/** An upload address needs no login by design (XEP-0363, 11.): whoever has it reads. */
export function readAsStranger(server: RunningServer, stranger: Person, uploadedUrl: string): Promise<Attempt> {
  return asked(`${stranger.address} fetches the upload`, () => fetched(server, uploadedUrl));
}

/** Beside the upload, above it, and from the root. Only the file itself counts, whatever else the server says. */
async function strays(server: RunningServer, uploadedUrl: string): Promise<readonly Attempt[]> {
  const { origin, pathname } = new URL(uploadedUrl);
  const folders = pathname.split("/").map((_, at, parts) => parts.slice(0, at).join("/"));
  const addresses = [
    `${origin}${strayPath}`,
    ...[...new Set(folders)].flatMap((folder) => strayNames.map((stray) => `${origin}${folder}/${stray}`)),
  ];
  const attempts: Attempt[] = [];
  for (const address of addresses) {
    const get = async (): Promise<Tried> => {
      const text = new TextDecoder().decode(await getFile([server], address));
      return { accepted: isStrayFile(text), answer: `200 ${text.slice(0, 200)}` };
    };
    attempts.push(await asked(`GET ${new URL(address).pathname}`, get));
  }
  return attempts;
}

/** File over http and profile over a stream that has not logged in. */
export async function unauthenticatedReads(
  server: RunningServer,
  owner: Person,
  uploadedUrl: string,
): Promise<UnauthenticatedReads> {
  const media =
    uploadedUrl === "" ? [] : [await asked("GET of the upload without login", () => fetched(server, uploadedUrl))];
  const profiles: Attempt[] = [];
  for (const [what, query] of profileQueries(owner.address)) {
    profiles.push(
      await asked(what, async () => {
        const answer = await askIq(server, query);
        return { accepted: isResult(answer), answer };
      }),
    );
  }
  return {
    media,
    strays: uploadedUrl === "" ? [] : await strays(server, uploadedUrl),
    profiles,
    urlEntropyBits: uploadedUrl === "" ? undefined : await entropyOf(server, owner, uploadedUrl),
  };
}

const profileQueries = (address: string): readonly (readonly [string, string])[] => [
  ["vCard before login", `<iq type='get' id='v' to='${address}'><vCard xmlns='vcard-temp'/></iq>`],
  [
    "PEP nickname before login",
    `<iq type='get' id='n' to='${address}'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='http://jabber.org/protocol/nick'/></pubsub></iq>`,
  ],
  ["last activity before login", `<iq type='get' id='l' to='${address}'><query xmlns='jabber:iq:last'/></iq>`],
];

/** A second slot of the same person for the same file name shows which parts of the address are random. */
async function entropyOf(server: RunningServer, owner: Person, url: string): Promise<number> {
  const stream = await openStream({ ...owner, server });
  try {
    const name = decodeURIComponent(url.slice(url.lastIndexOf("/") + 1));
    const slot = await requestSlot(stream, name, 100);
    return randomBits(url, slot.get);
  } finally {
    await stream.close();
  }
}

/** Reading with a session that was open when the account was disabled. */
async function readWith(session: XmppSession): Promise<Tried> {
  try {
    await session.ping();
    const stored = await readArchive(session.stream, {}, 5);
    return { accepted: true, answer: `the stream still answers and gives ${stored.length} stored messages` };
  } catch (error) {
    // The server ended the stream: that is its answer to this session. A dead server is told apart by the login below.
    if (hasCode(error, "disconnected")) return { accepted: false, answer: error.message };
    if (hasCode(error, "unsupported")) return { accepted: true, answer: "the stream still answers pings" };
    throw error;
  }
}

/** Logging in again, resuming an old stream first where there is one (XEP-0198 resumes only after a login). */
async function enterAgain(server: RunningServer, person: Person, session: XmppSession | undefined): Promise<Tried> {
  const old = session?.stream;
  const resume = old === undefined || old.resumeId === "" ? {} : { resume: { id: old.resumeId, handled: old.handled } };
  const stream = await openStream({ ...person, server }, resume);
  try {
    const stored = await readArchive(stream, {}, 5).catch((error: unknown) => {
      if (hasCode(error, "unsupported")) return [];
      throw error;
    });
    const slot = await requestSlot(stream, "after.txt", 10).catch(() => undefined);
    const how = stream.resumed ? "resumed" : "logged in";
    return {
      accepted: true,
      answer: `${how}; ${stored.length} stored messages; upload slot: ${slot === undefined ? "no" : "yes"}`,
    };
  } finally {
    await stream.close();
  }
}

/** After disabling: each old session, each resumable stream, and the password. */
export async function readAfterDisabling(
  server: RunningServer,
  person: Person,
  sessions: readonly Session[],
): Promise<readonly Attempt[]> {
  const own = sessions.filter((session) => session instanceof XmppSession);
  if (own.length !== sessions.length) {
    throw new HarnessError("harness-fault", "expected sessions of the XMPP driver, got some of another");
  }
  const attempts: Attempt[] = [];
  for (const [index, session] of own.entries()) {
    const goesOn = await asked(`session ${index + 1} goes on reading`, () => readWith(session));
    attempts.push(goesOn);
    // A stream that is still open needs no resuming, and what it has acknowledged changes under our hands.
    if (goesOn.outcome === "accepted") continue;
    attempts.push(await asked(`session ${index + 1} resumes its stream`, () => enterAgain(server, person, session)));
  }
  attempts.push(await asked("login with the password", () => enterAgain(server, person, undefined)));
  return attempts;
}
