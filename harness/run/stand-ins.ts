import type { Sabotage } from "../model/control.ts";
import {
  hasEndToEnd,
  hasVerification,
  type Comparison,
  type SealedMessage,
  type StolenState,
  type WithEndToEnd,
} from "../model/end-to-end.ts";
import { HarnessError } from "../model/errors.ts";
import type { Conversation, Deadline, SentMessage, Session, WithEncryption, WithRetraction } from "../model/session.ts";
import { hasSurroundings, type WithSurroundings } from "../model/surroundings.ts";
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
    if ("text" in what) return shown;
    // An honest client may show words of its own in the message's place.
    return session.inbox().find(({ id }) => id === what.message.id)?.text ?? shown;
  };
  return replaced(session, { injectAsServer: inject });
}

/** Shows a message the server altered as if it had come as it was: a client that does not check what it decrypts. */
function showingAltered(session: Session & WithEndToEnd): Session {
  const inject: WithEndToEnd["injectAsServer"] = (conversation, from, what) => {
    const sent = "text" in what ? undefined : session.sealed(conversation).find(({ id }) => id === what.message.id);
    return session.injectAsServer(conversation, from, sent === undefined ? what : { message: sent });
  };
  return replaced(session, { injectAsServer: inject });
}

/** Sends reactions, answers, marks of reading and files a second time as in a plain chat: a client that leaks what it seals. */
function copyingSurroundings(session: Session & WithEndToEnd): Session {
  if (!hasSurroundings(session))
    throw new HarnessError("unsupported", "The stand-in client does nothing but send texts.");
  return replaced(session, {
    async react(conversation: Conversation, id: string, reaction: string, encrypted: boolean): Promise<void> {
      await session.react(conversation, id, reaction, encrypted);
      // A second time takes a reaction back (XEP-0444), so its plain form goes out as a text.
      if (encrypted) await session.send(conversation, reaction);
    },
    async reply(conversation: Conversation, id: string, text: string, encrypted: boolean): Promise<SentMessage> {
      const sent = await session.reply(conversation, id, text, encrypted);
      if (encrypted) await session.reply(conversation, id, text, false);
      return sent;
    },
    async markRead(conversation: Conversation, id: string, encrypted: boolean): Promise<void> {
      await session.markRead(conversation, id, encrypted);
      if (encrypted) await session.markRead(conversation, id, false);
    },
    async sendNamedFile(...[conversation, file, encrypted]: Parameters<WithSurroundings["sendNamedFile"]>) {
      await session.sendNamedFile(conversation, file, encrypted);
      if (encrypted) await session.sendNamedFile(conversation, file, false);
    },
  });
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

/** Names the first key of a chat for all that comes after: what the bench would see of a ratchet that stands still. */
function withStandingRatchet(session: Session & WithEndToEnd): Session {
  const first = new Map<string, string | undefined>();
  return replaced(session, {
    sealed(conversation: Conversation): readonly SealedMessage[] {
      return session.sealed(conversation).map((message) => {
        if (!first.has(conversation.id)) first.set(conversation.id, message.keyId);
        return { ...message, keyId: first.get(conversation.id) };
      });
    },
  });
}

/** Asks for keys that live for ever in every chat it opens, where the protocol lets a chat say so (Matrix). */
function neverChangingKeys(session: Session & WithEndToEnd): Session {
  if (session.keepKeysFor === undefined) return withStandingRatchet(session);
  session.keepKeysFor(1_000_000, 10 * 365 * 86_400);
  return session;
}

/** Computes with a method nobody should use any more: the 1536-bit group of OTR (XEP-0364). */
const withWeakMethod = (session: Session & WithEndToEnd): Session =>
  replaced(session, {
    cryptography: async () => ({ ...(await session.cryptography()), algorithms: ["urn:xmpp:otr:0"] }),
  });

/** A careful client: no keys for a device that nobody vouches for. The ghost, itself no first device, is left as it is. */
function trustingOnlyKnown(session: Session & WithEndToEnd, seen: Seen): Session {
  if (!hasVerification(session) || seen.has(session.address)) return session;
  seen.add(session.address);
  return replaced(session, {
    async befriend(address: string): Promise<void> {
      await session.signOwnDevices();
      await session.befriend(address);
    },
    async openEncryptedDirect(peer: string): Promise<Conversation> {
      const chat = await session.openEncryptedDirect(peer);
      await session.trustOnlyKnown(chat);
      return chat;
    },
  });
}

/** One comparison vouches for every device of the person, also for those that nobody has seen. */
function trustingUnseen(session: Session & WithEndToEnd): Session {
  if (!hasVerification(session)) throw new HarnessError("unsupported", "The stand-in client compares nothing.");
  return replaced(session, {
    async compareWith(other: Session, conversation: Conversation): Promise<Comparison> {
      const honest = await session.compareWith(other, conversation);
      return { ...honest, others: (await session.devicesOf(other.address)) - 1 };
    },
  });
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
  "copies-surroundings": copyingSurroundings,
  "shows-replays": showingReplays,
  "shows-altered": showingAltered,
  "weak-method": withWeakMethod,
  "trusts-unseen": trustingUnseen,
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
  if (client === "trusts-only-known" && hasEndToEnd(session)) return trustingOnlyKnown(session, seen);
  const disguise = client === undefined ? undefined : endToEndStandIns[client];
  return disguise !== undefined && hasEndToEnd(session) ? disguise(session) : session;
}
