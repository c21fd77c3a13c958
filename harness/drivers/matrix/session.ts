import { HarnessError, hasCode } from "../../model/errors.ts";
import type { Person } from "../../model/server.ts";
import type {
  Attachment,
  Conversation,
  Deadline,
  ReceivedMessage,
  SentMessage,
  Session,
  SessionEnd,
  WithCorrection,
  WithExternals,
  WithEncryption,
  WithGroupVersions,
  WithInvitationRules,
  WithRetraction,
  WithSecrets,
  WithServerLimits,
  WithUploads,
} from "../../model/session.ts";
import { decryptAttachment, encryptAttachment } from "./attachment.ts";
import { roomPath, textOf, type ClientApi, type Json, type Login } from "./client-api.ts";
import { defaultTimeoutMs, type Connection } from "./connection.ts";
import { Conditions } from "../conditions.ts";
import { Inbox } from "../inbox.ts";
import { SdkClient, type SdkListener, type SeenEvent, type SeenRedaction } from "./sdk.ts";

/** Pages of a gap in the timeline that are fetched at most; 100 events each. */
const gapPages = 50;
const keyPollMs = 100;

export interface SessionParts {
  readonly connection: Connection;
  readonly api: ClientApi;
  readonly person: Person;
  readonly login: Login;
}

