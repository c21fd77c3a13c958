import { randomUUID } from "node:crypto";
import type {
  Cryptography,
  SealedMessage,
  StolenState,
  UntouchedChat,
  WithEndToEnd,
  WithVerification,
  Comparison,
  SignedDevices,
} from "../../model/end-to-end.ts";
import { HarnessError } from "../../model/errors.ts";
import type { Conversation, Session } from "../../model/session.ts";
import { ratchetKeyFor } from "./ratchet-key.ts";
import { ConverseSession, peerOf } from "./session.ts";

export const attributeIn = (frame: string, name: string): string | undefined =>
  new RegExp(`^\\s*<message\\b[^>]*?\\s${name}\\s*=\\s*["']([^"']*)["']`).exec(frame)?.[1];

const bare = (address: string): string => address.replace(/\/.*$/s, "");

/** Replaces what a client knows a repeated message by: stanza, origin and archive id (XEP-0359). */
const withFreshIds = (stanza: string, id: string): string =>
  stanza
    .replace(/^(\s*<message\b[^>]*?\sid\s*=\s*)["'][^"']*["']/, `$1"${id}"`)
    .replaceAll(/<(?:origin-id|stanza-id)\b[^>]*?(?:\/>|>\s*<\/(?:origin-id|stanza-id)>)/g, "");

/** Converse.js with what the bench looks at and does as a thief or as a hostile server. */
export class EndToEndConverseSession extends ConverseSession implements WithEndToEnd, WithVerification {
  #deviceId = "";

  /** On return this device's id is known. */
  async prepare(): Promise<void> {
    this.#deviceId = await this.call("the OMEMO device id", "deviceId");
  }

  createEncryptedGroup(name: string): Promise<Conversation> {
    return this.createGroup(name);
  }

  async openUntouched(kind: Conversation["kind"], peer: string): Promise<UntouchedChat> {
    const conversation: Conversation =
      kind === "group" ? await this.createGroup(`untouched-${randomUUID()}`) : await this.openDirect(peer);
    const encrypted = await this.call("opening a chat as it comes", "openUntouched", conversation.id);
    return { conversation, encrypted };
  }

  async encryptsFor(conversation: Conversation, people: readonly string[]): Promise<boolean> {
    const found = await this.call("devices of the members", "reachable", conversation.id, people);
    return found.length === people.length;
  }

  befriend(address: string): Promise<void> {
    return this.call(`becoming a contact of ${address}`, "befriend", address);
  }

  devicesOf(address: string): Promise<number> {
    return this.call(`devices of ${address}`, "deviceCount", address);
  }

  removeMember(conversation: Conversation, address: string): Promise<void> {
    return this.setAffiliation(conversation, address, "outcast");
  }

