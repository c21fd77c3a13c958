import type { Page } from "playwright-core";
import { HarnessError, type ErrorCode } from "../../model/errors.ts";
import type { Person } from "../../model/server.ts";
import type {
  Attachment,
  Conversation,
  Deadline,
  ReceivedMessage,
  SentMessage,
  Session,
  SessionEnd,
  TrafficFrame,
  WithEncryption,
  WithScreenshot,
  WithSecrets,
  WithTraffic,
} from "../../model/session.ts";
import { destinationOf } from "../../model/session.ts";
import { callPage, type BenchFunctions, type FileOutcome, type PageEvent } from "./bench-page.ts";
import { elapsed, type Conditions } from "../conditions.ts";
import { Inbox } from "../inbox.ts";
import { despiteNetworkChanges } from "./network-change.ts";
import { encryptionFault, plainnessFault } from "./stanzas.ts";
import type { Wire } from "./wire.ts";

export interface EncryptingSession extends Session, WithEncryption, WithSecrets, WithTraffic, WithScreenshot {
  /** Hosts and ports outside of the lab that the client asked for; none was reached. May be hostile text. */
  blockedContacts(): readonly string[];
}

const answerMs = 30_000;

export interface SessionParts {
  readonly person: Person;
  readonly page: Page;
  readonly wire: Wire;
  readonly conditions: Conditions;
  /** What the tunnel refused so far. */
  readonly refused: readonly string[];
  /** Closes page, storage and tunnel. */
  close(): Promise<void>;
}

/** A person's Converse.js in a Chromium context of its own (storage, OMEMO keys). */
export class ConverseSession implements EncryptingSession {
  readonly protocol = "xmpp";
  readonly method = "omemo";
  readonly person: Person;
  readonly address: string;
  readonly ended: Promise<SessionEnd>;
  protected readonly parts: SessionParts;
  readonly #end = Promise.withResolvers<SessionEnd>();
  readonly #inbox: Inbox;
  readonly #fileKeys: string[] = [];
  #undecryptable: readonly string[] = [];
  #disposing: Promise<void> | undefined;
  /** Converse has one encryption switch per chat, so sending goes one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  readonly #encrypting = new Set<string>();

  constructor(parts: SessionParts) {
    this.parts = parts;
    this.#inbox = new Inbox(parts.conditions);
    this.person = parts.person;
    this.address = parts.person.address;
    this.ended = this.#end.promise;
  }

  /** Takes in what the page reports. */
  onEvent(event: PageEvent): void {
    if (event.type === "message") this.#onMessage(event);
    if (event.type === "undecryptable") this.#undecryptable = [...this.#undecryptable, event.text].slice(-20);
    if (event.type === "handled") this.parts.wire.markHandled(event.id);
    this.parts.conditions.changed();
  }

