import type { Person, RunningServer } from "../../model/server.ts";
import type { Driver, OpenOptions } from "../../model/session.ts";
import { loadSessionOf } from "../load-adapter.ts";
import { logIn } from "./login.ts";
import { probes } from "./probes.ts";
import { IrcSession } from "./session.ts";

/** IRC over TLS with SASL PLAIN and the IRCv3 capabilities of current servers. */
export function createIrcDriver(): Driver {
  const open = async (server: RunningServer, person: Person, { withinMs }: OpenOptions = {}): Promise<IrcSession> =>
    new IrcSession(await logIn(server, person.name, person.password, withinMs), { ...person, server });

  return {
    id: "irc",
    protocol: "irc",
    open,
    openForLoad: async (server, person) => loadSessionOf(await open(server, person)),
    probes,
    // Every connection belongs to a session.
    close: () => Promise.resolve(),
  };
}
