import {
  hasEndToEnd,
  hasVerification,
  sealedTexts,
  withFlippedBit,
  type SealedMessage,
  type WithEndToEnd,
  type WithVerification,
} from "../../harness/model/end-to-end.ts";
import { HarnessError, hasCode } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { Person, RunningServer } from "../../harness/model/server.ts";
import type { Conversation, Session } from "../../harness/model/session.ts";

// What a server can do to people who encrypt. It slips a device of its own into a person's account, which costs it one login
// with a password it can set itself; and it sends what it kept again, as it was or with one bit turned over. The second half is
// done by a stand-in at the client's connection, because no product offers it as a function. gematik A_22816, Nebuchadnezzar
// 2022 (CVE-2022-39250 and others), Stashcat 2017 (E2E-INTEGRITY); catalogue E-09, E-14.

type Client = Session & WithEndToEnd;

async function openClient(ctx: ScenarioContext, person: Person): Promise<Client> {
  const session = await ctx.openEncrypting(person);
  if (hasEndToEnd(session)) return session;
  throw new HarnessError("harness-fault", "expected a client that encrypts, got one that does not");
}

async function openPair(ctx: ScenarioContext, server: RunningServer): Promise<readonly [Client, Client]> {
  const people = [await ctx.person(server, "alice"), await ctx.person(server, "bob")] as const;
  await server.administration.exemptFromRateLimits?.(people.map(({ name }) => name));
  return Promise.all([openClient(ctx, people[0]), openClient(ctx, people[1])]);
}

async function say(from: Client, to: Client, chat: Conversation, text: string): Promise<void> {
  await from.sendEncrypted(chat, text);
  await to.received((one) => one.text === text && one.encrypted, {
    what: `"${text}" at ${to.address}`,
    withinMs: 30_000,
  });
}

type Shown = readonly (string | undefined)[];

/** What the client shows for each of these, when the server sends them under fresh ids. */
async function inject(
  victim: Client,
  chat: Conversation,
  from: string,
  kept: readonly SealedMessage[],
): Promise<Shown> {
  const shown: (string | undefined)[] = [];
  for (const message of kept) shown.push(await victim.injectAsServer(chat, from, { message }));
  return shown;
}

interface Trial {
  /** To be altered and sent. */
  readonly messages: readonly SealedMessage[];
  /** One like them, to be sent as it was: it shows that the way in works for what is encrypted. */
  readonly honest: SealedMessage | undefined;
}

/**
 * Messages to alter. A client whose ratchet refuses what it has read once would refuse those altered for that reason alone: it
 * gets messages that were kept from it.
 */
async function messagesToAlter(
  [sender, victim]: readonly [Client, Client],
  chat: Conversation,
  kept: readonly SealedMessage[],
  word: string,
): Promise<Trial> {
  if (victim.withhold === undefined) return { messages: kept, honest: undefined };
  const held = await victim.withhold(chat, async () => {
    const ids: string[] = [];
    for (let index = 0; index <= kept.length; index += 1)
      ids.push((await sender.sendEncrypted(chat, `${word} ${index}`)).id);
    return ids;
  });
  return { messages: held.slice(0, -1), honest: held.at(-1) };
}

/** Whether each could sign what is theirs, and the server's words where it could not. */
async function sign(clients: readonly (Client & WithVerification)[]): Promise<{ signs: boolean; why: string }> {
  try {
    for (const client of clients)
      if (!(await client.signOwnDevices())) return { signs: false, why: "the client has no such signatures" };
    return { signs: true, why: "" };
  } catch (error) {
    if (!hasCode(error, "refused")) throw error;
    return { signs: false, why: error.message.slice(0, 300) };
  }
}

/**
 * Signing of own devices works when the other side sees the person's device as signed and the one slipped in as not. Comparing
 * works when the device compared is then shown as verified, and the one slipped in is not.
 */
async function verify(ctx: ScenarioContext, alice: Client, bob: Client, chat: Conversation): Promise<void> {
  if (!hasVerification(alice) || !hasVerification(bob))
    throw new HarnessError("harness-fault", "expected clients that can make sure of each other, got others");
  const { signs, why } = await sign([alice, bob]);
  if (signs)
    await ctx.until({ what: "a signed device of bob at alice", withinMs: 30_000 }, async () =>
      (await alice.signedDevices(bob.address)).signed > 0 ? true : undefined,
    );
  const devices = await alice.signedDevices(bob.address);
  ctx.measure("e2ee.verification.cross-signing-works", signs && devices.signed === 1 && devices.unsigned === 1, {
    note: signs ? `devices signed by their owner: ${devices.signed}, not signed: ${devices.unsigned}` : why,
  });
  const comparison = await alice.compareWith(bob, chat);
  const { how, verified, others, note } = comparison;
  ctx.measure("e2ee.verification.interactive-works", verified && others === 0, {
    note: `${how}; ${note}; devices taken for verified although nobody compared them: ${others}`,
  });
  await ctx.evidence("verification.json", JSON.stringify({ signs, why, devices, comparison }, null, 2));
}

