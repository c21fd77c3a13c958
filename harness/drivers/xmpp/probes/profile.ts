import { randomBytes } from "node:crypto";
import { hasCode } from "../../../model/errors.ts";
import type { Person, RunningServer } from "../../../model/server.ts";
import type { Conversation } from "../../../model/session.ts";
import { readArchive } from "../archive.ts";
import { xml, type Element } from "../library.ts";
import { attribute, bare } from "../messages.ts";
import type { XmppStream } from "../stream.ts";
import { openStream } from "../targets.ts";

const token = (kind: string): string => `${kind}-${randomBytes(6).toString("hex")}`;
/** Newest stored messages a client fetches at its start; enough for the 200 conversations of P-05. */
const catchUp = 1_000;
/** The zero of P-05's scale: a slower login need not be waited for. */
const loginWithinMs = 60_000;

function vcard(values: Readonly<Record<string, string>>): Element {
  return xml(
    "vCard",
    { xmlns: "vcard-temp" },
    xml("FN", {}, values["vCard name"] ?? ""),
    xml("EMAIL", {}, xml("USERID", {}, values["vCard e-mail"] ?? "")),
    xml("TEL", {}, xml("NUMBER", {}, values["vCard phone"] ?? "")),
  );
}

const rosterItem = (address: string, name: string): Element =>
  xml("query", { xmlns: "jabber:iq:roster" }, xml("item", { jid: address, name }));

function nickname(name: string): Element {
  const item = xml("item", { id: "current" }, xml("nick", { xmlns: "http://jabber.org/protocol/nick" }, name));
  const publish = xml("publish", { node: "http://jabber.org/protocol/nick" }, item);
  return xml("pubsub", { xmlns: "http://jabber.org/protocol/pubsub" }, publish);
}

/** vCard (XEP-0054), nickname in PEP (XEP-0172), a name in the contact list. What the server does not take is left out. */
export async function plantProfile(server: RunningServer, person: Person): Promise<Readonly<Record<string, string>>> {
  const values = {
    "vCard name": token("name"),
    "vCard e-mail": `${token("mail")}@behoerde.example`,
    "vCard phone": token("tel"),
    "published nickname": token("nick"),
    "contact name": token("contact"),
  };
  const stream = await openStream({ ...person, server });
  try {
    const planted = {
      ...(await plant(stream, vcard(values), values, ["vCard name", "vCard e-mail", "vCard phone"])),
      ...(await plant(stream, nickname(values["published nickname"]), values, ["published nickname"])),
      ...(await plant(stream, rosterItem(`colleague@${server.domain}`, values["contact name"]), values, [
        "contact name",
      ])),
    };
    return planted;
  } finally {
    await stream.close();
  }
}

async function plant<Name extends string>(
  stream: XmppStream,
  content: Element,
  values: Readonly<Record<Name, string>>,
  names: readonly Name[],
): Promise<Readonly<Record<string, string>>> {
  try {
    await stream.request("set", undefined, content);
    return Object.fromEntries(names.map((name) => [name, values[name]]));
  } catch (error) {
    if (hasCode(error, "refused")) return {};
    throw error;
  }
}

/** Messages to distinct addresses: each is one conversation in the sender's own archive. Needs no account behind them. */
export async function fillConversations(
  server: RunningServer,
  person: Person,
  count: number,
): Promise<readonly Conversation[]> {
  const stream = await openStream({ ...person, server });
  const prefix = token("peer");
  const peers = Array.from({ length: count }, (_, index) => `${prefix}-${index}@${server.domain}`);
  try {
    for (const [index, peer] of peers.entries()) {
      const stanza = xml(
        "message",
        { to: peer, type: "chat", id: `f${index}` },
        xml("body", {}, `conversation ${index}`),
      );
      // Every tenth waits for the acknowledgement: servers close streams that send faster than they read.
      if (index % 10 === 9) await stream.sendAcknowledged(stanza.toString());
      else await stream.send(stanza);
    }
    await stream.ping();
    return peers.map((id) => ({ kind: "direct", id }));
  } finally {
    await stream.close();
  }
}

/** Login, contact list, carbons, presence and the newest stored messages: then a client can show its conversations. */
export async function clientStart(
  server: RunningServer,
  person: Person,
): Promise<{ readonly readyMs: number; readonly conversations: number }> {
  const startedAt = performance.now();
  const stream = await openStream({ ...person, server }, { withinMs: loginWithinMs });
  try {
    const roster = await stream.request("get", undefined, xml("query", { xmlns: "jabber:iq:roster" }));
    await stream.exchange("set", undefined, xml("enable", { xmlns: "urn:xmpp:carbons:2" }));
    await stream.sendAcknowledged(xml("presence").toString());
    const stored = await readArchive(stream, {}, catchUp).catch((error: unknown) => {
      // Without an archive a client is ready with its contact list.
      if (hasCode(error, "unsupported")) return [];
      throw error;
    });
    const readyMs = performance.now() - startedAt;
    const own = person.address;
    const peers = stored.map((message) => {
      const from = bare(attribute(message, "from"));
      return from === own ? bare(attribute(message, "to")) : from;
    });
    const contacts = (roster.getChild("query")?.getChildren("item") ?? []).map((item) => attribute(item, "jid"));
    return { readyMs, conversations: new Set([...peers, ...contacts]).size };
  } finally {
    await stream.close();
  }
}
