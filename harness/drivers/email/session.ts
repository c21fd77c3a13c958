import { randomBytes } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { HarnessError } from "../../model/errors.ts";
import type { Person } from "../../model/server.ts";
import {
  destinationOf,
  type Attachment,
  type Conversation,
  type Deadline,
  type DeliveryError,
  type ReceivedMessage,
  type SentMessage,
  type Session,
  type SessionEnd,
  type WithDeliveryErrors,
  type WithEncryption,
  type WithUploads,
} from "../../model/session.ts";
import { Conditions } from "../conditions.ts";
import { Inbox } from "../inbox.ts";
import { notYet } from "../not-yet.ts";
import type { Core, CoreEvent } from "./core.ts";
import { imapLogin } from "./imap.ts";
import type { Tunnel } from "./tunnel.ts";

const maxFile = 16 * 1024 * 1024;
const sentWithinMs = 30_000;
/** Delta Chat's number for the account's own contact. */
const self = 1;

interface CoreMessage {
  readonly id: number;
  readonly chatId: number;
  readonly text: string;
  readonly error: string | null;
  readonly showPadlock: boolean;
  readonly isInfo: boolean;
  readonly sender: { readonly address: string };
  readonly file: string | null;
  readonly fileName: string | null;
}

/** What a session runs on; all of it ends with the session. */
export interface Ground {
  readonly core: Core;
  readonly tunnels: readonly Tunnel[];
  /** Settles when the server ended the connection over which mail comes in. */
  readonly hungUp: Promise<Error>;
}

/** Where sessions of one driver find each other's public keys: what people do with invitation codes, outside of the servers. */
export type KeyDirectory = Map<string, string>;

/**
 * A person with Delta Chat's core. `send` writes classic mail, which the core shows as a chat of its own; `sendEncrypted` writes
 * OpenPGP messages to a contact whose key was handed over outside of the servers.
 */
export class EmailSession implements Session, WithEncryption, WithUploads, WithDeliveryErrors {
  readonly protocol = "email";
  readonly method = "openpgp";
  readonly person: Person;
  readonly address: string;
  readonly ended: Promise<SessionEnd>;
  readonly #core: Core;
  readonly #tunnels: readonly Tunnel[];
  readonly #keys: KeyDirectory;
  readonly #conditions = new Conditions();
  readonly #inbox = new Inbox(this.#conditions);
  readonly #chats = new Map<string, Promise<number>>();
  /** Name of a group → its chat in the core. */
  readonly #groups = new Map<string, number>();
  readonly #failed: DeliveryError[] = [];
  /** Message number → id on the wire, for what was sent here. */
  readonly #sent = new Map<number, string>();
  /** What the core said about messages it was told to send. */
  readonly #outcomes = new Map<number, CoreEvent>();
  #listener: ((message: ReceivedMessage) => void) | undefined;
  #reading: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(person: Person, { core, tunnels, hungUp }: Ground, keys: KeyDirectory) {
    this.person = person;
    this.address = person.address;
    this.#core = core;
    this.#tunnels = tunnels;
    this.#keys = keys;
    const gone = core.exited.then(() => new HarnessError("lab-fault", "the core ended"));
    this.ended = Promise.race([hungUp, gone]).then((error) => ({
      at: performance.now(),
      ...(this.#closing ? {} : { error }),
    }));
    void this.#conditions.failAfter(this.ended, this.address);
    core.onEvent((event) => this.#handle(event));
  }

  #handle(event: CoreEvent): void {
    const { kind, msgId } = event;
    if (msgId === undefined) return;
    // One after the other, so that the inbox keeps the order of arrival.
    if (kind === "IncomingMsg") {
      const at = performance.now();
      this.#reading = this.#reading.then(() => this.#take(msgId, at)).catch(() => undefined);
    }
    if (kind !== "MsgDelivered" && kind !== "MsgFailed") return;
    if (kind === "MsgFailed" && this.#sent.has(msgId)) void this.#bounced(msgId).catch(() => undefined);
    else this.#outcomes.set(msgId, event);
    this.#conditions.changed();
  }

  /** Somebody on the way gave the message back. */
  async #bounced(msgId: number): Promise<void> {
    const at = performance.now();
    const { error } = await this.#core.call<CoreMessage>("get_message", msgId);
    this.#failed.push({ id: this.#sent.get(msgId) ?? "", reason: (error ?? "").slice(0, 500), at });
  }

