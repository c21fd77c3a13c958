import type { Protocol } from "./candidate.ts";
import type { Person, RunningServer } from "./server.ts";

/** Monotonic milliseconds (`performance.now()`), one clock for sender and receiver. */
export type Milliseconds = number;

/**
 * A place messages go to, the same object for everyone in it. `id` is a room id (Matrix), a room JID (MUC) or, in an XMPP
 * direct chat, the JID of the person it was opened with; there `between` names both, and each writes to the other one.
 */
export interface Conversation {
  readonly kind: "direct" | "group";
  readonly id: string;
  readonly between?: readonly [string, string];
}

/** Where `own` sends what goes into the conversation. */
export const destinationOf = (conversation: Conversation, own: string): string =>
  conversation.between?.find((address) => address !== own) ?? conversation.id;

export interface SentMessage {
  /** Event id or stanza id, usable for retraction. */
  readonly id: string;
  /** When the server took responsibility (event id returned; stream-management ack). */
  readonly acknowledgedAt: Milliseconds;
}

export interface ReceivedMessage {
  readonly id: string;
  readonly conversation: Conversation;
  readonly from: string;
  readonly text: string;
  /** True if it arrived end-to-end encrypted and was decrypted here. */
  readonly encrypted: boolean;
  readonly at: Milliseconds;
  readonly attachment?: Attachment;
}

export interface Attachment {
  readonly name: string;
  readonly url: string;
  /** Fetches and, where encrypted, decrypts. Bounded to 16 MiB. */
  bytes(): Promise<Uint8Array>;
}

/** Why a session ended. `error` is set when we did not ask for it. */
export interface SessionEnd {
  readonly at: Milliseconds;
  readonly error?: Error;
}

/** A sentence and a time limit. Elapsing throws HarnessError `deadline` with the sentence. */
export interface Deadline {
  readonly what: string;
  readonly withinMs: number;
}

/**
 * A logged-in device of a person.
 *
 * Every method throws HarnessError: `refused` with the server's words if the server said no, `deadline` if no answer came
 * in 30 s, `disconnected` if the connection was lost (a lost connection is never swallowed).
 */
export interface Session extends AsyncDisposable {
  readonly protocol: Protocol;
  readonly person: Person;
  readonly address: string;
  /** Settles when the session is over, for whatever reason. Never rejects. */
  readonly ended: Promise<SessionEnd>;
  /** Opens a direct chat. On return messages can be sent; on Matrix the peer still has to {@link join}. */
  openDirect(peer: string): Promise<Conversation>;
  /** Creates a group without end-to-end encryption; private, members only. On return it exists and we are in it. */
  createGroup(name: string): Promise<Conversation>;
  /** Invites; on return the server has accepted the invitation for delivery. */
  invite(conversation: Conversation, address: string): Promise<void>;
  /** Waits for an invitation to this conversation (or, XMPP direct, nothing), accepts it, and returns when we are in. */
  join(conversation: Conversation, deadline: Deadline): Promise<void>;
  leave(conversation: Conversation): Promise<void>;
  /** Sends a text without end-to-end encryption. On return the server has taken responsibility. */
  send(conversation: Conversation, text: string): Promise<SentMessage>;
  /** The first message, already received or still to come, for which the predicate holds. */
  received(predicate: (message: ReceivedMessage) => boolean, deadline: Deadline): Promise<ReceivedMessage>;
  /** Every message received so far in this session, in order of arrival, duplicates included. Bounded to 100 000. */
  inbox(): readonly ReceivedMessage[];
  /** Asks the server for the stored messages of a conversation, newest last, at most `limit`. */
  history(conversation: Conversation, limit: number): Promise<readonly ReceivedMessage[]>;
  /** One cheap authenticated request. Resolves if the server still serves this session, throws `refused` or `disconnected` if not. */
  ping(): Promise<void>;
}

/** Takes a message back for everyone and sees retractions of others (D-07). */
export interface WithRetraction {
  retract(conversation: Conversation, messageId: string): Promise<void>;
  /** Resolves when the message is gone from this client's view; `marked` tells whether who and when is visible. */
  retracted(messageId: string, deadline: Deadline): Promise<{ readonly marked: boolean }>;
}

/** Changes a text for everyone and sees changes by others (F-10; Matrix `m.replace`, XEP-0308). */
export interface WithCorrection {
  /** Replaces the text of an own message. On return the server has taken responsibility. */
  correct(conversation: Conversation, messageId: string, text: string): Promise<void>;
  /** Resolves when this client shows `text` in place of what the message first said; only its sender may change it. */
  corrected(messageId: string, text: string, deadline: Deadline): Promise<void>;
}

/** Makes groups by the version of their rules, which servers of different ages may not share (Matrix room versions). */
export interface WithGroupVersions {
  /** Those the own server says it can make and enter. */
  groupVersions(): Promise<readonly string[]>;
  /** As {@link Session.createGroup}. Throws `refused` where the server does not know the version. */
  createGroupOfVersion(name: string, version: string): Promise<Conversation>;
}

/** Decides whose invitations reach this person (F-05; invitation rules of Matrix, privacy lists of XEP-0016, XEP-0191). */
export interface WithInvitationRules {
  /** Nobody but these may invite or write first from now on. Throws `unsupported` where the server has no such rule. */
  acceptInvitationsOnlyFrom(addresses: readonly string[]): Promise<void>;
  /** Keeps away one person who has already been in touch. Throws `unsupported` where the server cannot. */
  block(address: string): Promise<void>;
}

