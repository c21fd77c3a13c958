import { randomBytes } from "node:crypto";
import { HarnessError, hasCode } from "../../model/errors.ts";
import { attribute, bare, resourceOf } from "./messages.ts";
import { errorWords, xml, type Element } from "./library.ts";
import type { XmppStream } from "./stream.ts";

// Multi-user chat (XEP-0045). The nick is the person's own address: unique across servers, and it names the speaker.

const muc = "http://jabber.org/protocol/muc";
const owner = `${muc}#owner`;
const mucUser = `${muc}#user`;
const answerWithinMs = 30_000;

/** Finds the component of the own server with this identity or feature (XEP-0030). */
export async function findService(
  stream: XmppStream,
  wanted: { readonly category?: string; readonly feature?: string },
): Promise<{ readonly jid: string; readonly info: Element }> {
  const items = await stream.request(
    "get",
    stream.domain,
    xml("query", { xmlns: "http://jabber.org/protocol/disco#items" }),
  );
  const listed = items.getChild("query")?.getChildren("item") ?? [];
  const candidates = [...listed.map((item) => attribute(item, "jid")).slice(0, 30), stream.domain];
  for (const jid of candidates) {
    const answer = await stream.exchange("get", jid, xml("query", { xmlns: "http://jabber.org/protocol/disco#info" }));
    const info = answer.getChild("query");
    if (info === undefined || attribute(answer, "type") === "error") continue;
    const isCategory = info.getChildren("identity").some((one) => attribute(one, "category") === wanted.category);
    const hasFeature = info.getChildren("feature").some((one) => attribute(one, "var") === wanted.feature);
    if (wanted.feature === undefined ? isCategory : hasFeature) return { jid, info };
  }
  throw new HarnessError(
    "unsupported",
    `expected ${stream.domain} to offer ${wanted.feature ?? wanted.category}, got ${candidates.length} services without it`,
  );
}

/** Waits for the room's presence about ourselves (status 110) or its error. */
async function presenceInRoom(
  stream: XmppStream,
  room: string,
  presence: Element,
  { withinMs = answerWithinMs, nick = stream.bareJid }: Pick<EntryOptions, "withinMs" | "nick"> = {},
): Promise<Element> {
  const id = stream.freshId();
  Object.assign(presence.attrs, { to: `${room}/${nick}`, id });
  const { promise, resolve, reject } = Promise.withResolvers<Element>();
  const stop = stream.onStanza((stanza) => {
    if (stanza.name !== "presence" || bare(attribute(stanza, "from")) !== room) return;
    if (attribute(stanza, "type") === "error") {
      // After a cut, errors of earlier attempts may still be on their way; an error keeps the id (RFC 6120 8.3.1).
      if (["", id].includes(attribute(stanza, "id"))) reject(roomRefusal(room, stanza));
      return;
    }
    const statuses = stanza.getChild("x", mucUser)?.getChildren("status") ?? [];
    const self = statuses.some((status) => attribute(status, "code") === "110");
    if (self || resourceOf(attribute(stanza, "from")) === nick) resolve(stanza);
  });
  const timer = setTimeout(
    () =>
      reject(new HarnessError("deadline", `expected the room ${room} to answer within ${withinMs} ms, got nothing`)),
    withinMs,
  );
  void stream.ended.then(({ error }) => reject(error ?? new HarnessError("disconnected", "the session was closed")));
  try {
    await stream.send(presence);
    return await promise;
  } finally {
    clearTimeout(timer);
    stop();
  }
}

function roomRefusal(room: string, stanza: Element): HarnessError {
  const { condition, text } = errorWords(stanza.getChild("error"));
  return new HarnessError("refused", `expected to enter ${room}, got ${condition}${text === "" ? "" : `: ${text}`}`, {
    context: { condition, text },
  });
}

export interface EntryOptions {
  /** Ask the room for its own history since this time (XEP-0045 7.2.13); without it, none: that is asked from the archive. */
  readonly since?: Date | undefined;
  readonly withinMs?: number | undefined;
  /** Instead of the own address. */
  readonly nick?: string | undefined;
}

/** Enters a room. Throws `refused` with the room's condition. */
export function enterRoom(
  stream: XmppStream,
  room: string,
  { since, withinMs, nick }: EntryOptions = {},
): Promise<Element> {
  const history = since === undefined ? { maxstanzas: "0" } : { since: since.toISOString() };
  const entry = xml("x", { xmlns: muc }, xml("history", history));
  return presenceInRoom(stream, room, xml("presence", {}, entry), { withinMs, nick });
}

export async function leaveRoom(stream: XmppStream, room: string): Promise<void> {
  await presenceInRoom(stream, room, xml("presence", { type: "unavailable" }));
}

/** Answers of XEP-0410, 3.: the room passed the ping on to us, so we are in it, whatever came back. */
const stillInside: ReadonlySet<unknown> = new Set(["service-unavailable", "feature-not-implemented", "item-not-found"]);
/** The room's server cannot be reached: nothing is known about the room. */
const unreachable: ReadonlySet<unknown> = new Set(["remote-server-not-found", "remote-server-timeout"]);

/**
 * Whether the room still counts us among its occupants (XEP-0410, self-ping). After a broken line between servers it may
 * not, and nobody can have told us. Throws `refused` or `deadline` where the room cannot be asked.
 */