/** A device of a person: sync by the SDK, requests by {@link ClientApi}. */
export class MatrixSession
  implements
    Session,
    WithCorrection,
    WithExternals,
    WithGroupVersions,
    WithInvitationRules,
    WithRetraction,
    WithSecrets,
    WithServerLimits,
    WithUploads
{
  readonly protocol = "matrix" as const;
  readonly person: Person;
  readonly address: string;
  readonly ended: Promise<SessionEnd>;
  protected readonly api: ClientApi;
  protected readonly sdk: SdkClient;
  protected readonly conditions = new Conditions();
  readonly #inbox = new Inbox(this.conditions);
  readonly #redactions = new Map<string, SeenRedaction>();
  /** Newest text by the id of the message that was changed. */
  readonly #corrections = new Map<string, string>();
  /** Who sent a message: only that person may change it. */
  readonly #senders = new Map<string, string>();
  readonly #known = new Set<string>();
  readonly #sent = new Set<string>();
  /** What the caller said a room is; the server has no such word. */
  readonly #kinds = new Map<string, Conversation["kind"]>();
  readonly #login: Login;
  #end: (end: SessionEnd) => void = () => undefined;

  constructor({ connection, api, person, login }: SessionParts) {
    this.person = person;
    this.address = login.userId;
    this.api = api;
    this.#login = login;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    api.onLoggedOut = (error) => this.#finish(error);
    this.sdk = new SdkClient(connection, login, this.#listener());
  }

  /** Returns when the first sync is done. */
  async start(withinMs: number, encrypting = false): Promise<void> {
    await Promise.race([
      this.sdk.start(encrypting, withinMs),
      this.ended.then(({ error }) => {
        throw error ?? new HarnessError("disconnected", "the session ended before its first sync");
      }),
    ]);
  }

  secrets(): Readonly<Record<string, string>> {
    return { "access token": this.#login.token };
  }

  async openDirect(peer: string): Promise<Conversation> {
    const id = await this.api.createRoom({ preset: "trusted_private_chat", is_direct: true, invite: [peer] });
    return this.remember({ kind: "direct", id });
  }

  async createGroup(name: string): Promise<Conversation> {
    return this.remember({ kind: "group", id: await this.api.createRoom({ preset: "private_chat", name }) });
  }

  async groupVersions(): Promise<readonly string[]> {
    const { capabilities } = await this.api.call({ path: "/_matrix/client/v3/capabilities" });
    const versions = (capabilities as Record<string, Json | undefined> | undefined)?.["m.room_versions"];
    return Object.keys(versions?.["available"] ?? {});
  }

  async createGroupOfVersion(name: string, version: string): Promise<Conversation> {
    const id = await this.api.createRoom({ preset: "private_chat", name, room_version: version });
    return this.remember({ kind: "group", id });
  }

  async invite(conversation: Conversation, address: string): Promise<void> {
    await this.api.call({ method: "POST", path: `${roomPath(conversation.id)}/invite`, body: { user_id: address } });
  }

  async join(conversation: Conversation, deadline: Deadline): Promise<void> {
    this.remember(conversation);
    const end = performance.now() + deadline.withinMs;
    const left = (): number => Math.max(1, end - performance.now());
    const membership = await this.conditions.until(deadline, () => {
      const found = this.sdk.membership(conversation.id);
      return found?.state === "invite" || found?.state === "join" ? found : undefined;
    });
    if (membership.state === "join") return;
    const via = membership.invitedBy?.split(":").slice(1).join(":");
    await this.api.joinRoom(conversation.id, via === undefined ? [] : [via], left());
    await this.conditions.until({ what: `${deadline.what} (seen by sync)`, withinMs: left() }, () =>
      this.sdk.membership(conversation.id)?.state === "join" ? true : undefined,
    );
  }

  async leave(conversation: Conversation): Promise<void> {
    await this.api.call({ method: "POST", path: `${roomPath(conversation.id)}/leave`, body: {} });
  }

  send(conversation: Conversation, text: string): Promise<SentMessage> {
    return this.sendPlain(conversation, { msgtype: "m.text", body: text });
  }

  async sendFile(
    conversation: Conversation,
    name: string,
    bytes: Uint8Array,
  ): Promise<SentMessage & { readonly url: string }> {
    const url = await this.api.upload(name, bytes);
    const sent = await this.sendPlain(conversation, {
      msgtype: "m.file",
      body: name,
      filename: name,
      url,
      info: { size: bytes.length, mimetype: "application/octet-stream" },
    });
    return { ...sent, url };
  }

  received(predicate: (message: ReceivedMessage) => boolean, deadline: Deadline): Promise<ReceivedMessage> {
    return this.#inbox.first(predicate, deadline);
  }

  inbox(): readonly ReceivedMessage[] {
    return this.#inbox.all();
  }

  async history(conversation: Conversation, limit: number): Promise<readonly ReceivedMessage[]> {
    const found: ReceivedMessage[] = [];
    let from: string | undefined;
    do {
      const page = await this.#page(conversation.id, from);
      for (const raw of page.chunk) {
        const event = await this.sdk.show(raw);
        if (event !== undefined && isText(event) && found.length < limit) found.push(this.#messageOf(event));
      }
      from = page.end;
    } while (from !== undefined && found.length < limit);
    return found.toReversed();
  }

  async ping(): Promise<void> {
    await this.api.call({ path: "/_matrix/client/v3/account/whoami" });
  }

  /** MSC4155; the block of 1.18 (MSC4380) knows no exceptions. */
  async acceptInvitationsOnlyFrom(addresses: readonly string[]): Promise<void> {
    const type = "org.matrix.msc4155.invite_permission_config";
    const rules = { enabled: true, allowed_users: addresses, blocked_servers: ["*"] };
    await this.#accountData(type, rules);
  }

  async block(address: string): Promise<void> {
    await this.#accountData("m.ignored_user_list", { ignored_users: { [address]: {} } });
  }

  async #accountData(type: string, body: Json): Promise<void> {
    const path = `/_matrix/client/v3/user/${encodeURIComponent(this.address)}/account_data/${type}`;
    await this.api.call({ method: "PUT", path, body });
  }

  async openToAll(conversation: Conversation): Promise<void> {
    await this.#state(conversation, "m.room.join_rules", { join_rule: "public" });
  }

  async denyServer(conversation: Conversation, domain: string): Promise<void> {
    await this.#state(conversation, "m.room.server_acl", { allow: ["*"], deny: [domain], allow_ip_literals: false });
  }

  /** Of synapse-room-access-rules; to any other server an event like those of any client. */
  async admitExternals(conversation: Conversation): Promise<void> {
    await this.#state(conversation, "im.vector.room.access_rules", { rule: "unrestricted" });
  }

  async #state(conversation: Conversation, type: string, body: Json): Promise<void> {
    await this.api.call({ method: "PUT", path: `${roomPath(conversation.id)}/state/${type}/`, body });
  }

  async correct(conversation: Conversation, messageId: string, text: string): Promise<void> {
    await this.sendPlain(conversation, {
      msgtype: "m.text",
      body: `* ${text}`,
      "m.new_content": { msgtype: "m.text", body: text },
      "m.relates_to": { rel_type: "m.replace", event_id: messageId },
    });
  }

  async corrected(messageId: string, text: string, deadline: Deadline): Promise<void> {
    await this.conditions.until(deadline, () => (this.#corrections.get(messageId) === text ? true : undefined));
  }

  async retract(conversation: Conversation, messageId: string): Promise<void> {
    const path = `${roomPath(conversation.id)}/redact/${encodeURIComponent(messageId)}/${crypto.randomUUID()}`;
    await this.api.call({ method: "PUT", path, body: {} });
  }

  async retracted(messageId: string, deadline: Deadline): Promise<{ readonly marked: boolean }> {
    const redaction = await this.conditions.until(deadline, () =>
      this.sdk.isRedacted(messageId) === true ? this.#redactions.get(messageId) : undefined,
    );
    return { marked: redaction.sender !== "" && redaction.at > 0 };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#finish();
    return Promise.resolve();
  }

  protected remember(conversation: Conversation): Conversation {
    this.#kinds.set(conversation.id, conversation.kind);
    return conversation;
  }

  protected async sendPlain(conversation: Conversation, content: Json): Promise<SentMessage> {
    return this.acknowledged(await this.api.sendEvent(conversation.id, "m.room.message", content));
  }

  protected acknowledged(id: string): SentMessage {
    this.#sent.add(id);
    return { id, acknowledgedAt: performance.now() };
  }

  #listener(): SdkListener {
    return {
      event: (event) => this.#arrived(event),
      redaction: (redaction) => {
        this.#redactions.set(redaction.id, redaction);
        this.conditions.changed();
      },
      synced: () => this.conditions.changed(),
      gap: (roomId, from) => void this.#fill(roomId, from),
      loggedOut: (error) => this.#finish(new HarnessError("refused", `the server ended the session: ${error.message}`)),
      lostConnection: (error) => this.#finish(new HarnessError("disconnected", `lost the server: ${error.message}`)),
    };
  }

  #arrived(event: SeenEvent): void {
    const isNew = !this.#known.has(event.id);
    this.#known.add(event.id);
    const correction = correctionIn(event);
    if (correction !== undefined) return this.#onCorrection(event.sender, correction);
    if (isNew) this.#senders.set(event.id, event.sender);
    const isOwn = event.sender === this.address && (event.ownTransaction || this.#sent.has(event.id));
    if (isNew && !isOwn && isMessage(event)) this.#inbox.add(this.#messageOf(event));
    else this.conditions.changed();
  }

  #onCorrection(sender: string, { of, text }: Correction): void {
    if (this.#senders.get(of) === sender) this.#corrections.set(of, text);
    this.conditions.changed();
  }

  /** Fetches what a sync left out, newest first, until something known; then shows it in the order it was sent. */
  async #fill(roomId: string, from: string): Promise<void> {
    const missed: SeenEvent[] = [];
    try {
      let next: string | undefined = from;
      for (let pages = 0; next !== undefined && pages < gapPages; pages += 1) {
        const page: Page = await this.#page(roomId, next);
        const isKnown = page.chunk.some((raw) => this.#known.has(textOf(raw["event_id"])));
        for (const raw of page.chunk) {
          const event = await this.sdk.show(raw);
          if (event !== undefined && !this.#known.has(event.id)) missed.push(event);
        }
        next = isKnown ? undefined : page.end;
      }
    } catch (error) {
      // A gap that stays open would look like lost messages.
      if (!hasCode(error, "refused")) this.#finish(error as Error);
    }
    for (const event of missed.toReversed()) this.#arrived(event);
  }

  async #page(roomId: string, from: string | undefined): Promise<Page> {
    const start = from === undefined ? "" : `&from=${encodeURIComponent(from)}`;
    const answer = await this.api.call({ path: `${roomPath(roomId)}/messages?dir=b&limit=100${start}` });
    const chunk = Array.isArray(answer["chunk"]) ? (answer["chunk"] as readonly Json[]) : [];
    return { chunk, end: typeof answer["end"] === "string" ? answer["end"] : undefined };
  }

  #messageOf(event: SeenEvent): ReceivedMessage {
    const attachment = this.#attachmentOf(event.content);
    return {
      id: event.id,
      conversation: { kind: this.#kinds.get(event.roomId) ?? "group", id: event.roomId },
      from: event.sender,
      text: textOf(event.content["body"]),
      encrypted: event.encrypted,
      at: performance.now(),
      ...(attachment === undefined ? {} : { attachment }),
    };
  }

  #attachmentOf({ url, file, body }: Json): Attachment | undefined {
    const encrypted = typeof file === "object" && file !== null ? (file as Json) : undefined;
    const address = encrypted === undefined ? url : encrypted["url"];
    if (typeof address !== "string") return undefined;
    return {
      name: textOf(body),
      url: address,
      bytes: async () => {
        const bytes = await this.api.download(address);
        return encrypted === undefined ? bytes : decryptAttachment(bytes, encrypted);
      },
    };
  }

  #finish(error?: Error): void {
    this.#end({ at: performance.now(), ...(error === undefined ? {} : { error }) });
    const reason = error ?? new HarnessError("disconnected", "this session was closed");
    this.conditions.fail(reason);
    this.api.close(reason);
    this.sdk.stop();
  }
}