  async #take(msgId: number, at: number): Promise<void> {
    const message = await this.#core.call<CoreMessage>("get_message", msgId);
    if (message.isInfo) return;
    const from = message.sender.address;
    const id = await this.#idOf(msgId);
    const received: ReceivedMessage = {
      id,
      conversation: await this.#conversationOf(message.chatId, from),
      from,
      text: message.text,
      encrypted: message.showPadlock,
      at,
      ...(message.file !== null && { attachment: this.#attachmentOf(message.file, message.fileName, id) }),
    };
    // Delta Chat asks before it answers a stranger; a person who reads has said yes.
    await this.#core.call("accept_chat", message.chatId);
    this.#inbox.add(received);
    this.#listener?.(received);
  }

  async #conversationOf(chatId: number, from: string): Promise<Conversation> {
    const { chatType, name } = await this.#core.call<{ chatType: string; name: string }>("get_basic_chat_info", chatId);
    if (chatType !== "Group") return this.#direct(from);
    this.#groups.set(name, chatId);
    return { kind: "group", id: name };
  }

  #attachmentOf(file: string, name: string | null, id: string): Attachment {
    return {
      name: name ?? basename(file),
      url: `mid:${id}`,
      bytes: async () => {
        const inside = file.startsWith(this.#core.folder + sep);
        if (!inside || (await stat(file)).size > maxFile) {
          throw new HarnessError("harness-fault", `expected a file of at most ${maxFile} bytes in the core's folder`);
        }
        return readFile(file);
      },
    };
  }

  async #idOf(msgId: number): Promise<string> {
    return (await this.#core.call<{ rfc724Mid: string }>("get_message_info_object", msgId)).rfc724Mid;
  }

  /** Called for every message from now on. */
  onMessage(listener: (message: ReceivedMessage) => void): void {
    this.#listener = listener;
  }