export async function isStillInRoom(stream: XmppStream, room: string, withinMs: number): Promise<boolean> {
  try {
    const ping = xml("ping", { xmlns: "urn:xmpp:ping" });
    await stream.request("get", `${room}/${stream.bareJid}`, ping, withinMs);
    return true;
  } catch (error) {
    if (!hasCode(error, "refused") || unreachable.has(error.context["condition"])) throw error;
    return stillInside.has(error.context["condition"]);
  }
}

/** Whether the room keeps an archive that its members may read (XEP-0313). */
export async function keepsArchive(stream: XmppStream, room: string, withinMs: number): Promise<boolean> {
  const query = xml("query", { xmlns: "http://jabber.org/protocol/disco#info" });
  const answer = await stream.request("get", room, query, withinMs);
  const features = answer.getChild("query")?.getChildren("feature") ?? [];
  return features.some((feature) => attribute(feature, "var") === "urn:xmpp:mam:2");
}

/** What a private group needs; only fields the room's own form has are sent. Names differ by server. */
const privateGroup: Readonly<Record<string, string>> = {
  "muc#roomconfig_membersonly": "1",
  "muc#roomconfig_persistentroom": "1",
  "muc#roomconfig_publicroom": "0",
  "muc#roomconfig_whois": "anyone",
  "muc#roomconfig_enablearchiving": "1",
  "muc#roomconfig_enablelogging": "1",
  mam: "1",
};

async function configureRoom(
  stream: XmppStream,
  room: string,
  wanted: Readonly<Record<string, string>>,
): Promise<void> {
  const answer = await stream.request("get", room, xml("query", { xmlns: owner }));
  const offered = answer.getChild("query", owner)?.getChild("x", "jabber:x:data")?.getChildren("field") ?? [];
  const form = xml("x", { xmlns: "jabber:x:data", type: "submit" });
  form.append(xml("field", { var: "FORM_TYPE", type: "hidden" }, xml("value", {}, `${muc}#roomconfig`)));
  for (const field of offered) {
    const value = wanted[attribute(field, "var")];
    if (value !== undefined) form.append(xml("field", { var: attribute(field, "var") }, xml("value", {}, value)));
  }
  await stream.request("set", room, xml("query", { xmlns: owner }, form));
}

/** Creates a members-only, persistent, unlisted, non-anonymous room and stays in it. */
export async function createRoom(stream: XmppStream, name: string): Promise<string> {
  const { jid } = await findService(stream, { category: "conference" });
  const room = `g-${randomBytes(8).toString("hex")}@${jid}`;
  await enterRoom(stream, room);
  await configureRoom(stream, room, { ...privateGroup, "muc#roomconfig_roomname": name });
  return room;
}

/** Everybody may enter. */
export const openRoom = (stream: XmppStream, room: string): Promise<void> =>
  configureRoom(stream, room, { "muc#roomconfig_membersonly": "0" });

/** Bans a whole domain (XEP-0045, 9.1); people of it who were members lose that first, a member's own rank would win. */
export async function denyDomain(stream: XmppStream, room: string, domain: string): Promise<void> {
  const admin = `${muc}#admin`;
  const answer = await stream.request(
    "get",
    room,
    xml("query", { xmlns: admin }, xml("item", { affiliation: "member" })),
  );
  const members = answer.getChild("query", admin)?.getChildren("item") ?? [];
  const theirs = members.map((item) => attribute(item, "jid")).filter((jid) => bare(jid).endsWith(`@${domain}`));
  for (const jid of theirs) {
    await stream.request("set", room, xml("query", { xmlns: admin }, xml("item", { affiliation: "none", jid })));
  }
  await stream.request(
    "set",
    room,
    xml("query", { xmlns: admin }, xml("item", { affiliation: "outcast", jid: domain })),
  );
}

/** Makes a person a member (that lets them in) and tells them (mediated invitation, XEP-0045 7.8.2). */
export async function inviteToRoom(stream: XmppStream, room: string, address: string): Promise<void> {
  const item = xml("item", { affiliation: "member", jid: address });
  await stream.request("set", room, xml("query", { xmlns: `${muc}#admin` }, item));
  const invitation = xml("x", { xmlns: mucUser }, xml("invite", { to: address }));
  await stream.sendAcknowledged(xml("message", { to: room, id: stream.freshId() }, invitation).toString());
  // Also in one's own name (XEP-0249), as clients do: who accepts mail from known people only gets this one.
  const direct = xml("x", { xmlns: "jabber:x:conference", jid: room });
  await stream.sendAcknowledged(xml("message", { to: address, id: stream.freshId() }, direct).toString());
}

/** The room an invitation is for: mediated (from the room itself) or direct (XEP-0249). */
export function invitationIn(message: Element): string | undefined {
  const from = bare(attribute(message, "from"));
  if (message.getChild("x", mucUser)?.getChild("invite") !== undefined) return from;
  const direct = message.getChild("x", "jabber:x:conference");
  return direct === undefined ? undefined : attribute(direct, "jid");
}

/** Real address of an occupant, where the room shows it. */
export function occupantIn(
  presence: Element,
): { readonly room: string; readonly nick: string; readonly jid: string } | undefined {
  const jid = attribute(presence.getChild("x", mucUser)?.getChild("item"), "jid");
  const from = attribute(presence, "from");
  return jid === "" ? undefined : { room: bare(from), nick: resourceOf(from), jid: bare(jid) };
}
