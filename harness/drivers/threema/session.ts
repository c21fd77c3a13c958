import { HarnessError } from "../../model/errors.ts";
import { destinationOf } from "../../model/session.ts";
import type { Person } from "../../model/server.ts";
import type {
  Conversation,
  Deadline,
  ReceivedMessage,
  SentMessage,
  Session,
  SessionEnd,
  WithEncryption,
  WithSecrets,
} from "../../model/session.ts";
import { Conditions } from "../conditions.ts";
import { Inbox } from "../inbox.ts";
import { messageTypes, open, seal } from "./box.ts";
import type { Delivered } from "./callback.ts";
import type { Gateway } from "./gateway.ts";

/** send_e2e takes texts of up to 3500 bytes. */
const maximumTextBytes = 3_500;

const lacking = (what: string): HarnessError =>
  new HarnessError("unsupported", `Threema Gateway has no ${what} for an identity of its own.`);

/**
 * An identity of Threema Gateway in end-to-end mode. Whatever it sends is sealed here with its own key; the gateway sees
 * boxes only. There are no groups, no archive and no retraction in this interface.
 */
export class ThreemaSession implements Session, WithEncryption, WithSecrets {
  readonly protocol = "threema";
  readonly method = "nacl-box";
  readonly person: Person;
  readonly address: string;
  readonly ended: Promise<SessionEnd>;
  /** Boxes that were not sealed by their alleged sender for us. */
  rejected = 0;
  readonly #gateway: Gateway;
  readonly #privateKey: Uint8Array;
  readonly #secrets: Readonly<Record<string, string>>;
  readonly #onClose: () => void;
  readonly #conditions = new Conditions();
  readonly #inbox = new Inbox(this.#conditions);
  readonly #seen = new Set<string>();
  readonly #end = Promise.withResolvers<SessionEnd>();
  #arriving: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    person: Person,
    gateway: Gateway,
    keys: { readonly privateKey: Uint8Array; readonly secrets: Readonly<Record<string, string>> },
    onClose: () => void,
  ) {
    this.person = person;
    this.address = person.address;
    this.ended = this.#end.promise;
    this.#gateway = gateway;
    this.#privateKey = keys.privateKey;
    this.#secrets = keys.secrets;
    this.#onClose = onClose;
  }

  /** Asks for the peer's key: without it nothing can be sealed. */
  async openDirect(peer: string): Promise<Conversation> {
    this.#requireOpen();
    await this.#gateway.publicKey(peer);
    return { kind: "direct", id: peer, between: [this.address, peer] };
  }

  openEncryptedDirect(peer: string): Promise<Conversation> {
    return this.openDirect(peer);
  }

  async createGroup(): Promise<Conversation> {
    throw lacking("groups");
  }

  async invite(): Promise<void> {
    throw lacking("groups");
  }

  /** A direct chat needs no joining. */
  async join({ kind }: Conversation): Promise<void> {
    if (kind === "group") throw lacking("groups");
  }

  async leave(): Promise<void> {
    throw lacking("groups");
  }

  async history(): Promise<readonly ReceivedMessage[]> {
    throw lacking("archive");
  }

  async sendEncryptedFile(): Promise<SentMessage> {
    throw lacking("files in this driver yet");
  }

  /** There is no way to send plain text in this mode: the same as {@link sendEncrypted}. */
  send(conversation: Conversation, text: string): Promise<SentMessage> {
    return this.sendEncrypted(conversation, text);
  }

  async sendEncrypted(conversation: Conversation, text: string): Promise<SentMessage> {
    this.#requireOpen();
    const data = new TextEncoder().encode(text);
    if (data.length > maximumTextBytes) {
      throw new HarnessError(
        "unsupported",
        `Threema Gateway takes texts of ${maximumTextBytes} bytes, got ${data.length}.`,
      );
    }
    const to = destinationOf(conversation, this.address);
    const sealed = seal({ type: messageTypes.text, data }, await this.#gateway.publicKey(to), this.#privateKey);
    const id = await this.#gateway.send(to, sealed);
    return { id, acknowledgedAt: performance.now() };
  }

  /**
   * Takes a message the callback delivered, in the order of arrival although the sender's key has to be asked for; what cannot
   * be opened with it is counted and dropped. Never rejects.
   */
  deliver(message: Delivered): Promise<void> {
    this.#arriving = this.#arriving.then(() => this.#take(message));
    return this.#arriving;
  }

  async #take({ from, messageId, nonce, box }: Delivered): Promise<void> {
    const at = performance.now();
    const theirs = await this.#gateway.publicKey(from).catch(() => undefined);
    const opened = theirs && open({ nonce, box }, theirs, this.#privateKey);
    if (opened === undefined) {
      this.rejected += 1;
      return;
    }
    // The gateway repeats a callback that was not answered in time.
    const key = `${from} ${messageId}`;
    if (this.#closed || opened.type !== messageTypes.text || this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#inbox.add({
      id: messageId,
      conversation: { kind: "direct", id: from, between: [this.address, from] },
      from,
      text: new TextDecoder().decode(opened.data),
      encrypted: true,
      at,
    });
  }

  received(predicate: (message: ReceivedMessage) => boolean, deadline: Deadline): Promise<ReceivedMessage> {
    return this.#inbox.first(predicate, deadline);
  }

  inbox(): readonly ReceivedMessage[] {
    return this.#inbox.all();
  }

  async ping(): Promise<void> {
    this.#requireOpen();
    await this.#gateway.credits();
  }

  secrets(): Readonly<Record<string, string>> {
    return this.#secrets;
  }

  #gone(): HarnessError {
    return new HarnessError("disconnected", `expected an open session of ${this.address}, but it was closed`);
  }

  #requireOpen(): void {
    if (this.#closed) throw this.#gone();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#conditions.fail(this.#gone());
    this.#onClose();
    await this.#gateway.close();
    this.#end.resolve({ at: performance.now() });
  }
}