  /** The session is over without our doing. */
  onFault(error: Error): void {
    if (this.#disposing !== undefined) return;
    this.parts.conditions.fail(error);
    this.#end.resolve({ at: performance.now(), error });
  }

  async openDirect(peer: string): Promise<Conversation> {
    await this.call(`opening a chat with ${peer}`, "openDirect", peer);
    return { kind: "direct", id: peer, between: [this.address, peer] };
  }

  async openEncryptedDirect(peer: string): Promise<Conversation> {
    const what = `OMEMO device lists and bundles of ${this.address} and of ${peer} on their servers`;
    const until = performance.now() + answerMs;
    for (;;) {
      const state = await this.inTurn(() => this.call(what, "encryptWith", peer));
      if (state === "active") break;
      if (performance.now() > until) throw elapsed({ what: `${what} (${state})`, withinMs: answerMs });
      await pause(pollMs);
    }
    await this.#handshake(peer);
    this.#encrypting.add(peer);
    return { kind: "direct", id: peer, between: [this.address, peer] };
  }

  send(conversation: Conversation, text: string): Promise<SentMessage> {
    return this.#sendChecked(conversation, text, false);
  }

  /** The first answer in a chat that the other side opened has to learn its keys, too. */
  async sendEncrypted(conversation: Conversation, text: string): Promise<SentMessage> {
    const peer = peerOf(conversation, this.address);
    if (conversation.kind === "direct" && !this.#encrypting.has(peer)) await this.openEncryptedDirect(peer);
    return this.#sendChecked(conversation, text, true);
  }

  sendEncryptedFile(conversation: Conversation, name: string, bytes: Uint8Array): Promise<SentMessage> {
    return despiteNetworkChanges(() => this.#sendFile(conversation, name, bytes));
  }

  async #sendFile(conversation: Conversation, name: string, bytes: Uint8Array): Promise<SentMessage> {
    this.parts.wire.upload = undefined;
    const outcome = await this.inTurn(() =>
      this.call(`upload of ${name} and its message`, "sendFile", peerOf(conversation, this.address), name, [...bytes]),
    );
    if (outcome.lacks !== undefined) throw lacking(this.person, outcome.lacks);
    if (outcome.error !== undefined) throw await this.#uploadFailure(name, outcome.error);
    const url = outcome.url ?? "";
    this.#fileKeys.push(url.slice(url.indexOf("#") + 1));
    return this.#acknowledged(outcome.id, (frame) => encryptionFault(frame, url));
  }

  received(predicate: (message: ReceivedMessage) => boolean, deadline: Deadline): Promise<ReceivedMessage> {
    return this.#inbox.first(predicate, deadline).catch((error: unknown) => {
      throw this.#withDecryptionFailures(error);
    });
  }

  inbox(): readonly ReceivedMessage[] {
    return this.#inbox.all();
  }

  async ping(): Promise<void> {
    const answer = await this.call("answer to a ping", "ping");
    if (answer === "") throw elapsed({ what: "answer to a ping", withinMs: answerMs });
    // An error answer is served, too, unless it says that we may not.
    if (/<(not-authorized|forbidden|not-allowed)\b/.test(answer)) {
      throw new HarnessError("refused", `Ping of ${this.address}: ${answer.slice(0, 2048)}`);
    }
  }

  /** An extension this client cannot work without and the server lacks; empty if there is none. */
  lacks(): Promise<string> {
    return this.call("the features the server announces", "lacks");
  }

  secrets(): Readonly<Record<string, string>> {
    const keys = this.#fileKeys.map((key, index) => [`file-key-${index + 1}`, key] as const);
    return { password: this.person.password, ...Object.fromEntries(keys) };
  }

  traffic(): readonly TrafficFrame[] {
    return this.parts.wire.frames();
  }

  blockedContacts(): readonly string[] {
    return [...this.parts.refused];
  }

  screenshot(): Promise<Uint8Array> {
    return this.parts.page.screenshot({ timeout: answerMs });
  }

  /** Members only with visible addresses, which OMEMO asks for; nothing is encrypted until asked for. */
  async createGroup(name: string): Promise<Conversation> {
    const id = `${roomName(name)}@conference.${this.person.server.domain}`;
    await this.call(`creating the room ${id}`, "enterGroup", id, true);
    await this.#entered({ what: `the room ${id} to be made and entered`, withinMs: answerMs }, id);
    return { kind: "group", id };
  }

  /** Membership is the invitation: members only may enter (XEP-0045, 9.3). */
  invite(conversation: Conversation, address: string): Promise<void> {
    return this.setAffiliation(conversation, address, "member");
  }

  /** Direct chats need no acceptance in XMPP. */
  async join(conversation: Conversation, deadline: Deadline): Promise<void> {
    if (conversation.kind === "direct") return;
    await this.call(deadline.what, "enterGroup", conversation.id, false);
    await this.#entered(deadline, conversation.id);
  }

