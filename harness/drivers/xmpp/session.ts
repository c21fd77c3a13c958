import { HarnessError } from "../../model/errors.ts";
import { destinationOf } from "../../model/session.ts";
import type { Person, RunningServer } from "../../model/server.ts";
import type {
  Attachment,
  Conversation,
  Deadline,
  DeliveryError,
  ReceivedMessage,
  SentMessage,
  Session,
  SessionEnd,
  TrafficFrame,
  WithCorrection,
  WithDeliveryErrors,
  WithInvitationRules,
  WithRetraction,
  WithSecrets,
  WithServerLimits,
  WithTraffic,
  WithUploads,
} from "../../model/session.ts";
import { Conditions } from "../conditions.ts";
import { Inbox } from "../inbox.ts";
import { readArchive, readArchiveAfter } from "./archive.ts";
import { errorWords, xml, type Element } from "./library.ts";
import {
  attribute,
  bare,
  correctionIn,
  forwarded,
  readMessage,
  resourceOf,
  retractionIn,
  stanzaId,
} from "./messages.ts";
import {
  createRoom,
  denyDomain,
  enterRoom,
  invitationIn,
  inviteToRoom,
  isStillInRoom,
  keepsArchive,
  leaveRoom,
  occupantIn,
  openRoom,
} from "./rooms.ts";
import { blockPerson, onlyFrom } from "./privacy.ts";
import type { XmppStream } from "./stream.ts";
import { Traffic } from "./traffic.ts";
import { getFile, putFile, requestSlot } from "./uploads.ts";

const maxAttachmentBytes = 16 * 1024 * 1024;
const carbonNs = "urn:xmpp:carbons:2";
/** Messages of a room that are fetched at most when we come back into it. */
const maxMissed = 10_000;

