import { HarnessError } from "../../model/errors.ts";
import type { Person, RunningServer } from "../../model/server.ts";
import type { Driver, OpenOptions } from "../../model/session.ts";
import { XmppLoadSession } from "./load-session.ts";
import { createProbes } from "./probes.ts";
import type { Target } from "./secure-socket.ts";
import { XmppSession } from "./session.ts";
import { XmppStream, type StreamOptions } from "./stream.ts";
import { Traffic } from "./traffic.ts";

const openWithinMs = 30_000;

/** STARTTLS where the server has it: every XMPP server does, direct TLS is an extra. Throws `unsupported` with neither. */
export function clientTarget(server: RunningServer): Target {
  const starttls = server.endpoint("xmpp-client");
  const endpoint = starttls ?? server.endpoint("xmpp-client-tls");
  if (endpoint === undefined)
    throw new HarnessError("unsupported", `expected ${server.domain} to declare an XMPP client port`);
  const { host, port } = endpoint;
  return { host, port, servername: server.domain, ca: server.ca, direct: starttls === undefined };
}

/** Logs in as a person. Throws `refused` with the SASL condition, `disconnected`, `deadline`. */
export function openStream(
  person: Pick<Person, "name" | "password" | "server">,
  options: Partial<Pick<StreamOptions, "withinMs" | "onText" | "resume">> = {},
): Promise<XmppStream> {
  const { name, password, server } = person;
  const target = clientTarget(server);
  return XmppStream.open({ target, domain: server.domain, name, password, withinMs: openWithinMs, ...options });
}

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
    probes: createProbes(open, () => [...servers.values()]),
    async close() {
      servers.clear();
    },
  };
}