  async #entered(deadline: Deadline, room: string): Promise<void> {
    const until = performance.now() + deadline.withinMs;
    for (;;) {
      const state = await this.call(deadline.what, "groupState", room);
      if (state === "in") return;
      if (performance.now() > until) throw elapsed({ ...deadline, what: `${deadline.what} (${state})` });
      await pause(pollMs);
    }
  }

  protected async setAffiliation({ id }: Conversation, address: string, affiliation: string): Promise<void> {
    const what = `${affiliation} for ${address} in ${id}`;
    const answer = await this.call(what, "setAffiliation", id, address, affiliation);
    if (answer === "") throw elapsed({ what, withinMs: answerMs });
    if (/\btype=["']error["']/.test(answer)) throw new HarnessError("refused", `${what}: ${answer.slice(0, 2048)}`);
  }

  leave(): Promise<void> {
    return unsupported("leaving a conversation");
  }

  history(): Promise<readonly ReceivedMessage[]> {
    return unsupported("reading the archive");
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  async #dispose(): Promise<void> {
    this.#end.resolve({ at: performance.now() });
    this.parts.conditions.fail(new HarnessError("disconnected", `The session of ${this.address} was closed by us`));
    await this.parts.close();
  }

  /**
   * Waits for the partner's answer to the key exchange. Not needed for correctness (a partner that is offline or has
   * another client gives none), but until then each message carries the exchange again.
   */
  async #handshake(peer: string): Promise<void> {
    const until = performance.now() + handshakeMs;
    while (!(await this.call(`answer of ${peer} to the key exchange`, "hasAnswered", peer))) {
      if (performance.now() > until) return;
      await pause(pollMs);
    }
  }

  #onMessage(event: PageEvent & { readonly type: "message" }): void {
    const from = event.from.replace(/\/.*$/s, "");
    const attachment = this.#attachment(event, from);
    this.#inbox.add({
      id: event.id,
      conversation: event.room === undefined ? { kind: "direct", id: from } : { kind: "group", id: event.room },
      from,
      text: event.text,
      encrypted: event.encrypted,
      at: performance.now(),
      ...(attachment === undefined ? {} : { attachment }),
    });
  }

  /** `aesgcm:` in an encrypted message is a file of XEP-0454; a plain one is announced as out-of-band data (XEP-0066). */
  #attachment(event: PageEvent & { readonly type: "message" }, peer: string): Attachment | undefined {
    const url = event.text;
    if (event.encrypted && /^aesgcm:\/\/\S+$/.test(url)) {
      return { name: fileName(url), url, bytes: () => this.#decryptedFile(peer, url) };
    }
    if (event.oobUrl !== url || !URL.canParse(url)) return undefined;
    return { name: fileName(url), url, bytes: async () => bytesOf(await this.call(url, "download", url), url) };
  }

  async #decryptedFile(peer: string, url: string): Promise<Uint8Array> {
    const what = `Converse.js showing the decrypted file ${fileName(url)}`;
    const until = performance.now() + answerMs;
    let attempt = 1;
    for (;;) {
      const outcome = await this.call(what, "decryptedFile", peer, url);
      if (outcome !== undefined && (outcome.error === undefined || attempt++ === downloadAttempts)) {
        return bytesOf(outcome, fileName(url));
      }
      if (performance.now() > until) throw elapsed({ what, withinMs: answerMs });
      await pause(pollMs);
    }
  }

  async #sendChecked(conversation: Conversation, text: string, encrypted: boolean): Promise<SentMessage> {
    const what = `sending ${encrypted ? "an encrypted" : "a plain"} message`;
    const outcome = await this.inTurn(() =>
      this.call(what, "send", peerOf(conversation, this.address), text, encrypted),
    );
    if (outcome.lacks !== undefined) throw lacking(this.person, outcome.lacks);
    if (outcome.error !== undefined) throw this.#failure("harness-fault", what, outcome.error);
    const fault = encrypted ? encryptionFault : plainnessFault;
    return this.#acknowledged(outcome.id, (frame) => fault(frame, text));
  }

  /** Waits until the server took responsibility, then looks at what really went over the wire. */
  async #acknowledged(id: string, fault: (frame: string) => string | undefined): Promise<SentMessage> {
    const { conditions, wire } = this.parts;
    await conditions.until({ what: `the server's acknowledgement of message ${id}`, withinMs: answerMs }, () => {
      const words = wire.errorFor(id);
      if (words !== undefined) throw new HarnessError("refused", `The server sent the message back: ${words}`);
      return wire.isAcknowledged(id) || undefined;
    });
    const acknowledgedAt = performance.now();
    const problem = fault(wire.sentStanza(id) ?? "");
    if (problem === undefined) return { id, acknowledgedAt };
    throw new HarnessError("harness-fault", `Converse.js sent a stanza that is not what was asked for: ${problem}`);
  }

  /** What Converse told the user, as an error; the end of the session if that is why. */
  #failure(code: ErrorCode, what: string, words: string): Error {
    return this.parts.conditions.fault ?? new HarnessError(code, `${what}: ${words.slice(0, 2048)}`);
  }

  /** Only an answer of the server is a refusal; an upload that got none (CORS, connection) tells nothing about it. */
  async #uploadFailure(name: string, words: string): Promise<Error> {
    const { conditions, wire } = this.parts;
    if (wire.upload === undefined) return this.#failure("refused", `upload of ${name}`, words); // No slot was given.
    const settled = { what: `Chromium telling how the upload of ${name} ended`, withinMs: answerMs };
    const upload = await conditions.until(settled, () => (wire.upload === "under-way" ? undefined : wire.upload));
    if ("status" in upload && upload.status >= 300)
      return this.#failure("refused", `upload of ${name}`, `HTTP ${upload.status}`);
    const reason = "error" in upload ? upload.error : words;
    return new HarnessError("lab-fault", `Upload of ${name} did not get through: ${reason}`, {
      hint: "The server has to allow uploads to a web client of another origin (Access-Control-Allow-Origin)",
    });
  }

  /** Waits until the page says yes. Throws `deadline`. */
  protected async pollFor(what: string, look: () => Promise<boolean>): Promise<void> {
    const until = performance.now() + answerMs;
    while (!(await look())) {
      if (performance.now() > until) throw elapsed({ what, withinMs: answerMs });
      await pause(pollMs);
    }
  }

  protected inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  protected async call<Name extends keyof BenchFunctions>(
    what: string,
    name: Name,
    ...args: Parameters<BenchFunctions[Name]>
  ): Promise<Awaited<ReturnType<BenchFunctions[Name]>>> {
    const { conditions, page } = this.parts;
    if (conditions.fault !== undefined) throw conditions.fault;
    const ended = this.ended.then(({ error }) => {
      throw error ?? conditions.fault ?? new HarnessError("disconnected", `${what}: the session is over`);
    });
    return Promise.race([callPage(page, { what, withinMs: answerMs }, name, ...args), ended]).catch(
      (error: unknown) => {
        throw conditions.fault ?? error;
      },
    );
  }

  #withDecryptionFailures(error: unknown): unknown {
    if (!(error instanceof HarnessError) || this.#undecryptable.length === 0) return error;
    const words = this.#undecryptable.join("; ").slice(0, 2048);
    return new HarnessError(error.code, `${error.message}. Converse.js could not decrypt: ${words}`, { cause: error });
  }
}