/** Limits of an own group by server (F-06; `m.room.server_acl`, affiliation "outcast" of a domain in XEP-0045). */
export interface WithServerLimits {
  /** Everybody may enter without an invitation, so that a later refusal has no other reason. */
  openToAll(conversation: Conversation): Promise<void>;
  /** Nobody of this domain may enter, stay, read or write. On return the server has taken the rule. */
  denyServer(conversation: Conversation, domain: string): Promise<void>;
}

/** Own groups that stay closed to people of servers outside of the administration until they are opened (Tchap). */
export interface WithExternals {
  /** Opens the group to them. On return the server has taken it; a server without such a rule takes it as well. */
  admitExternals(conversation: Conversation): Promise<void>;
}

/** Uploads (XEP-0363, Matrix media) without end-to-end encryption. */
export interface WithUploads {
  /** On return the server holds the file and the message that names it was accepted. */
  sendFile(
    conversation: Conversation,
    name: string,
    bytes: Uint8Array,
  ): Promise<SentMessage & { readonly url: string }>;
}

/** End-to-end encryption (Megolm, OMEMO). */
export interface WithEncryption {
  readonly method: string;
  /** A direct chat in which {@link sendEncrypted} works. Both sides' keys are known on return, or it throws. */
  openEncryptedDirect(peer: string): Promise<Conversation>;
  sendEncrypted(conversation: Conversation, text: string): Promise<SentMessage>;
  sendEncryptedFile(conversation: Conversation, name: string, bytes: Uint8Array): Promise<SentMessage>;
}

/** Gives away the bearer secrets of this session so that a search can prove they are nowhere in a log (D-12). */
export interface WithSecrets {
  secrets(): Readonly<Record<string, string>>;
}

/** A message the server gave back as undeliverable: the sender was told. */
export interface DeliveryError {
  /** Id of the {@link SentMessage}. */
  readonly id: string;
  readonly reason: string;
  readonly at: Milliseconds;
}

/** Tells which sent messages came back as undeliverable (XMPP error stanza). Absent where the protocol never tells. */
export interface WithDeliveryErrors {
  deliveryErrors(): readonly DeliveryError[];
}

export const hasDeliveryErrors = (session: Session): session is Session & WithDeliveryErrors =>
  "deliveryErrors" in session;
/** One message of a session's connection, seen from outside of the client library. Login data is left out. */
export interface TrafficFrame {
  readonly direction: "sent" | "received";
  readonly at: Milliseconds;
  /** Up to 1 MiB; may be hostile text. */
  readonly text: string;
}

/** Shows what really went over the connection, for the evidence: an encryption claim is checked there. */
export interface WithTraffic {
  /** In order, since the session was opened; bounded to 32 MiB. */
  traffic(): readonly TrafficFrame[];
}

/** A client with a picture on a screen. */
export interface WithScreenshot {
  /** PNG of what a user would see now. */
  screenshot(): Promise<Uint8Array>;
}

export const hasRetraction = (session: Session): session is Session & WithRetraction => "retract" in session;
export const hasCorrection = (session: Session): session is Session & WithCorrection => "corrected" in session;
export const hasGroupVersions = (session: Session): session is Session & WithGroupVersions =>
  "createGroupOfVersion" in session;
export const hasInvitationRules = (session: Session): session is Session & WithInvitationRules =>
  "acceptInvitationsOnlyFrom" in session;
export const hasServerLimits = (session: Session): session is Session & WithServerLimits => "denyServer" in session;
export const hasExternals = (session: Session): session is Session & WithExternals => "admitExternals" in session;
export const hasUploads = (session: Session): session is Session & WithUploads => "sendFile" in session;
export const hasEncryption = (session: Session): session is Session & WithEncryption => "sendEncrypted" in session;
export const hasSecrets = (session: Session): session is Session & WithSecrets => "secrets" in session;
export const hasTraffic = (session: Session): session is Session & WithTraffic => "traffic" in session;
export const hasScreenshot = (session: Session): session is Session & WithScreenshot => "screenshot" in session;

export interface OpenOptions {
  /** Stop trying after this long; default 30 s. */
  readonly withinMs?: number;
  /** Present, receiving messages? Default true; false logs in without going online (XMPP: no presence). */
  readonly online?: boolean;
  /** The servers of this set-up, where files of others lie; several set-ups with the same domains may run at the same time. */
  readonly reaches?: readonly RunningServer[];
}

/** A way to become a user of a server. `open` returns when the session is logged in and receives messages. Wrong credentials throw `refused`. */
export interface Driver {
  readonly id: string;
  readonly protocol: Protocol;
  open(server: RunningServer, person: Person, options?: OpenOptions): Promise<Session>;
  /** Thin session for load: no encryption, no cache, cheap. */
  openForLoad(server: RunningServer, person: Person): Promise<LoadSession>;
  /** Protocol-specific probes behind protocol-neutral scenarios. */
  readonly probes: import("./probes.ts").Probes;
  /** Ends everything the driver itself holds (browser, agents). */
  close(): Promise<void>;
}

/** Cheap session for the load generator. */
export interface LoadSession extends AsyncDisposable {
  readonly address: string;
  readonly ended: Promise<SessionEnd>;
  /** A conversation with `peer` that both sides have joined when both sessions' `prepare` calls have returned. */
  prepare(peer: LoadSession): Promise<Conversation>;
  /** Resolves at the server's acknowledgement with its monotonic time. */
  send(conversation: Conversation, body: string): Promise<Milliseconds>;
  /** Called for every message received, with the body and its monotonic time of arrival. */
  onMessage(listener: (body: string, at: Milliseconds) => void): void;
}
