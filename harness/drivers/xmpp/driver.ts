import type { Person, RunningServer } from "../../model/server.ts";
import type { Driver, OpenOptions } from "../../model/session.ts";
import { XmppLoadSession } from "./load-session.ts";
import { createProbes } from "./probes/index.ts";
import { XmppSession } from "./session.ts";
import { openStream, openWithinMs } from "./targets.ts";
import { Traffic } from "./traffic.ts";

/** XMPP over STARTTLS with SCRAM. */
export function createXmppDriver(): Driver {
  /** Servers seen so far: an attachment may lie on a partner server. */
  const servers = new Map<string, RunningServer>();
  const remember = (server: RunningServer): void => {
    servers.set(server.domain, server);
  };

  async function open(server: RunningServer, person: Person, options: OpenOptions = {}): Promise<XmppSession> {
    remember(server);
    const traffic = new Traffic();
    const { withinMs = openWithinMs, online = true } = options;
    const stream = await openStream(
      { ...person, server },
      { withinMs, onText: (direction, text) => traffic.add(direction, text) },
    );
    const session = new XmppSession(stream, person, () => [...servers.values()], traffic);
    if (online) await session.goOnline();
    return session;
  }

  async function openForLoad(server: RunningServer, person: Person): Promise<XmppLoadSession> {
    remember(server);
    const session = new XmppLoadSession(await openStream({ ...person, server }));
    await session.goOnline();
    return session;
  }

  return {
    id: "xmpp",
    protocol: "xmpp",
    open,
    openForLoad,
    probes: createProbes(),
    async close() {
      servers.clear();
    },
  };
}
