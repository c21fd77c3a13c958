import type { Person, RunningServer } from "../../model/server.ts";
import type { Driver, OpenOptions } from "../../model/session.ts";
import { XmppLoadSession } from "./load-session.ts";
import { createProbes } from "./probes/index.ts";
import { XmppSession } from "./session.ts";
import { openStream, openWithinMs } from "./targets.ts";
import { Traffic } from "./traffic.ts";

/** XMPP over STARTTLS with SCRAM. */
export function createXmppDriver(): Driver {
  async function open(server: RunningServer, person: Person, options: OpenOptions = {}): Promise<XmppSession> {
    const traffic = new Traffic();
    const { withinMs = openWithinMs, online = true, reaches = [] } = options;
    const stream = await openStream(
      { ...person, server },
      { withinMs, onText: (direction, text) => traffic.add(direction, text) },
    );
    // An upload goes to the own server; an attachment may lie on a partner's.
    const session = new XmppSession(stream, person, [server, ...reaches], traffic);
    if (online) await session.goOnline();
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
