import type { Conversation, Session, WithEncryption } from "./session.ts";

/** An encrypted message as the server has it: what an operator who looks, keeps or alters holds in his hands. */
export interface SealedMessage {
  /** Event id or stanza id. */
  readonly id: string;
  /** The event as JSON, the stanza as XML. */
  readonly raw: string;
  /**
   * Names the newest key material that went into it: the id of the Megolm session, or the public Diffie-Hellman key of the
   * Double Ratchet for this device. Undefined where the message holds no key for this device.
   */
  readonly keyId: string | undefined;
}

/** A copy of all that a device holds at one moment, in the hands of an attacker. */
export interface StolenState {
  /** Keys in the copy that were made for single messages already read, or from which such keys follow, for these messages. */
  keysKept(messages: readonly SealedMessage[]): Promise<number>;
  /** The text, read with the copy alone; undefined if it cannot be read with it. Never changes the device. */
  read(message: SealedMessage): Promise<string | undefined>;
}

/** What the client says about a chat that was opened without touching any option. */
export interface UntouchedChat {
  readonly conversation: Conversation;
  readonly encrypted: boolean;
}

/**
 * What a client that encrypts lets the bench see and do beyond sending. Sending, keys and decrypting stay the client's own;
 * what plays the hostile server or the thief is named so.
 */
export interface WithEndToEnd extends WithEncryption {
  /** Private, members only, end-to-end encrypted. On return it exists, we are in it and the client treats it as encrypted. */
  createEncryptedGroup(name: string): Promise<Conversation>;
  /** Opens a chat as a person does who touches no option. */
  openUntouched(kind: Conversation["kind"], peer: string): Promise<UntouchedChat>;
  /** True once what is sent now would be encrypted for a device of each of these people. */
  encryptsFor(conversation: Conversation, people: readonly string[]): Promise<boolean>;
  /**
   * Becomes a contact of somebody who does the same, as people who write to each other are: without it an XMPP server tells no
   * one about new devices (XEP-0163, 4.1). Matrix has no contacts.
   */
  befriend(address: string): Promise<void>;
  /** Devices of a person that this client knows and would send keys to or has to decide about. */
  devicesOf(address: string): Promise<number>;
  /** Takes a person out of a group. On return the server has said yes, and a client that learns of it later (Matrix) has learnt of it. */
  removeMember(conversation: Conversation, address: string): Promise<void>;
  /** Encrypted messages with a content that reached this client, in order, our own ones left out. */
  sealed(conversation: Conversation): readonly SealedMessage[];
  steal(): Promise<StolenState>;
  /** Seconds after which the client takes a new key although nobody answered, as room or client are set; null: no such limit. */
  keyAgeLimit(conversation: Conversation): Promise<number | null>;
  /** Chats opened from now on state that a key lives this long; absent where a chat cannot say so. Only for stand-ins. */
  keepKeysFor?(messages: number, seconds: number): void;
  /** Asks the server for what it kept of a group, as a new member's client does: ciphertexts, and what was stored in plain. */
  archived(conversation: Conversation, limit: number): Promise<readonly SealedMessage[]>;
  /** Switches what new members get of the time before them. Throws `unsupported` where the server has no such setting. */
  setHistoryForNewMembers(conversation: Conversation, shown: boolean): Promise<void>;
  /**
   * Hostile stand-in of a server: hands the client this message as if the server had sent it in this conversation now, under
   * a fresh id, with `text` plain or `message` as it stands. On return the client has dealt with it; the answer is the text
   * it shows as a new message, undefined if it shows none.
   */
  injectAsServer(
    conversation: Conversation,
    from: string,
    what: { readonly message: SealedMessage } | { readonly text: string },
  ): Promise<string | undefined>;
  /**
   * Hostile stand-in of a server: keeps everything encrypted from this client while `send` runs and until the messages whose
   * ids it gives have come; these are the answer, in order. Absent where a message that was read once can be decrypted again
   * (Megolm): there altering a message that was read is as good a trial.
   */
  withhold?(conversation: Conversation, send: () => Promise<readonly string[]>): Promise<readonly SealedMessage[]>;
  /** Warnings that a user of this client sees in the conversation now, in the client's words; empty where there are none. */
  warnings(conversation: Conversation): Promise<readonly string[]>;
  /** How the client names its algorithms and the library that computes them. */
  cryptography(): Promise<Cryptography>;
}

