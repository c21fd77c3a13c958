import { randomBytes } from "node:crypto";
import type { Attempt } from "../../../model/probes.ts";
import type { Person, RunningServer } from "../../../model/server.ts";
import { xml, type Element } from "../library.ts";
import { createRoom } from "../rooms.ts";
import type { XmppStream } from "../stream.ts";
import { openStream } from "../targets.ts";
import { asked, type Tried } from "./asked.ts";
import { login } from "./login.ts";
import { takeOverStream } from "./takeover.ts";

// What an ordinary person must not be able to do. `accepted` needs the act itself or its form, never just a missing error.

export interface Stage {
  readonly server: RunningServer;
  readonly eve: XmppStream;
  readonly person: Person;
  readonly victim: Person;
  readonly victimStream: XmppStream;
  /** Bodies the victim has received. */
  readonly received: ReadonlySet<string>;
}

export interface Trick {
  readonly what: string;
  run(stage: Stage): Promise<Tried>;
}

export const admin = "http://jabber.org/protocol/admin";

/** XEP-0133 and what the two servers add; a form or a result offers the command for execution (XEP-0050). */
const commandNodes: readonly string[] = [
  `${admin}#add-user`,
  `${admin}#delete-user`,
  `${admin}#disable-user`,
  `${admin}#change-user-password`,
  `${admin}#end-user-session`,
  `${admin}#get-user-roster`,
  `${admin}#get-registered-users-list`,
  `${admin}#announce`,
  `${admin}#shutdown`,
  "http://prosody.im/protocol/modules#load",
  "api-commands/register",
];

export function command(node: string): Trick {
  return {
    what: `ad-hoc command ${node}`,
    async run({ eve }) {
      const request = xml("command", { xmlns: "http://jabber.org/protocol/commands", node, action: "execute" });
      const answer = await eve.request("set", eve.domain, request);
      const offered = answer.getChild("command")?.attrs["status"];
      return { accepted: offered === "executing" || offered === "completed", answer: answer.toString() };
    },
  };
}

/** An iq that reads or changes something of the victim; a result means that it was done. */
function onVictim(what: string, type: "get" | "set", child: () => Element): Trick {
  return {
    what,
    async run({ eve, victim }) {
      const answer = await eve.request(type, victim.address, child());
      return { accepted: true, answer: answer.toString() };
    },
  };
}

function nicknameOf(name: string): Element {
  const item = xml("item", {}, xml("nick", { xmlns: "http://jabber.org/protocol/nick" }, name));
  return xml(
    "pubsub",
    { xmlns: "http://jabber.org/protocol/pubsub" },
    xml("publish", { node: "http://jabber.org/protocol/nick" }, item),
  );
}

const announce = (...targets: readonly string[]): Trick => ({
  what: `announcement to ${targets.join(", ")}`,
  async run({ server, eve, victimStream, received }) {
    const text = `announcement-${randomBytes(6).toString("hex")}`;
    for (const target of targets) {
      const to = `${server.domain}/${target}`;
      await eve.sendAcknowledged(xml("message", { to }, xml("body", {}, text)).toString());
    }
    // Both streams ask the server, so that what was under way has arrived.
    await eve.ping();
    await victimStream.ping();
    return {
      accepted: received.has(text),
      answer: received.has(text) ? "everybody got it" : "the victim did not get it",
    };
  },
});

/** XEP-0077: setting a password for another person's name; only a login with it shows that it happened. */
const changePassword: Trick = {
  what: "password change of another person (XEP-0077)",
  async run({ server, eve, victim }) {
    const password = randomBytes(12).toString("hex");
    const query = xml(
      "query",
      { xmlns: "jabber:iq:register" },
      xml("username", {}, victim.name),
      xml("password", {}, password),
    );
    const answer = await eve.request("set", eve.domain, query);
    const attempt = await login(server, victim.name, password);
    return { accepted: attempt.outcome === "accepted", answer: `${answer.toString()}; then login: ${attempt.answer}` };
  },
};

