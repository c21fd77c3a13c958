import { hasEndToEnd, sealedTexts, type SealedMessage, type WithEndToEnd } from "../../harness/model/end-to-end.ts";
import { HarnessError } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { RunningServer } from "../../harness/model/server.ts";
import type { Conversation, Session } from "../../harness/model/session.ts";

// What a stolen device gives away. After message 50 a copy of the reader's store is taken: which of the 49 messages before can
// be read with it (forward secrecy), and how soon does new key material come that the thief does not hold (healing)? 101 texts
// in one direction show the limit of one key, replies show whether each brings a new one. BSI paper 2021, 3.2 and 3.3;
// catalogue E-05, E-06. The limit in time is the one the room states or the method has; it is not waited for.

type Client = Session & WithEndToEnd;

/** Message 50 is the last before the theft, message 51 the first after it. */
const theftAfter = 50;
/** One more than the limit of the catalogue, so that a key used for 101 messages shows. */
const oneWay = 101;

async function openPair(ctx: ScenarioContext, server: RunningServer): Promise<readonly [Client, Client]> {
  const people = [await ctx.person(server, "alice"), await ctx.person(server, "bob")];
  // Hundreds of messages of two people stand for weeks of use; limits on sending are not the question here.
  await server.administration.exemptFromRateLimits?.(people.map(({ name }) => name));
  const [alice, bob] = await Promise.all(people.map((person) => ctx.openEncrypting(person)));
  if (alice === undefined || bob === undefined || !hasEndToEnd(alice) || !hasEndToEnd(bob)) {
    throw new HarnessError("harness-fault", "expected clients whose stores can be copied, got others");
  }
  return [alice, bob];
}

/** Texts in one direction, without waiting for each: only the last has to be there before the next thing happens. */
async function passAll(from: Client, to: Client, chat: Conversation, texts: readonly string[]): Promise<void> {
  for (const text of texts) await from.sendEncrypted(chat, text);
  const last = texts.at(-1) ?? "";
  const arrived = (): true | undefined =>
    texts.every((text) => to.inbox().some((one) => one.text === text)) || undefined;
  await to.received((one) => one.text === last && one.encrypted, {
    what: `"${last}" at ${to.address}`,
    withinMs: 60_000,
  });
  if (arrived() === undefined) throw new HarnessError("harness-fault", "expected all texts in order, one is missing");
}

async function pass(from: Client, to: Client, chat: Conversation, text: string): Promise<void> {
  await from.sendEncrypted(chat, text);
  await to.received((one) => one.text === text && one.encrypted, {
    what: `"${text}" at ${to.address}`,
    withinMs: 20_000,
  });
}

/** How often each key was used, in order of first use. */
function usesOf(messages: readonly SealedMessage[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const { keyId } of messages) {
    if (keyId === undefined)
      throw new HarnessError("harness-fault", "expected every message to name its key, one does not");
    uses.set(keyId, (uses.get(keyId) ?? 0) + 1);
  }
  return uses;
}

interface Theft {
  readonly readable: number;
  readonly kept: number;
  readonly readsNext: boolean;
}

interface Strength {
  /** Security level of the weakest part that keeps content secret, in bits. */
  readonly bits: number;
  readonly curves: readonly string[];
}

/**
 * What the named methods are made of. Curve25519 gives about 2^126 steps (RFC 7748, 7: "128-bit"), counted as 126; the
 * truncated authentication tags (8 bytes in Megolm v1 and OMEMO 0.3, 16 bytes in OMEMO 2) are no measure of secrecy and stand
 * in the note only.
 */
const strengths: Readonly<Record<string, Strength>> = {
  "m.olm.v1.curve25519-aes-sha2": { bits: 126, curves: ["Curve25519", "Ed25519"] },
  "m.olm.v2.curve25519-aes-sha2": { bits: 126, curves: ["Curve25519", "Ed25519"] },
  "m.megolm.v1.aes-sha2": { bits: 126, curves: ["Ed25519"] },
  "m.megolm.v2.aes-sha2": { bits: 126, curves: ["Ed25519"] },
  "eu.siacs.conversations.axolotl": { bits: 126, curves: ["Curve25519", "Ed25519"] },
  // 1536-bit group of RFC 3526, whose section 8 gives 90 bits as the lower estimate.
  "urn:xmpp:otr:0": { bits: 90, curves: [] },
  "urn:xmpp:omemo:2": { bits: 126, curves: ["Curve25519", "Ed25519"] },
};

async function measureStrength(ctx: ScenarioContext, client: Client): Promise<void> {
  const { library, algorithms } = await client.cryptography();
  await ctx.evidence("cryptography.json", JSON.stringify({ library, algorithms }, null, 2));
  ctx.measure("crypto.library-identified", library !== "", { note: library.slice(0, 300) });
  const known = algorithms.map((name) => strengths[name]);
  const unknown = algorithms.filter((name) => strengths[name] === undefined);
  const note = `${algorithms.join(", ")}; tags: 8 bytes in Megolm v1 and OMEMO 0.3, 16 bytes in OMEMO 2`;
  // An algorithm nobody rated is not strong.
  if (unknown.length > 0 || known.length === 0) {
    throw new HarnessError(
      "harness-fault",
      `expected algorithms with a known strength, got ${unknown.join(", ") || "none"}`,
    );
  }
  ctx.measure("crypto.strength-min", Math.min(...known.map((one) => one?.bits ?? 0)), { unit: "bit", note });
  ctx.measure("crypto.curves-off-bsi-list", new Set(known.flatMap((one) => one?.curves ?? [])).size, { note });
}