  sealed(conversation: Conversation): readonly SealedMessage[] {
    const from = peerOf(conversation, this.address);
    return this.traffic()
      .filter(({ direction, text }) => direction === "received" && /^\s*<message\b/.test(text))
      .filter(({ text }) => /<payload\b/.test(text) && bare(attributeIn(text, "from") ?? "") === from)
      .map(({ text }) => ({
        id: attributeIn(text, "id") ?? "",
        raw: text,
        keyId: ratchetKeyFor(text, this.#deviceId),
      }));
  }

  async steal(): Promise<StolenState> {
    const copy = await this.call("a copy of the OMEMO store", "steal");
    return {
      keysKept: () => this.call("keys in the copy", "keysKept", copy),
      read: async ({ raw }) => {
        const from = bare(attributeIn(raw, "from") ?? "");
        const isGroup = attributeIn(raw, "type") === "groupchat";
        const sender = isGroup
          ? await this.call("the sender's address", "realAddress", attributeIn(raw, "from") ?? "")
          : from;
        const room = isGroup ? from : null;
        return (await this.call("reading with the stolen store", "readStolen", copy, sender, room, raw)) ?? undefined;
      },
    };
  }

  /** The Double Ratchet knows no time: a key lives until the other side answers. */
  keyAgeLimit(): Promise<null> {
    return Promise.resolve(null);
  }

  /** Stored stanzas as the archive hands them out (XEP-0313), without the envelope of the archive. */
  async archived(conversation: Conversation, limit: number): Promise<readonly SealedMessage[]> {
    const own = conversation.kind === "direct" ? this.address : conversation.id;
    const answers = await this.call("the archive's messages", "archived", own, limit);
    return answers
      .map(({ xml }) => xml)
      .filter((text) => /<(?:body|payload)\b/.test(text))
      .map((text) => ({ id: attributeIn(text, "id") ?? "", raw: text, keyId: ratchetKeyFor(text, this.#deviceId) }));
  }

  /** The room's own setting: archiving on or off (Prosody muc#roomconfig_enablearchiving, ejabberd mam). */
  async setHistoryForNewMembers({ id }: Conversation, shown: boolean): Promise<void> {
    const answer = await this.call("the room's setting for its archive", "setArchiving", id, shown);
    if (answer === "none") throw new HarnessError("unsupported", `${id} offers no setting for its archive`);
    if (answer !== "") throw new HarnessError("refused", `Archive of ${id}: ${answer.slice(0, 2048)}`);
  }

  async injectAsServer(
    conversation: Conversation,
    from: string,
    what: { readonly message: SealedMessage } | { readonly text: string },
  ): Promise<string | undefined> {
    const id = randomUUID();
    const to = this.address;
    const xml =
      "message" in what
        ? withFreshIds(what.message.raw, id)
        : `<message xmlns="jabber:client" type="chat" from="${from}/bench" to="${to}" id="${id}"><body>${what.text}</body></message>`;
    const chat = peerOf(conversation, this.address);
    return (await this.call("a message of the hostile server", "injectStanza", chat, xml, id)) ?? undefined;
  }

  async withhold(
    conversation: Conversation,
    send: () => Promise<readonly string[]>,
  ): Promise<readonly SealedMessage[]> {
    await this.call("a hostile server that keeps messages back", "withhold");
    try {
      const ids = await send();
      for (const id of ids) await this.pollFor(`message ${id}`, () => this.call("what was kept back", "withheld", id));
      return this.sealed(conversation).filter(({ id }) => ids.includes(id));
    } finally {
      await this.call("the end of keeping messages back", "deliverAgain");
    }
  }

  warnings(conversation: Conversation): Promise<readonly string[]> {
    return this.call("warnings in the chat", "warnings", peerOf(conversation, this.address));
  }

  /** Converse.js 14 has nothing of the kind; XEP-0450 would be one. */
  signOwnDevices(): Promise<boolean> {
    return Promise.resolve(false);
  }

  async signedDevices(address: string): Promise<SignedDevices> {
    return { signed: 0, unsigned: await this.devicesOf(address) };
  }

  /** As a person does who reads the fingerprints aloud: "Trusted" for those that match, "Untrusted" for the others. */
  async compareWith(other: Session): Promise<Comparison> {
    if (!(other instanceof EndToEndConverseSession))
      throw new HarnessError("harness-fault", "expected a session of this driver, got another");
    const theirs = await other.call("the fingerprints of the own device", "ownFingerprints");
    const { before, after } = await this.call(`fingerprints of ${other.address}`, "decideOn", other.address, theirs);
    const decided = theirs.length > 0 && theirs.every((one) => one !== "" && after.trusted.includes(one));
    return {
      how: "fingerprint",
      verified: decided && before.trusted.length === 0,
      others: [...after.trusted, ...after.undecided].filter((one) => !theirs.includes(one)).length,
      // Converse.js 14 ticks "Trusted" for devices nobody decided about.
      note: `shown as trusted before anybody compared: ${before.undecided.length} keys; rejected as not the same: ${after.untrusted.length}`,
    };
  }

  trustOnlyKnown({ id }: Conversation): Promise<void> {
    return this.call("no trust in new devices", "distrustNew", id);
  }

  async cryptography(): Promise<Cryptography> {
    const version = await this.call("Converse.js's version", "version");
    const namespaces = new Set(
      this.traffic().flatMap(({ text }) =>
        [...text.matchAll(/<encrypted\b[^>]*?\bxmlns=["']([^"']+)["']/g)].map(([, ns]) => ns ?? ""),
      ),
    );
    return { library: version === "" ? "" : `libomemo.js of Converse.js ${version}`, algorithms: [...namespaces] };
  }
}
