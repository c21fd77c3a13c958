import type { Person, RunningServer } from "../../model/server.ts";
import type { Driver, LoadSession, OpenOptions } from "../../model/session.ts";
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
    async openForLoad(server, person): Promise<LoadSession> {
      const session = await open(server, person);
      const listeners: ((body: string, at: number) => void)[] = [];
      session.onMessage(({ text, at }) => {
        for (const listener of listeners) listener(text, at);
      });
      return {
        address: session.address,
        ended: session.ended,
        prepare: (peer) => session.openDirect(peer.address),
        send: async (conversation, body) => (await session.send(conversation, body)).acknowledgedAt,
        onMessage: (listener) => void listeners.push(listener),
        [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
      };
    },
    probes,
    // Every connection belongs to a session.
    close: () => Promise.resolve(),
  };
}