const pollMs = 50;
/** A download may be hit by a change of the machine's network, see network-change.ts; Converse does not tell. */
const downloadAttempts = 3;
/**
 * The partner publishes two bundles (16 kB) for each of the two messages of an exchange before it answers. Prosody's default limits
 * let them through in about 2 s, ejabberd's (26.07, c2s: 3000 bytes/s after 20 kB) in 10 to 11 s.
 */
const handshakeMs = 30_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The error for a server without an extension that this client needs. */
export const lacking = (person: Person, extension: string): HarnessError =>
  new HarnessError("unsupported", `${person.server.domain} does not announce ${extension}, which Converse.js needs`);

export const peerOf = (conversation: Conversation, own: string): string => destinationOf(conversation, own);

const roomName = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9-]+/g, "-");

const unsupported = (what: string): Promise<never> =>
  Promise.reject(new HarnessError("unsupported", `The Converse.js driver has no ${what}; use the xmpp driver`));

function bytesOf(outcome: FileOutcome, what: string): Uint8Array {
  if (outcome.error === undefined) return Buffer.from(outcome.base64, "base64");
  // Converse does not tell whether the server refused or the connection failed.
  throw new HarnessError("lab-fault", `${what}: ${outcome.error.slice(0, 2048)}`);
}

function fileName(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : url;
  const name = path.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