const destroyRoom: Trick = {
  what: "destroying a room of another person (XEP-0045)",
  async run({ eve, victimStream }) {
    const room = await createRoom(victimStream, "room of the victim");
    const destroy = xml("query", { xmlns: "http://jabber.org/protocol/muc#owner" }, xml("destroy"));
    const answer = await eve.request("set", room, destroy);
    return { accepted: true, answer: answer.toString() };
  },
};

/** Servers may answer such a query from the asker's own archive: only what the victim alone had counts. */
const readArchive: Trick = {
  what: "reading another person's archive (XEP-0313)",
  async run({ server, eve, victim, victimStream }) {
    const secret = `archived-${randomBytes(6).toString("hex")}`;
    const note = xml("message", { to: `nobody@${server.domain}`, type: "chat" }, xml("body", {}, secret));
    await victimStream.sendAcknowledged(note.toString());
    await victimStream.ping();
    const read: string[] = [];
    const stop = eve.onStanza((stanza) => read.push(stanza.toString()));
    const answer = await eve.request("set", victim.address, xml("query", { xmlns: "urn:xmpp:mam:2" })).finally(stop);
    const accepted = read.some((text) => text.includes(secret));
    return {
      accepted,
      answer: accepted ? "the victim's message was read" : `without the victim's message: ${answer.toString()}`,
    };
  },
};

/** Administration over http with the ordinary person's own credentials. */
/** Without arguments it asks about the domain; a server refuses arguments it does not know. */
export const httpAdmin = (path: string, args?: Readonly<Record<string, string>>): Trick => ({
  what: `http administration ${path}`,
  async run({ server, person }) {
    const endpoint = server.endpoint("admin-http") ?? server.endpoint("xmpp-https");
    if (endpoint === undefined || endpoint.port === 0)
      return { accepted: false, answer: "the server has no http port" };
    const basic = Buffer.from(`${person.address}:${person.password}`).toString("base64");
    const body = JSON.stringify(args ?? { host: server.domain });
    const headers = { authorization: `Basic ${basic}`, "content-type": "application/json" };
    const answer = await server.request(endpoint, path, { method: "POST", headers, body });
    return {
      accepted: answer.status >= 200 && answer.status < 300,
      answer: `${answer.status} ${answer.text().slice(0, 500)}`,
    };
  },
});

export const readContacts = onVictim("reading another person's contact list", "get", () =>
  xml("query", { xmlns: "jabber:iq:roster" }),
);

const tricks: readonly Trick[] = [
  ...commandNodes.map(command),
  announce("announce/all", "announce/online"),
  changePassword,
  destroyRoom,
  readArchive,
  readContacts,
  onVictim("writing another person's vCard", "set", () =>
    xml("vCard", { xmlns: "vcard-temp" }, xml("FN", {}, "changed")),
  ),
  onVictim("publishing in another person's name (PEP)", "set", () => nicknameOf("changed")),
  httpAdmin("/api/registered_users"),
  {
    what: "taking over another person's stream (XEP-0198)",
    run: ({ server, person, victim }) => takeOverStream(server, person, victim),
  },
];

/** Opens what a trick needs: the person who tries, and the victim at another place, both present. */
export async function onStage<T>(
  server: RunningServer,
  person: Person,
  victim: Person,
  act: (stage: Stage) => Promise<T>,
): Promise<T> {
  const eve = await openStream({ ...person, server });
  const victimStream = await openStream({ ...victim, server });
  const received = new Set<string>();
  victimStream.onStanza((stanza) => received.add(String(stanza.getChildText("body"))));
  try {
    await eve.sendAcknowledged(xml("presence").toString());
    await victimStream.sendAcknowledged(xml("presence").toString());
    return await act({ server, eve, person, victim, victimStream, received });
  } finally {
    await Promise.allSettled([eve.close(), victimStream.close()]);
  }
}

/** `count` attempts, the tricks in turn. */
export function adminAsOrdinary(
  server: RunningServer,
  person: Person,
  victim: Person,
  count: number,
): Promise<readonly Attempt[]> {
  return onStage(server, person, victim, async (stage) => {
    const attempts: Attempt[] = [];
    for (let index = 0; index < count; index += 1) {
      const trick = tricks[index % tricks.length];
      if (trick !== undefined) attempts.push(await asked(trick.what, () => trick.run(stage)));
    }
    return attempts;
  });
}