export interface Cryptography {
  /** Name and version of the library, empty when the client does not tell. */
  readonly library: string;
  /** Algorithms as protocol or client name them, e.g. "m.megolm.v1.aes-sha2". */
  readonly algorithms: readonly string[];
}

/** Keys kept on the server, wrapped by a recovery key that only the person holds. */
export interface WithKeyBackup {
  /** Sets cross-signing and the backup up; on return the recovery key is made and the server holds a backup. */
  enableKeyBackup(): Promise<{ readonly recoveryKey: string; readonly secrets: Readonly<Record<string, string>> }>;
  /** True when every key of this device lies in the backup. */
  isBackedUp(): Promise<boolean>;
  /** On a new device: unlocks with the recovery key and fetches the keys. */
  restoreKeyBackup(recoveryKey: string): Promise<void>;
}

/** Devices of a person as a client sees them: signed by their owner, or not. */
export interface SignedDevices {
  readonly signed: number;
  readonly unsigned: number;
}

/** What came of two people comparing what their clients show for them. */
export interface Comparison {
  /** What was compared: emoji, fingerprint. */
  readonly how: string;
  /** Both saw the same, and this client shows the other one's device as verified now and did not before. */
  readonly verified: boolean;
  /** Other devices of that person, never compared, that this client would take for verified as well. */
  readonly others: number;
  readonly note: string;
}

/** How a client lets people make sure whom they write to, and what a careful one does about devices slipped in. */
export interface WithVerification {
  /**
   * Sets up an identity of the person that signs the own devices (Matrix cross-signing); false where the client has none.
   * Throws `refused` where the server does not take it.
   */
  signOwnDevices(): Promise<boolean>;
  signedDevices(address: string): Promise<SignedDevices>;
  /**
   * Compares with the other person what both clients show, confirms what is the same and rejects what is not. `other` is a
   * session of the same driver. Throws `deadline` when a step of it does not come.
   */
  compareWith(other: Session, conversation: Conversation): Promise<Comparison>;
  /** From now on no key goes to a device that came later, or that its owner did not sign. Only for stand-ins. */
  trustOnlyKnown(conversation: Conversation): Promise<void>;
}

/** Ciphertexts of the texts a client shows that begin with `word`; clients also send receipts and typing notices sealed. */
export function sealedTexts(
  client: Session & WithEndToEnd,
  conversation: Conversation,
  word: string,
): readonly SealedMessage[] {
  const shown = new Set(
    client.inbox().flatMap(({ id, text, encrypted }) => (encrypted && text.startsWith(word) ? [id] : [])),
  );
  return client.sealed(conversation).filter(({ id }) => shown.has(id));
}

export const hasEndToEnd = (session: Session): session is Session & WithEndToEnd => "steal" in session;
export const hasVerification = (session: Session): session is Session & WithVerification => "compareWith" in session;
export const hasKeyBackup = (session: Session): session is Session & WithKeyBackup => "enableKeyBackup" in session;

/** The same message with one bit of its ciphertext turned over: the longest base64 run of the raw form is taken for it. */
export function withFlippedBit(message: SealedMessage): SealedMessage {
  const runs = [...message.raw.matchAll(/[A-Za-z0-9+/]{24,}/g)];
  const longest = runs.reduce<RegExpMatchArray | undefined>(
    (best, run) => (best === undefined || run[0].length > best[0].length ? run : best),
    undefined,
  );
  if (longest === undefined) return message;
  // In the middle: neither a version byte in front nor padding bits at the end, which carry nothing.
  const at = (longest.index ?? 0) + Math.floor(longest[0].length / 2);
  const turned = message.raw[at] === "A" ? "B" : "A";
  return { ...message, raw: `${message.raw.slice(0, at)}${turned}${message.raw.slice(at + 1)}` };
}
