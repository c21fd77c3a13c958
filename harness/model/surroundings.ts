import type { Conversation, SentMessage, Session } from "./session.ts";

/** What surrounds the words of a message, in the order of the catalogue (E-11). */
export const metadataFields = [
  "sender",
  "recipients",
  "time",
  "size",
  "room-name",
  "topic",
  "avatar",
  "reaction",
  "reply",
  "read-marker",
  "file-name",
  "mime-type",
] as const;

export type MetadataField = (typeof metadataFields)[number];

/** What the server keeps of one message and hands out again. */
export interface ServerRecord {
  readonly raw: string;
  /** The time it holds for the message, Unix milliseconds; undefined where it gives none. */
  readonly at: number | undefined;
}

/** What a client shows of another person's doings in one conversation. */
export interface ShownSurroundings {
  readonly reactions: readonly string[];
  /** Ids of messages that were answered. */
  readonly answered: readonly string[];
  /** Ids of own messages the other side has read. */
  readonly read: readonly string[];
  /** Names and types of files, as far as the message itself tells them. */
  readonly files: readonly string[];
}

/**
 * What a client lets the bench do around a message, each by the client's own way. With `encrypted` the client treats the
 * conversation as an encrypted one, without it as a plain one; whether a thing is then sealed is the client's affair.
 */
export interface WithSurroundings {
  /** Name and topic of a group. On return the server has taken both. */
  describe(group: Conversation, about: { readonly name: string; readonly topic: string }): Promise<void>;
  /** The person's own picture. */
  setPicture(bytes: Uint8Array): Promise<void>;
  react(conversation: Conversation, messageId: string, reaction: string, encrypted: boolean): Promise<void>;
  reply(conversation: Conversation, messageId: string, text: string, encrypted: boolean): Promise<SentMessage>;
  markRead(conversation: Conversation, messageId: string, encrypted: boolean): Promise<void>;
  sendNamedFile(
    conversation: Conversation,
    file: { readonly name: string; readonly type: string; readonly bytes: Uint8Array },
    encrypted: boolean,
  ): Promise<void>;
  /** On return the client has handed over what it puts off for a while after such doings. */
  finishPending(): Promise<void>;
  shown(conversation: Conversation): Promise<ShownSurroundings>;
  /** Waits for the server's record of a message that reached this client. Throws `deadline`. */
  recordOf(conversation: Conversation, messageId: string): Promise<ServerRecord>;
  /** All requests or stanzas this client handed to its server, in order, login data left out. Bounded. */
  handedOver(): readonly string[];
}

export const hasSurroundings = (session: Session): session is Session & WithSurroundings => "handedOver" in session;