/** A logged-in XMPP client: what the server gives it, kept as it came. */
export class XmppSession
  implements
    Session,
    WithCorrection,
    WithDeliveryErrors,
    WithInvitationRules,
    WithRetraction,
    WithSecrets,
    WithServerLimits,
    WithTraffic,
    WithUploads
{
  readonly protocol = "xmpp";
  readonly person: Person;
  readonly address: string;
  readonly ended: Promise<SessionEnd>;
  readonly stream: XmppStream;
  readonly #servers: readonly RunningServer[];
  readonly #traffic: Traffic;
  readonly #errors: DeliveryError[] = [];
  readonly #invitations = new Set<string>();
  readonly #rooms = new Set<string>();
  /** Real addresses by "room/nick". */
  readonly #occupants = new Map<string, string>();
  /** Message id ↔ the id its room gave it: retractions in rooms name the latter (XEP-0424, 5.1). */
  readonly #roomIds = new Map<string, string>();
  /** The newest message seen in each room: its archive id, and when we saw it. */
  readonly #newest = new Map<string, { readonly id: string | undefined; readonly at: Date }>();
  /** Who sent a message, by message id and by room id: only the sender may take it back. */
  readonly #senders = new Map<string, string>();
  readonly #retracted = new Map<string, { readonly marked: boolean }>();
  /** Newest text by the id of the message that was changed. */
  readonly #corrections = new Map<string, string>();
  readonly #conditions = new Conditions();
  readonly #inbox = new Inbox(this.#conditions);
  readonly #secrets: Record<string, string> = {};

  constructor(stream: XmppStream, person: Person, servers: readonly RunningServer[], traffic: Traffic) {
    this.stream = stream;
    this.person = person;
    this.address = person.address;
    this.ended = stream.ended;
    this.#servers = servers;
    this.#traffic = traffic;
    void this.#conditions.failAfter(stream.ended, person.address);
    this.#secrets["password"] = person.password;
    stream.onStanza((stanza) => this.#onStanza(stanza));
  }

  /** Goes online: carbons of the other devices' messages (XEP-0280, where the server has them), then presence. */
  async goOnline(): Promise<void> {
    await this.stream.exchange("set", undefined, xml("enable", { xmlns: carbonNs }));
    await this.stream.sendAcknowledged(xml("presence").toString());
  }

  #onStanza(stanza: Element): void {
    if (stanza.name === "presence") this.#onPresence(stanza);
    if (stanza.name === "message") this.#onMessage(stanza);
    this.#conditions.changed();
  }

  #onPresence(stanza: Element): void {
    const occupant = occupantIn(stanza);
    if (occupant !== undefined) this.#occupants.set(`${occupant.room}/${occupant.nick}`, occupant.jid);
  }

  #onMessage(stanza: Element): void {
    const from = attribute(stanza, "from");
    // A carbon counts only from the own account: anybody can send something that looks like one (CVE-2017-5589).
    if (from === "" || from === this.address) {
      const carbon = stanza.getChild("received", carbonNs) ?? stanza.getChild("sent", carbonNs);
      const inner = forwarded(carbon);
      if (inner !== undefined) return this.#onContent(inner);
    }
    if (attribute(stanza, "type") === "error") return this.#onError(stanza);
    const invitation = invitationIn(stanza);
    if (invitation !== undefined) this.#invitations.add(invitation);
    this.#onContent(stanza);
  }

  #onError(stanza: Element): void {
    const { condition, text } = errorWords(stanza.getChild("error"));
    const reason = text === "" ? condition : `${condition}: ${text}`;
    this.#errors.push({ id: attribute(stanza, "id"), reason, at: performance.now() });
  }

  #onContent(message: Element): void {
    const from = attribute(message, "from");
    const id = attribute(message, "id");
    const inRoom = attribute(message, "type") === "groupchat";
    const sender = inRoom ? from : bare(from);
    const retraction = retractionIn(message);
    if (retraction !== undefined) return this.#onRetraction(retraction.id, sender);
    const corrected = correctionIn(message);
    if (corrected !== undefined) return this.#onCorrection(corrected, sender, message);
    const roomId = inRoom ? stanzaId(message, bare(from)) : undefined;
    this.#senders.set(id, sender);
    if (roomId !== undefined) {
      this.#roomIds.set(id, roomId);
      this.#senders.set(roomId, sender);
    }
    if (inRoom) this.#newest.set(bare(from), { id: roomId, at: new Date() });
    const ownEcho = inRoom && resourceOf(from) === this.address;
    const read = ownEcho ? undefined : this.#read(message);
    if (read !== undefined) this.#inbox.add(read);
  }

  #onCorrection(id: string, sender: string, message: Element): void {
    if (this.#senders.get(id) === sender) this.#corrections.set(id, message.getChildText("body") ?? "");
  }

  #onRetraction(id: string, sender: string): void {
    if (this.#senders.get(id) !== sender) return;
    // Who and when: the stanza names its sender and has just arrived, so a client can show both.
    this.#retracted.set(id, { marked: true });
    for (const [messageId, roomId] of this.#roomIds)
      if (roomId === id) this.#retracted.set(messageId, { marked: true });
  }

  #read(message: Element): ReceivedMessage | undefined {
    return readMessage(message, {
      own: this.address,
      speaker: (room, nick) => this.#occupants.get(`${room}/${nick}`) ?? nick,
      attachment: (url) => this.#attachment(url),
    });
  }

  #attachment(url: string): Attachment {
    return {
      name: nameIn(url),
      url,
      bytes: async () => {
        const bytes = await getFile(this.#servers, url);
        if (bytes.length > maxAttachmentBytes) {
          throw new HarnessError("refused", `expected an attachment of at most 16 MiB, got ${bytes.length} bytes`);
        }
        return bytes;
      },
    };
  }

  async openDirect(peer: string): Promise<Conversation> {
    return { kind: "direct", id: bare(peer), between: [this.address, bare(peer)] };
  }

  async createGroup(name: string): Promise<Conversation> {
    const room = await createRoom(this.stream, name);
    this.#rooms.add(room);
    return { kind: "group", id: room };
  }

  async invite(conversation: Conversation, address: string): Promise<void> {
    if (conversation.kind === "group") await inviteToRoom(this.stream, conversation.id, address);
  }

  async join(conversation: Conversation, deadline: Deadline): Promise<void> {
    if (conversation.kind === "direct") return;
    if (this.#rooms.has(conversation.id)) return this.#comeBack(conversation.id, deadline.withinMs);
    await this.#conditions.until(deadline, () => (this.#invitations.has(conversation.id) ? true : undefined));
    await enterRoom(this.stream, conversation.id);
    this.#rooms.add(conversation.id);
  }

  /** As clients do after a broken line: ask whether we are still in, else enter again and fetch what was said meanwhile. */
  async #comeBack(room: string, withinMs: number): Promise<void> {
    const end = performance.now() + withinMs;
    const left = (): number => Math.max(1, end - performance.now());
    if (await isStillInRoom(this.stream, room, left())) return;
    const newest = this.#newest.get(room);
    const archived = await keepsArchive(this.stream, room, left());
    await enterRoom(this.stream, room, { since: archived ? undefined : newest?.at, withinMs: left() });
    if (!archived) return;
    const query = { archive: room };
    const missed =
      newest?.id === undefined
        ? await readArchive(this.stream, query, maxMissed)
        : await readArchiveAfter(this.stream, query, newest.id, maxMissed);
    for (const message of missed) this.#onContent(message);
    this.#conditions.changed();
  }

  async leave(conversation: Conversation): Promise<void> {
    if (conversation.kind === "direct" || !this.#rooms.has(conversation.id)) return;
    await leaveRoom(this.stream, conversation.id);
    this.#rooms.delete(conversation.id);
  }

  async send(conversation: Conversation, text: string): Promise<SentMessage> {
    return this.#sendMessage(conversation, (id) => [
      xml("body", {}, text),
      xml("origin-id", { xmlns: "urn:xmpp:sid:0", id }),
    ]);
  }

  async #sendMessage(conversation: Conversation, content: (id: string) => readonly Element[]): Promise<SentMessage> {
    // Random: ids of two sessions of one person must not collide in an archive.
    const id = crypto.randomUUID();
    const type = conversation.kind === "group" ? "groupchat" : "chat";
    this.#senders.set(id, this.address);
    const stanza = xml("message", { to: destinationOf(conversation, this.address), type, id }, ...content(id));
    return { id, acknowledgedAt: await this.stream.sendAcknowledged(stanza.toString()) };
  }

  received(predicate: (message: ReceivedMessage) => boolean, deadline: Deadline): Promise<ReceivedMessage> {
    return this.#inbox.first(predicate, deadline);
  }

  inbox(): readonly ReceivedMessage[] {
    return this.#inbox.all();
  }

  async history(conversation: Conversation, limit: number): Promise<readonly ReceivedMessage[]> {
    const query =
      conversation.kind === "group"
        ? { archive: conversation.id }
        : { peer: destinationOf(conversation, this.address) };
    // Retractions and chat states are stored too: ask for more than wanted, keep the newest texts.
    const stored = await readArchive(this.stream, query, limit * 2);
    const retracted = new Set(stored.map((message) => retractionIn(message)?.id));
    const texts = stored
      .filter((message) => !retracted.has(attribute(message, "id")))
      .map((message) => this.#read(message));
    return texts.filter((message) => message !== undefined).slice(-limit);
  }

  ping(): Promise<void> {
    return this.stream.ping();
  }

  acceptInvitationsOnlyFrom(addresses: readonly string[]): Promise<void> {
    return onlyFrom(this.stream, addresses);
  }

  block(address: string): Promise<void> {
    return blockPerson(this.stream, address);
  }

  openToAll(conversation: Conversation): Promise<void> {
    return openRoom(this.stream, conversation.id);
  }

  denyServer(conversation: Conversation, domain: string): Promise<void> {
    return denyDomain(this.stream, conversation.id, domain);
  }

  /** XEP-0308 */
  async correct(conversation: Conversation, messageId: string, text: string): Promise<void> {
    await this.#sendMessage(conversation, () => [
      xml("body", {}, text),
      xml("replace", { xmlns: "urn:xmpp:message-correct:0", id: messageId }),
    ]);
  }

  async corrected(messageId: string, text: string, deadline: Deadline): Promise<void> {
    await this.#conditions.until(deadline, () => (this.#corrections.get(messageId) === text ? true : undefined));
  }

  /** XEP-0424 with a fallback body for clients that do not know it. */
  async retract(conversation: Conversation, messageId: string): Promise<void> {
    const id = conversation.kind === "group" ? await this.#roomId(messageId) : messageId;
    await this.#sendMessage(conversation, () => [
      xml("retract", { xmlns: "urn:xmpp:message-retract:1", id }),
      xml("fallback", { xmlns: "urn:xmpp:fallback:0", for: "urn:xmpp:message-retract:1" }),
      xml("body", {}, "This person took back a message, but your client does not support that."),
      xml("store", { xmlns: "urn:xmpp:hints" }),
    ]);
  }

  #roomId(messageId: string): Promise<string> {
    const deadline = { what: `the room's id of message ${messageId}`, withinMs: 30_000 };
    return this.#conditions.until(deadline, () => this.#roomIds.get(messageId));
  }

  retracted(messageId: string, deadline: Deadline): Promise<{ readonly marked: boolean }> {
    return this.#conditions.until(deadline, () => this.#retracted.get(messageId));
  }

  async sendFile(
    conversation: Conversation,
    name: string,
    bytes: Uint8Array,
  ): Promise<SentMessage & { readonly url: string }> {
    const slot = await requestSlot(this.stream, name, bytes.length);
    await putFile(this.#servers, slot, bytes);
    const sent = await this.#sendMessage(conversation, () => [
      xml("body", {}, slot.get),
      xml("x", { xmlns: "jabber:x:oob" }, xml("url", {}, slot.get)),
    ]);
    return { ...sent, url: slot.get };
  }

  secrets(): Readonly<Record<string, string>> {
    return { ...this.#secrets };
  }

  deliveryErrors(): readonly DeliveryError[] {
    return [...this.#errors];
  }

  traffic(): readonly TrafficFrame[] {
    return this.#traffic.frames();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stream.close();
  }
}

/** The last part of an address, as it stands there if it cannot be decoded. */
function nameIn(url: string): string {
  const last = url.slice(url.lastIndexOf("/") + 1).slice(0, 600);
  try {
    return decodeURIComponent(last).slice(0, 200);
  } catch {
    return last.slice(0, 200);
  }
}