export const scenario = defineScenario({
  id: "SZ-07",
  title: { de: "Gestohlener Schlüsselspeicher", en: "Stolen key store" },
  shows: {
    de: "Was ein Dieb mit den Schlüsseln eines Geräts an früheren Nachrichten liest und wie bald neue Schlüssel ihn aussperren.",
    en: "What a thief reads of earlier messages with the keys of a device, and how soon new keys lock him out.",
  },
  area: "security",
  verifies: ["E-05", "E-06", "E-12"],
  measures: [
    "e2ee.ratchet.old-messages-decryptable",
    "e2ee.ratchet.message-keys-kept",
    "e2ee.ratchet.span-messages",
    "e2ee.ratchet.span-time",
    "e2ee.ratchet.new-key-per-reply",
    "e2ee.ratchet.messages-per-key-max",
    "e2ee.ratchet.key-age-max",
    "crypto.strength-min",
    "crypto.library-identified",
    "crypto.curves-off-bsi-list",
  ],
  protocols: ["matrix", "xmpp"],
  servers: 1,
  inDepth: true,
  timeBudget: 900,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    const total = ctx.params["ratchet-messages"] ?? 250;
    const old = ctx.params["old-messages"] ?? theftAfter - 1;
    const [alice, bob] = await ctx.step("two clients that encrypt log in", () => openPair(ctx, server));
    const chat = await ctx.step("an encrypted chat is opened", () => alice.openEncryptedDirect(bob.address));
    await bob.join(chat, { what: "bob to be in the encrypted chat", withinMs: 30_000 });
    const word = ctx.random.id("ratchet");
    // Each side has spoken once before the counted messages: the exchange of first keys is not the question.
    await pass(alice, bob, chat, `${word} hello`);
    await pass(bob, alice, chat, `${word} hello back`);
    const before = sealedTexts(bob, chat, word).length;

    const texts = Array.from({ length: oneWay }, (_, index) => `${word} ${index + 1}`);
    await ctx.step(`${theftAfter} texts before the theft`, () => passAll(alice, bob, chat, texts.slice(0, theftAfter)));
    const stolen = await ctx.step("the store is copied", () => bob.steal());
    await ctx.step("texts in one direction after the theft", () => passAll(alice, bob, chat, texts.slice(theftAfter)));
    const direction = sealedTexts(bob, chat, word).slice(before);
    const theft = await ctx.step("the thief reads earlier messages", async (): Promise<Theft> => {
      const earlier = direction.slice(0, old);
      const read: (string | undefined)[] = [];
      for (const message of earlier) read.push(await stolen.read(message));
      const next = direction[theftAfter];
      return {
        readable: read.filter((text) => text?.startsWith(word) === true).length,
        kept: await stolen.keysKept(earlier),
        readsNext: next !== undefined && (await stolen.read(next)) === `${word} ${theftAfter + 1}`,
      };
    });

    await ctx.step("replies in turn", async () => {
      for (let index = oneWay; index < total; index += 2) {
        await pass(bob, alice, chat, `${word} reply ${index}`);
        await pass(alice, bob, chat, `${word} answer ${index}`);
      }
    });
    const toBob = sealedTexts(bob, chat, word).slice(before);
    const toAlice = sealedTexts(alice, chat, word).slice(1);
    // The greetings count too: they may have used the same key.
    const uses = [usesOf(sealedTexts(bob, chat, word)), usesOf(sealedTexts(alice, chat, word))];
    const answers = toBob.slice(oneWay);
    const replyKeys = usesOf(answers).size;
    const perReply = replyKeys === answers.length && usesOf(toAlice).size === toAlice.length;
    const longest = Math.max(...uses.flatMap((one) => [...one.values()]));
    await ctx.step("what the client computes with", () => measureStrength(ctx, alice));
    const age = await ctx.step("the age at which the client changes keys", () => alice.keyAgeLimit(chat));
    await ctx.evidence(
      "ratchet-keys.json",
      JSON.stringify(
        { theft, uses: uses.map((one) => [...one.values()]), replyKeys, answers: answers.length },
        null,
        2,
      ),
    );

    ctx.measure("e2ee.ratchet.old-messages-decryptable", theft.readable, { total: old });
    ctx.measure("e2ee.ratchet.message-keys-kept", theft.kept);
    ctx.measure("e2ee.ratchet.span-messages", longest, { note: `most messages under one key, of ${total}` });
    ctx.measure("e2ee.ratchet.new-key-per-reply", perReply, {
      note: `${replyKeys} keys for ${answers.length} answers to replies`,
    });
    ctx.measure("e2ee.ratchet.messages-per-key-max", longest);
    for (const id of ["e2ee.ratchet.span-time", "e2ee.ratchet.key-age-max"]) {
      if (age === null)
        ctx.notApplicable(id, "The Double Ratchet changes keys with each reply and knows no limit in time.");
      else ctx.measure(id, age, { note: "as room or client are set; not waited for" });
    }
    ctx.control(
      "positive",
      direction.length >= oneWay,
      `${direction.length} ciphertexts were held and each names its key`,
    );
    ctx.control("negative", theft.readsNext, "with the copied store the thief reads the message after the theft");
  },
});
