import { HarnessError } from "../../model/errors.ts";
import type { Conversation, SentMessage } from "../../model/session.ts";
import type { ServerRecord, ShownSurroundings, WithSurroundings } from "../../model/surroundings.ts";
import { attributeIn, EndToEndConverseSession } from "./end-to-end.ts";
import { lacking, peerOf } from "./session.ts";

/** Converse.js with what stands around messages: names, pictures, reactions, answers, marks, files. */
export class SurroundedConverseSession extends EndToEndConverseSession implements WithSurroundings {
  async recordOf(conversation: Conversation, messageId: string): Promise<ServerRecord> {
    const own = conversation.kind === "direct" ? this.address : conversation.id;
    let record: ServerRecord | undefined;
    await this.pollFor(`message ${messageId} in the archive`, async () => {
      const found = (await this.call("the archive's messages", "archived", own, 50)).find(
        ({ xml }) => attributeIn(xml, "id") === messageId,
      );
      const at = Date.parse(found?.at ?? "");
      record = found && { raw: found.xml, at: Number.isNaN(at) ? undefined : at };
      return record !== undefined;
    });
    if (record === undefined) throw new HarnessError("harness-fault", `expected a record of ${messageId}, got none`);
    return record;
  }

  async describe({ id }: Conversation, about: { readonly name: string; readonly topic: string }): Promise<void> {
    const answer = await this.call(`name and topic of ${id}`, "describeGroup", id, about.name, about.topic);
    if (answer !== "") throw new HarnessError("refused", `Name of ${id}: ${answer.slice(0, 2048)}`);
  }

  setPicture(bytes: Uint8Array): Promise<void> {
    return this.call("the own picture", "setPicture", Buffer.from(bytes).toString("base64"));
  }

  async react(conversation: Conversation, messageId: string, reaction: string, encrypted: boolean): Promise<void> {
    const peer = peerOf(conversation, this.address);
    const before = this.handedOver().length;
    await this.pollFor(`message ${messageId} on the screen`, () =>
      this.inTurn(() => this.call("a reaction", "react", peer, messageId, reaction, encrypted)),
    );
    await this.#went(before, /<reactions\b|<encrypted\b/, "the reaction");
  }

  async reply(conversation: Conversation, messageId: string, text: string, encrypted: boolean): Promise<SentMessage> {
    const peer = peerOf(conversation, this.address);
    const outcome = await this.inTurn(() => this.call("an answer", "reply", peer, messageId, text, encrypted));
    if (outcome.lacks !== undefined) throw lacking(this.person, outcome.lacks);
    if (outcome.error !== undefined) throw new HarnessError("harness-fault", `answer: ${outcome.error.slice(0, 2048)}`);
    await this.ping();
    return { id: outcome.id, acknowledgedAt: performance.now() };
  }

  async markRead(conversation: Conversation, messageId: string, encrypted: boolean): Promise<void> {
    const peer = peerOf(conversation, this.address);
    const before = this.handedOver().length;
    await this.inTurn(() => this.call("a mark of reading", "markRead", peer, messageId, encrypted));
    await this.#went(before, /<displayed\b|<encrypted\b/, "the mark of reading");
  }

  async sendNamedFile(
    conversation: Conversation,
    { name, type, bytes }: { readonly name: string; readonly type: string; readonly bytes: Uint8Array },
    encrypted: boolean,
  ): Promise<void> {
    const peer = peerOf(conversation, this.address);
    const outcome = await this.inTurn(() =>
      this.call(`upload of ${name}`, "sendFile", peer, name, [...bytes], type, encrypted),
    );
    if (outcome.lacks !== undefined) throw lacking(this.person, outcome.lacks);
    if (outcome.error !== undefined) throw new HarnessError("lab-fault", `upload of ${name}: ${outcome.error}`);
    await this.ping();
  }

  finishPending(): Promise<void> {
    return this.call("what the client puts off", "finishPending");
  }

  shown(conversation: Conversation): Promise<ShownSurroundings> {
    return this.call("what the chat shows", "shown", peerOf(conversation, this.address));
  }

  handedOver(): readonly string[] {
    return this.traffic()
      .filter(({ direction }) => direction === "sent")
      .map(({ text }) => text);
  }

  /** Converse sends these without telling when. */
  async #went(before: number, what: RegExp, name: string): Promise<void> {
    const sent = (): boolean =>
      this.handedOver()
        .slice(before)
        .some((text) => text.startsWith("<message") && what.test(text));
    await this.pollFor(`${name} to leave the client`, () => Promise.resolve(sent()));
    await this.ping();
  }
}
