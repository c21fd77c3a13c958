import { hasCode } from "../../../model/errors.ts";
import type { Person, RunningServer } from "../../../model/server.ts";
import type { XmppStream } from "../stream.ts";
import { openStream } from "../targets.ts";
import type { Tried } from "./asked.ts";
import { beforeLogin } from "./before-login.ts";

// Resuming a stream that is somebody else's (XEP-0198, 5; incident SM-RESUME). Whoever holds the id of a stream must still be its
// owner; the id is no password.

/** More than any server has sent here. */
const handledTooMuch = 1_000_000;

/**
 * The ordinary person with the id of the victim's stream, and somebody who has not logged in with it. Accepted where the server
 * hands the stream over, or ends it for the victim. What it says to a count that cannot be is in the answer.
 */
export async function takeOverStream(server: RunningServer, person: Person, victim: Person): Promise<Tried> {
  const stream = await openStream({ ...victim, server });
  try {
    if (stream.resumeId === "") return { accepted: false, answer: "the server offers no resumption" };
    const asOther = await resumeAs(server, person, stream.resumeId, stream.handled);
    const unknown = await resumeBeforeLogin(server, stream.resumeId);
    const lost = await isOver(stream);
    const own = await resumeOwn(server, person);
    return {
      accepted: asOther === "resumed" || unknown.includes("<resumed") || lost,
      answer: `as ${person.name}: ${asOther}; before login: ${unknown}; the victim's stream ${lost ? "ended" : "goes on"}; own stream with an impossible count: ${own}`,
    };
  } finally {
    await stream.close();
  }
}

/** "resumed", or what came instead: a new stream, or the server's words when it ended the connection. */
async function resumeAs(server: RunningServer, person: Person, id: string, handled: number): Promise<string> {
  try {
    const stream = await openStream({ ...person, server }, { resume: { id, handled } });
    await stream.close();
    return stream.resumed ? "resumed" : "a new stream of the person's own";
  } catch (error) {
    if (!hasCode(error, "refused", "disconnected")) throw error;
    return error.message;
  }
}

async function resumeBeforeLogin(server: RunningServer, id: string): Promise<string> {
  using stream = await beforeLogin(server);
  return await stream.ask(
    `<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`,
    /<resumed\b[^<>]*>|<failed\b[^<>]*\/>|<\/failed>|<\/stream:/,
  );
}

async function resumeOwn(server: RunningServer, person: Person): Promise<string> {
  const stream = await openStream({ ...person, server });
  try {
    return await resumeAs(server, person, stream.resumeId, handledTooMuch);
  } finally {
    await stream.close();
  }
}

/** A dead server would look the same: a login of its own tells them apart and throws. */
async function isOver(stream: XmppStream): Promise<boolean> {
  try {
    await stream.ping();
    return false;
  } catch (error) {
    if (!hasCode(error, "disconnected", "refused")) throw error;
    return true;
  }
}
