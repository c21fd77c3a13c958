import { randomUUID } from "node:crypto";
import type {
  Cryptography,
  SealedMessage,
  StolenState,
  UntouchedChat,
  WithEndToEnd,
  WithKeyBackup,
  WithVerification,
  Comparison,
  SignedDevices,
} from "../../model/end-to-end.ts";
import { HarnessError } from "../../model/errors.ts";
import type { Conversation, Session } from "../../model/session.ts";
import { roomPath, textOf, type Json } from "./client-api.ts";
import { defaultTimeoutMs } from "./connection.ts";
import { EncryptingMatrixSession } from "./session.ts";

const pollMs = 50;
const storedTypes = ["m.room.encrypted", "m.room.message"];
/** matrix-sdk-crypto's EncryptionSettings when the room states nothing; the specification recommends the same week. */
const clientRotationMs = 604_800_000;

/** The SDK with what the bench looks at and does as a thief or as a hostile server. */
export class EndToEndMatrixSession
  extends EncryptingMatrixSession
  implements WithEndToEnd, WithKeyBackup, WithVerification
{
  async createEncryptedGroup(name: string): Promise<Conversation> {
    const id = await this.api.createRoom({
      preset: "private_chat",
      name,
      initial_state: [{ type: "m.room.encryption", state_key: "", content: this.encryption }],
    });
    await this.#until("the new room to be known as encrypted", () => this.sdk.isEncryptedRoom(id));
    return this.remember({ kind: "group", id });
  }

  keepKeysFor(messages: number, seconds: number): void {
    this.encryption = { ...this.encryption, rotation_period_msgs: messages, rotation_period_ms: seconds * 1000 };
  }

  async openUntouched(kind: Conversation["kind"], peer: string): Promise<UntouchedChat> {
    const options =
      kind === "direct"
        ? { preset: "trusted_private_chat", is_direct: true, invite: [peer] }
        : { preset: "private_chat", name: `untouched ${randomUUID()}` };
    const conversation = this.remember({ kind, id: await this.api.createRoom(options) });
    const { state } = await this.#roomState(conversation.id);
    return { conversation, encrypted: state.some(({ type }) => type === "m.room.encryption") };
  }

  encryptsFor({ id }: Conversation, people: readonly string[]): Promise<boolean> {
    return this.sdk.encryptsFor(id, people);
  }

  befriend(): Promise<void> {
    return Promise.resolve();
  }

  devicesOf(address: string): Promise<number> {
    return this.sdk.devicesOf(address);
  }

  async removeMember({ id }: Conversation, address: string): Promise<void> {
    await this.api.call({ method: "POST", path: `${roomPath(id)}/ban`, body: { user_id: address } });
    // Only with the next sync does the client know, and changes the key; until then its user still sees the person in the list.
    await this.#until("the removed person to be gone from the list", async () => !this.sdk.isMember(id, address));
  }

  sealed({ id }: Conversation): readonly SealedMessage[] {
    return this.sdk.sealed(id);
  }

  steal(): Promise<StolenState> {
    return this.sdk.steal();
  }

  async keyAgeLimit({ id }: Conversation): Promise<number> {
    const { state } = await this.#roomState(id);
    const { content } = state.find(({ type }) => type === "m.room.encryption") ?? {};
    const stated = ((content ?? {}) as Json)["rotation_period_ms"];
    return (typeof stated === "number" ? stated : clientRotationMs) / 1000;
  }

  async archived({ id }: Conversation, limit: number): Promise<readonly SealedMessage[]> {
    const answer = await this.api.call({ path: `${roomPath(id)}/messages?dir=b&limit=${limit}` });
    const chunk = Array.isArray(answer["chunk"]) ? (answer["chunk"] as readonly Json[]) : [];
    return chunk
      .filter(({ type, sender }) => storedTypes.includes(textOf(type)) && sender !== this.address)
      .map((event) => ({
        id: textOf(event["event_id"]),
        raw: JSON.stringify({ ...event, room_id: id }),
        keyId: event["type"] === "m.room.encrypted" ? textOf((event["content"] as Json)["session_id"]) : undefined,
      }));
  }

  async setHistoryForNewMembers({ id }: Conversation, shown: boolean): Promise<void> {
    const path = `${roomPath(id)}/state/m.room.history_visibility/`;
    await this.api.call({ method: "PUT", path, body: { history_visibility: shown ? "shared" : "joined" } });
  }

  injectAsServer(
    { id }: Conversation,
    from: string,
    what: { readonly message: SealedMessage } | { readonly text: string },
  ): Promise<string | undefined> {
    const fresh = { event_id: `$${randomUUID().replaceAll("-", "")}`, room_id: id, origin_server_ts: Date.now() };
    const event: Json =
      "message" in what
        ? (JSON.parse(what.message.raw) as Json)
        : { sender: from, type: "m.room.message", content: { msgtype: "m.text", body: what.text } };
    return this.sdk.inject(id, { ...event, ...fresh });
  }

  /** The SDK has no screen: it hands a plain event to the program without a mark. */
  warnings(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  cryptography(): Promise<Cryptography> {
    return this.sdk.cryptography();
  }

  async enableKeyBackup(): Promise<{
    readonly recoveryKey: string;
    readonly secrets: Readonly<Record<string, string>>;
  }> {
    const recoveryKey = await this.sdk.enableKeyBackup(this.person.password);
    const backupKey = await this.sdk.backupKey();
    return {
      recoveryKey,
      secrets: { recoveryKey: recoveryKey.replaceAll(" ", ""), ...(backupKey === undefined ? {} : { backupKey }) },
    };
  }

  async isBackedUp(): Promise<boolean> {
    // Asked afresh: the SDK remembers what the server said when the backup was made.
    const [held, { count }] = await Promise.all([
      this.sdk.heldKeys(),
      this.api.call({ path: "/_matrix/client/v3/room_keys/version" }),
    ]);
    return held > 0 && typeof count === "number" && count >= held;
  }

  restoreKeyBackup(recoveryKey: string): Promise<void> {
    return this.sdk.restoreKeyBackup(recoveryKey);
  }

  async signOwnDevices(): Promise<boolean> {
    await this.sdk.signOwnDevices(this.person.password);
    return true;
  }

  signedDevices(address: string): Promise<SignedDevices> {
    return this.sdk.signedDevices(address);
  }

  compareWith(other: Session, { id }: Conversation): Promise<Comparison> {
    if (!(other instanceof EndToEndMatrixSession))
      throw new HarnessError("harness-fault", "expected a session of this driver, got another");
    return this.sdk.compareWith(other.sdk, id);
  }

  async trustOnlyKnown(): Promise<void> {
    await this.signOwnDevices();
    this.sdk.excludeUnsigned();
  }

  async #roomState(id: string): Promise<{ readonly state: readonly Json[] }> {
    const answer = await this.api.answer({ path: `${roomPath(id)}/state` });
    const state: unknown = JSON.parse(answer.text);
    return { state: Array.isArray(state) ? (state as readonly Json[]) : [] };
  }

  async #until(what: string, check: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + defaultTimeoutMs;
    while (!(await check())) {
      if (performance.now() > end) throw new HarnessError("deadline", `waited ${defaultTimeoutMs} ms for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }
}