  #direct(peer: string): Conversation {
    return { kind: "direct", id: peer, between: [this.address, peer] };
  }

  /** The core's chat with a person; one of its own for classic mail and one for each key. */
  #chatWith(peer: string, encrypted: boolean): Promise<number> {
    const name = `${encrypted} ${peer}`;
    const known = this.#chats.get(name);
    if (known !== undefined) return known;
    const made = this.#makeChat(peer, encrypted);
    this.#chats.set(name, made);
    made.catch(() => this.#chats.delete(name));
    return made;
  }

  async #makeChat(peer: string, encrypted: boolean): Promise<number> {
    if (!encrypted) {
      await this.allowPlain();
      const contact = await this.#core.call<number>("create_contact", peer, null);
      return this.#core.call<number>("create_chat_by_contact_id", contact);
    }
    return this.#core.call<number>("create_chat_by_contact_id", await this.#keyContact(peer));
  }

  async #keyContact(peer: string): Promise<number> {
    const card = this.#keys.get(peer);
    if (card === undefined)
      throw new HarnessError("harness-fault", `expected a key of ${peer}: no session of it is open`);
    const [contact] = await this.#core.call<readonly number[]>("import_vcard_contents", card);
    if (contact === undefined) throw new HarnessError("harness-fault", `expected a contact for the key of ${peer}`);
    return contact;
  }

  async openDirect(peer: string): Promise<Conversation> {
    await this.#chatWith(peer, false);
    return this.#direct(peer);
  }

  async openEncryptedDirect(peer: string): Promise<Conversation> {
    await this.#chatWith(peer, true);
    return this.#direct(peer);
  }

  /** Groups of the core are always encrypted; the name is how those who were added know it again. */
  async createGroup(name: string): Promise<Conversation> {
    const id = `${name} ${randomBytes(6).toString("hex")}`;
    this.#groups.set(id, await this.#core.call<number>("create_group_chat", id, false));
    return { kind: "group", id };
  }

  /** Adds the person, which in Delta Chat needs no consent. The first message tells everybody of the group. */
  async invite(conversation: Conversation, address: string): Promise<void> {
    const chat = this.#groupOf(conversation);
    await this.#core.call("add_contact_to_chat", chat, await this.#keyContact(address));
    await this.#submit(conversation, true, { text: conversation.id });
  }

  /** Mail needs no consent to arrive; a group is there with the first message in it. */
  async join(conversation: Conversation, deadline: Deadline): Promise<void> {
    if (conversation.kind === "direct" || this.#groups.has(conversation.id)) return;
    await this.received((message) => message.conversation.id === conversation.id, deadline);
  }

  async leave(conversation: Conversation): Promise<void> {
    if (conversation.kind === "group") await this.#core.call("leave_group", this.#groupOf(conversation));
  }

  #groupOf({ id }: Conversation): number {
    const chat = this.#groups.get(id);
    if (chat === undefined)
      throw new HarnessError("harness-fault", `expected ${this.address} to be in the group ${id}`);
    return chat;
  }

  send(conversation: Conversation, text: string): Promise<SentMessage> {
    return this.#submit(conversation, conversation.kind === "group", { text });
  }

  sendEncrypted(conversation: Conversation, text: string): Promise<SentMessage> {
    return this.#submit(conversation, true, { text });
  }

  async sendFile(
    conversation: Conversation,
    name: string,
    bytes: Uint8Array,
  ): Promise<SentMessage & { readonly url: string }> {
    const sent = await this.#submit(conversation, false, await this.#fileOf(name, bytes));
    return { ...sent, url: `mid:${sent.id}` };
  }

  async sendEncryptedFile(conversation: Conversation, name: string, bytes: Uint8Array): Promise<SentMessage> {
    return this.#submit(conversation, true, await this.#fileOf(name, bytes));
  }

  async #fileOf(name: string, bytes: Uint8Array): Promise<Readonly<Record<string, string>>> {
    const file = join(this.#core.folder, `upload-${this.#sent.size}-${basename(name)}`);
    await writeFile(file, bytes);
    return { file, filename: basename(name), viewtype: "File" };
  }

  /** Returns when the own server has taken the mail; throws `refused` with its words. */
  async #submit(conversation: Conversation, encrypted: boolean, data: object): Promise<SentMessage> {
    const chat =
      conversation.kind === "group"
        ? this.#groupOf(conversation)
        : await this.#chatWith(destinationOf(conversation, this.address), encrypted);
    const msgId = await this.#core.call<number>("send_msg", chat, { ...emptyMessage, ...data });
    const { kind } = await this.#outcomeOf(msgId);
    const acknowledgedAt = performance.now();
    const id = await this.#idOf(msgId);
    if (kind === "MsgFailed") throw await this.#failureOf(msgId);
    if (encrypted) {
      const { showPadlock } = await this.#core.call<CoreMessage>("get_message", msgId);
      if (!showPadlock) throw new HarnessError("harness-fault", "expected the core to encrypt the message, it did not");
    }
    this.#sent.set(msgId, id);
    return { id, acknowledgedAt };
  }

  /** A reply code of SMTP, plain or enhanced (RFC 5321 4.2, RFC 3463), is the server's word, everything else the core's own. */
  async #failureOf(msgId: number): Promise<HarnessError> {
    const { error } = await this.#core.call<CoreMessage>("get_message", msgId);
    const words = (error ?? "no reason given").slice(0, 500);
    const code = /\b[45](?:\d\d|\.\d{1,3}\.\d{1,3})\b/u.test(words) ? "refused" : "lab-fault";
    return new HarnessError(code, `expected the mail to be taken, got: ${words}`);
  }

  async #outcomeOf(msgId: number): Promise<CoreEvent> {
    const fault = this.#tunnels.find((tunnel) => tunnel.fault !== undefined)?.fault?.message ?? "no fault seen before";
    const deadline = { what: `the server to take a mail (${fault})`, withinMs: sentWithinMs };
    const outcome = await this.#conditions.until(deadline, () => this.#outcomes.get(msgId));
    this.#outcomes.delete(msgId);
    return outcome;
  }

  received(predicate: (message: ReceivedMessage) => boolean, deadline: Deadline): Promise<ReceivedMessage> {
    return this.#inbox.first(predicate, deadline);
  }

  inbox(): readonly ReceivedMessage[] {
    return this.#inbox.all();
  }

  deliveryErrors(): readonly DeliveryError[] {
    return this.#failed;
  }

  history(): Promise<readonly ReceivedMessage[]> {
    return Promise.reject(notYet("e-mail", "the history kept by the server"));
  }

  /** Logs in once more with what the session holds: the core's own connection cannot be asked from outside. */
  async ping(): Promise<void> {
    await imapLogin(this.person.server, this.address, this.person.password);
  }

  /** The core refuses mail that is not encrypted unless it is told otherwise (2.57, `force_encryption`). */
  async allowPlain(): Promise<void> {
    await this.#core.call("set_config", "force_encryption", "0");
  }

  /** Hands the own public key over to the other sessions of this driver. */
  async publishKey(): Promise<void> {
    this.#keys.set(this.address, await this.#core.call<string>("make_vcard", [self]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    await this.#core[Symbol.asyncDispose]();
    await Promise.all(this.#tunnels.map((tunnel) => tunnel[Symbol.asyncDispose]()));
  }
}

const emptyMessage = {
  text: null,
  html: null,
  viewtype: null,
  file: null,
  filename: null,
  location: null,
  overrideSenderName: null,
  quotedMessageId: null,
  quotedText: null,
};
