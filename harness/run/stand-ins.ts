import type { Sabotage } from "../model/control.ts";
import { hasEndToEnd, type SealedMessage, type StolenState, type WithEndToEnd } from "../model/end-to-end.ts";
import { HarnessError } from "../model/errors.ts";
import type { Conversation, Deadline, SentMessage, Session, WithEncryption, WithRetraction } from "../model/session.ts";
import { hasEncryption, hasInvitationRules, hasRetraction, hasServerLimits, hasUploads } from "../model/session.ts";

/** The session with some methods replaced; everything else goes to the original, whose private fields a copy would lose. */
function replaced(session: Session, methods: Readonly<Record<string, unknown>>): Session {
  return new Proxy(session, {
    get(target, key) {
      if (typeof key === "string" && key in methods) return methods[key];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

/** Sends a plain copy of all it encrypts: what a dishonest or broken client does. */
function copyingPlaintext(session: Session & WithEncryption, openPlain: () => Promise<Session>): Session {
  const copyFile = async (conversation: Conversation, name: string, bytes: Uint8Array): Promise<void> => {
    const plain = hasUploads(session) ? session : await openPlain();
    if (!hasUploads(plain))
      throw new HarnessError("unsupported", "The stand-in client has no way to upload a plain copy.");
    await plain.sendFile(conversation, name, bytes);
  };
  return replaced(session, {
    async sendEncrypted(conversation: Conversation, text: string): Promise<SentMessage> {
      const sent = await session.sendEncrypted(conversation, text);
      await session.send(conversation, text);
      return sent;
    },
    async sendEncryptedFile(conversation: Conversation, name: string, bytes: Uint8Array): Promise<SentMessage> {
      const sent = await session.sendEncryptedFile(conversation, name, bytes);
      await copyFile(conversation, name, bytes);
      return sent;
    },
  });
}

/** Goes on showing what others took back: the retraction reaches the client and changes nothing there. */
function ignoringRetractions(session: Session & WithRetraction): Session {
  return replaced(session, {
    async retracted(messageId: string, { what, withinMs }: Deadline) {
      await session.retracted(messageId, { what, withinMs });
      throw new HarnessError("deadline", `Waited in vain: ${what} (the stand-in client ignores retractions).`);
    },
  });
}

/** Says it removed a member and does nothing: the member stays and goes on getting keys. */
const removingWithoutEffect = (session: Session & WithEndToEnd): Session =>
  replaced(session, { removeMember: () => Promise.resolve() });

/** Shows whatever the server sends again, and what it altered, as the message it once was. */
function showingReplays(session: Session & WithEndToEnd): Session {
  const inject: WithEndToEnd["injectAsServer"] = async (conversation, from, what) => {
    const shown = await session.injectAsServer(conversation, from, what);
    if (shown !== undefined || "text" in what) return shown;
    return session.inbox().find(({ id }) => id === what.message.id)?.text;
  };
  return replaced(session, { injectAsServer: inject });
}

/** Keeps every message key for ever, so that a thief of its store reads all that was ever read. */
function keepingMessageKeys(session: Session & WithEndToEnd): Session {
  const textOf = ({ id }: SealedMessage): string | undefined => session.inbox().find((one) => one.id === id)?.text;
  return replaced(session, {
    async steal(): Promise<StolenState> {
      const honest = await session.steal();
      return {
        read: async (message) => textOf(message) ?? honest.read(message),
        keysKept: (messages) => Promise.resolve(messages.filter((one) => textOf(one) !== undefined).length),
      };
    },
  });
}

/** Asks for keys that live for ever in every chat it opens. Only where the protocol lets a chat say so (Matrix). */
function neverChangingKeys(session: Session & WithEndToEnd): Session {
  if (session.keepKeysFor === undefined)
    throw new HarnessError("unsupported", `No chat of ${session.protocol} can state how long a key lives.`);
  session.keepKeysFor(1_000_000, 10 * 365 * 86_400);
  return session;
}

/** Names of people whose first device is open already, apart for each run of a scenario. */
export type Seen = Set<string>;

/** A new device that takes neither old keys nor new messages. */
function deafUnlessFirst(session: Session & WithEndToEnd, seen: Seen): Session {
  if (!seen.has(session.address)) {
    seen.add(session.address);
    return session;
  }
  return replaced(session, { inbox: () => [], restoreKeyBackup: () => Promise.resolve() });
}

const endToEndStandIns: Readonly<Record<string, (session: Session & WithEndToEnd) => Session>> = {
  "removes-without-effect": removingWithoutEffect,
  "shows-replays": showingReplays,
  "keeps-message-keys": keepingMessageKeys,
  "never-changes-keys": neverChangingKeys,
};

const doesNothing = (): Promise<void> => Promise.resolve();

/** Rules that are reported as set and never take effect: what a server would do that stores and ignores them. */
function withoutLimits(session: Session, client: Sabotage["client"]): Session | undefined {
  if (client === "accepts-everybody" && hasInvitationRules(session))
    return replaced(session, { acceptInvitationsOnlyFrom: doesNothing, block: doesNothing });
  if (client === "denies-nobody" && hasServerLimits(session)) return replaced(session, { denyServer: doesNothing });
  return undefined;
}

/** The stand-in client a control asks for, in place of an honest one. */
export function standIn(
  session: Session,
  client: Sabotage["client"],
  openPlain: () => Promise<Session>,
  seen: Seen = new Set(),
): Session {
  if (client === "copies-plaintext" && hasEncryption(session)) return copyingPlaintext(session, openPlain);
  if (client === "ignores-retractions" && hasRetraction(session)) return ignoringRetractions(session);
  const unlimited = withoutLimits(session, client);
  if (unlimited !== undefined) return unlimited;
  if (client === "deaf-second-device" && hasEndToEnd(session)) return deafUnlessFirst(session, seen);
  const disguise = client === undefined ? undefined : endToEndStandIns[client];
  return disguise !== undefined && hasEndToEnd(session) ? disguise(session) : session;
}