export const scenario = defineScenario({
  id: "SZ-09",
  title: { de: "Böswilliger Server", en: "Hostile server" },
  shows: {
    de: "Ob ein vom Server untergeschobenes Gerät mitliest und ob wieder eingespielte oder veränderte Nachrichten erscheinen.",
    en: "Whether a device slipped in by the server reads along, and whether replayed or altered messages are shown.",
  },
  area: "security",
  verifies: ["E-09", "E-14"],
  measures: [
    "e2ee.ghost-device.keys-received",
    "e2ee.ghost-device.warning-first",
    "e2ee.verification.cross-signing-works",
    "e2ee.verification.interactive-works",
    "replay.shown-as-new",
    "replay.tampered-shown",
  ],
  protocols: ["matrix", "xmpp"],
  servers: 1,
  inDepth: true,
  timeBudget: 600,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    const replays = ctx.params["replays"] ?? 20;
    const ghosts = ctx.params["ghost-messages"] ?? 20;
    const [alice, bob] = await ctx.step("two clients that encrypt log in", () => openPair(ctx, server));
    // Twice: whoever allows before being asked may not be heard (RFC 6121, 3.4, is optional).
    for (const [one, other] of [
      [alice, bob],
      [bob, alice],
      [alice, bob],
    ] as const)
      await one.befriend(other.address);
    const chat = await ctx.step("an encrypted chat is opened", () => alice.openEncryptedDirect(bob.address));
    await bob.join(chat, { what: "bob to be in the encrypted chat", withinMs: 30_000 });
    const word = ctx.random.id("hostile");
    await ctx.step("texts the server keeps", async () => {
      for (let index = 0; index < replays; index += 1) await say(alice, bob, chat, `${word} kept ${index}`);
    });
    const kept = sealedTexts(bob, chat, `${word} kept`);
    const tries = await ctx.step("the server sends them again, and others altered", async () => {
      const plain = await bob.injectAsServer(chat, alice.address, { text: `${word} plain` });
      const repeated = await inject(bob, chat, alice.address, kept);
      const trial = await messagesToAlter([alice, bob], chat, kept, `${word} held`);
      const altered = await inject(bob, chat, alice.address, trial.messages.map(withFlippedBit));
      const [honest] = await inject(bob, chat, alice.address, trial.honest === undefined ? [] : [trial.honest]);
      return { plain, repeated, altered, honest, sealedWayIn: trial.honest === undefined || honest?.startsWith(word) };
    });
    await ctx.step("an honest message after the attacks", () => say(alice, bob, chat, `${word} honest`));
    await ctx.evidence("replays.json", JSON.stringify(tries, null, 2));
    const shown = (texts: readonly (string | undefined)[]): number =>
      texts.filter((text) => text?.startsWith(word) === true).length;
    ctx.measure("replay.shown-as-new", shown(tries.repeated), { total: replays });
    ctx.measure("replay.tampered-shown", shown(tries.altered), { total: replays });

    const ghost = await ctx.step("the server logs a device of its own in as bob", () => openClient(ctx, bob.person));
    const warnings = await ctx.step("texts after the ghost device came", async () => {
      // The sender must have heard of the device, or nothing would be said about what it does with it.
      await ctx.until({ what: "the sender to know the new device", withinMs: 60_000 }, async () =>
        (await alice.devicesOf(bob.address)) > 1 ? true : undefined,
      );
      const seen = await alice.warnings(chat);
      for (let index = 0; index < ghosts; index += 1) await say(alice, bob, chat, `${word} ghost ${index}`);
      return seen;
    });
    const read = (): number =>
      new Set(
        ghost
          .inbox()
          .filter(({ text, encrypted }) => encrypted && text.startsWith(`${word} ghost`))
          .map(({ text }) => text),
      ).size;
    await ctx
      .until({ what: "the ghost device to read all it can", withinMs: 15_000 }, () => read() === ghosts || undefined)
      .catch((error: unknown) => {
        if (!hasCode(error, "deadline")) throw error;
      });
    // A ghost whose client has ended reads nothing either.
    await ghost.ping();
    ctx.measure("e2ee.ghost-device.keys-received", read(), { total: ghosts });
    ctx.measure("e2ee.ghost-device.warning-first", warnings.length > 0, {
      note: warnings.join("; ").slice(0, 300) || "no warning in the chat before the first text",
    });
    await ctx.evidence("ghost-device.json", JSON.stringify({ read: read(), warnings }, null, 2));
    await ctx.step("two people make sure of each other", () => verify(ctx, alice, bob, chat));
    ctx.control("positive", kept.length === replays, `${kept.length} messages were read once before they came again`);
    ctx.control(
      "negative",
      tries.plain === `${word} plain` && tries.sealedWayIn === true && tries.altered.length === replays,
      "what the stand-in sends in plain, and what it kept back and then delivers, is shown, so its way in works",
    );
  },
});
