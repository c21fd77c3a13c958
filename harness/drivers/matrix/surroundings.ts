import type { Conversation, SentMessage } from "../../model/session.ts";
import type { ServerRecord, ShownSurroundings, WithSurroundings } from "../../model/surroundings.ts";
import { encryptAttachment } from "./attachment.ts";
import { roomPath, type Json } from "./client-api.ts";
import { EndToEndMatrixSession } from "./end-to-end.ts";
import type { SessionParts } from "./session.ts";

const requestsKept = 5_000;
const charactersKept = 64 * 1024;

/** Requests whose body holds a password. */
const isLogin = (path: string): boolean => /\/(?:login|device_signing\/upload)\b/.test(path);

/** The SDK with what stands around messages: names, pictures, reactions, answers, marks, files. */
export class SurroundedMatrixSession extends EndToEndMatrixSession implements WithSurroundings {
  readonly #handedOver: string[] = [];

  constructor(parts: SessionParts) {
    super(parts);
    this.sdk.onRequest = (method, address, body) => this.#note(method, new URL(address).pathname, body);
    this.api.onCall = ({ method = "GET", path, raw, body }) =>
      this.#note(
        method,
        path,
        raw === undefined ? JSON.stringify(body ?? null) : `${raw.type} ${Buffer.from(raw.bytes).toString("utf8")}`,
      );
  }

  async describe(
    { id }: Conversation,
    { name, topic }: { readonly name: string; readonly topic: string },
  ): Promise<void> {
    const put = (type: string, body: Json): Promise<unknown> =>
      this.api.call({ method: "PUT", path: `${roomPath(id)}/state/${type}/`, body });
    await put("m.room.name", { name });
    await put("m.room.topic", { topic });
  }

  async setPicture(bytes: Uint8Array): Promise<void> {
    const url = await this.api.upload("", bytes, "image/png");
    const path = `/_matrix/client/v3/profile/${encodeURIComponent(this.address)}/avatar_url`;
    await this.api.call({ method: "PUT", path, body: { avatar_url: url } });
  }

  async react({ id }: Conversation, messageId: string, reaction: string, encrypted: boolean): Promise<void> {
    const content = { "m.relates_to": { rel_type: "m.annotation", event_id: messageId, key: reaction } };
    await (encrypted ? this.sdk.sendAsUsual(id, "m.reaction", content) : this.api.sendEvent(id, "m.reaction", content));
  }

  async reply(conversation: Conversation, messageId: string, text: string, encrypted: boolean): Promise<SentMessage> {
    const content = { msgtype: "m.text", body: text, "m.relates_to": { "m.in_reply_to": { event_id: messageId } } };
    if (!encrypted) return this.sendPlain(conversation, content);
    return this.acknowledged(await this.sdk.sendEncrypted(conversation.id, content));
  }

  async markRead({ id }: Conversation, messageId: string): Promise<void> {
    await this.sdk.markRead(id, messageId);
  }

  async sendNamedFile(
    conversation: Conversation,
    { name, type, bytes }: { readonly name: string; readonly type: string; readonly bytes: Uint8Array },
    encrypted: boolean,
  ): Promise<void> {
    const about = { msgtype: "m.file", body: name, filename: name, info: { size: bytes.length, mimetype: type } };
    if (!encrypted) {
      const url = await this.api.upload(name, bytes, type);
      await this.sendPlain(conversation, { ...about, url });
      return;
    }
    const { bytes: ciphertext, file } = await encryptAttachment(bytes);
    // As clients do (client-server 11.13.1.6.1): name and type stand in the encrypted event alone.
    const url = await this.api.upload("", ciphertext);
    await this.sdk.sendEncrypted(conversation.id, { ...about, file: { ...file, url } });
  }

  finishPending(): Promise<void> {
    return Promise.resolve();
  }

  shown({ id }: Conversation): Promise<ShownSurroundings> {
    return Promise.resolve(this.sdk.shown(id));
  }

  async recordOf({ id }: Conversation, messageId: string): Promise<ServerRecord> {
    const event = await this.api.call({ path: `${roomPath(id)}/event/${encodeURIComponent(messageId)}` });
    const at = event["origin_server_ts"];
    return { raw: JSON.stringify(event), at: typeof at === "number" ? at : undefined };
  }

  handedOver(): readonly string[] {
    return [...this.#handedOver];
  }

  #note(method: string, path: string, body: string): void {
    if (isLogin(path) || this.#handedOver.length >= requestsKept) return;
    this.#handedOver.push(`${method} ${unescaped(path)} ${body.slice(0, charactersKept)}`);
  }
}

/** Ids and names stand percent-encoded in a path. */
function unescaped(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