/** A session whose device has keys and can encrypt. */
export class EncryptingMatrixSession extends MatrixSession implements WithEncryption {
  readonly method = "megolm";
  /** Content of m.room.encryption in new rooms: the algorithm alone, so that the client's own rotation applies. */
  protected encryption: Json = { algorithm: "m.megolm.v1.aes-sha2" };

  async openEncryptedDirect(peer: string): Promise<Conversation> {
    const id = await this.api.createRoom({
      preset: "trusted_private_chat",
      is_direct: true,
      invite: [peer],
      initial_state: [{ type: "m.room.encryption", state_key: "", content: this.encryption }],
    });
    const end = performance.now() + defaultTimeoutMs;
    while (!(await this.sdk.canEncrypt(id, peer))) {
      if (performance.now() > end) {
        throw new HarnessError("deadline", `waited ${defaultTimeoutMs} ms for an encrypted room and keys of ${peer}`);
      }
      await new Promise((resolve) => setTimeout(resolve, keyPollMs));
    }
    return this.remember({ kind: "direct", id });
  }

  async sendEncrypted(conversation: Conversation, text: string): Promise<SentMessage> {
    return this.acknowledged(await this.sdk.sendEncrypted(conversation.id, { msgtype: "m.text", body: text }));
  }

  async sendEncryptedFile(conversation: Conversation, name: string, bytes: Uint8Array): Promise<SentMessage> {
    const { bytes: ciphertext, file } = await encryptAttachment(bytes);
    // The name of the file is content too, so the server gets none.
    const url = await this.api.upload("", ciphertext);
    const content = {
      msgtype: "m.file",
      body: name,
      filename: name,
      file: { ...file, url },
      info: { size: bytes.length },
    };
    return this.acknowledged(await this.sdk.sendEncrypted(conversation.id, content));
  }
}

interface Page {
  readonly chunk: readonly Json[];
  readonly end: string | undefined;
}

interface Correction {
  readonly of: string;
  readonly text: string;
}

const objectOf = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};

/** A change of an earlier message (Matrix 1.18, client-server 11.18.3); the new text stands in `m.new_content`. */
function correctionIn({ content }: SeenEvent): Correction | undefined {
  const relation = objectOf(content["m.relates_to"]);
  if (relation["rel_type"] !== "m.replace") return undefined;
  return { of: textOf(relation["event_id"]), text: textOf(objectOf(content["m.new_content"])["body"]) };
}

const isText = (event: SeenEvent): boolean => isMessage(event) && correctionIn(event) === undefined;

const isMessage = (event: SeenEvent): boolean =>
  event.type === "m.room.message" && typeof event.content["body"] === "string";
