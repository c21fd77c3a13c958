import { HarnessError } from "../../model/errors.ts";
import type { Person, RunningServer } from "../../model/server.ts";
import type { Driver, OpenOptions } from "../../model/session.ts";
import { XmppLoadSession } from "./load-session.ts";
import { createProbes } from "./probes/index.ts";
import { XmppSession } from "./session.ts";
import { openStream, openWithinMs } from "./targets.ts";
import { Traffic } from "./traffic.ts";

/** Throws what {@link XmppSession.goOnline} throws, or `deadline`; then nothing of the session is left. */
async function goOnlineWithin(session: XmppSession, withinMs: number): Promise<void> {
  const late = Promise.withResolvers<never>();
  const words = `expected ${session.address} to be online within ${Math.round(withinMs)} ms, got no answer`;
  const timer = setTimeout(() => late.reject(new HarnessError("deadline", words)), withinMs);
  try {
    await Promise.race([session.goOnline(), late.promise]);
  } catch (error) {
    session.stream.drop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** XMPP over STARTTLS with SCRAM. */
export function createXmppDriver(): Driver {
  async function open(server: RunningServer, person: Person, options: OpenOptions = {}): Promise<XmppSession> {
    const traffic = new Traffic();
    const end = performance.now() + (options.withinMs ?? openWithinMs);
    const { withinMs = openWithinMs, online = true, reaches = [] } = options;
    const stream = await openStream(
      { ...person, server },
      { withinMs, onText: (direction, text) => traffic.add(direction, text) },
    );
    // An upload goes to the own server; an attachment may lie on a partner's.
    const session = new XmppSession(stream, person, [server, ...reaches], traffic);
    if (online) await goOnlineWithin(session, Math.max(1, end - performance.now()));
    return session;
  }

  async function openForLoad(server: RunningServer, person: Person): Promise<XmppLoadSession> {
    return XmppLoadSession.open({ ...person, server });
  }

  return {
    id: "xmpp",
    protocol: "xmpp",
    open,
    openForLoad,
    probes: createProbes(),
    // Every connection belongs to a session.
    close: () => Promise.resolve(),
  };
}
