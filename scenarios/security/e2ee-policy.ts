import { hasEndToEnd, type WithEndToEnd } from "../../harness/model/end-to-end.ts";
import { HarnessError, hasCode } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { RunningServer } from "../../harness/model/server.ts";
import type { Session } from "../../harness/model/session.ts";

// Is a new chat encrypted although nobody touched an option, and does plain text still get into an encrypted chat? The plain
// text comes from another client of the same person, as after a downgrade or from a client that cannot encrypt.
// GDPR Art. 25(2), gematik A_22798, A_25324-01, A_26015-02; catalogue E-04.

type Client = Session & WithEndToEnd;

const injections = 5;

/** undefined: encryption cannot be had on this server, because it refuses or lacks what the client needs for its keys. */
async function openPair(ctx: ScenarioContext, server: RunningServer): Promise<readonly [Client, Client] | undefined> {
  try {
    const people = [await ctx.person(server, "alice"), await ctx.person(server, "bob")];
    const sessions = await Promise.all(people.map((person) => ctx.openEncrypting(person)));
    const [alice, bob] = sessions;
    if (alice === undefined || bob === undefined || !hasEndToEnd(alice) || !hasEndToEnd(bob)) {
      throw new HarnessError("harness-fault", "expected clients that encrypt, got others");
    }
    return [alice, bob];
  } catch (error) {
    if (hasCode(error, "unsupported") || hasCode(error, "refused")) return undefined;
    throw error;
  }
}

function measureNone(ctx: ScenarioContext): void {
  ctx.measure("e2ee.available", false, { note: "the server refuses or lacks what a client needs for its keys" });
  ctx.measure("e2ee.new-chat.direct-encrypted", false);
  ctx.measure("e2ee.new-chat.group-encrypted", false);
  ctx.measure("e2ee.plaintext-injection.client-warns", false);
  ctx.notApplicable("e2ee.plaintext-injection.delivered", "Without encryption there is no encrypted chat.");
}

export const scenario = defineScenario({
  id: "SZ-06",
  title: { de: "Verschlüsselung als Voreinstellung", en: "Encryption as the default" },
  shows: {
    de: "Ob neue Chats von selbst verschlüsselt sind und ob Klartext in einem verschlüsselten Chat auffällt oder abgewiesen wird.",
    en: "Whether new chats are encrypted by themselves and whether plain text in an encrypted chat is noticed or refused.",
  },
  area: "security",
  verifies: ["E-04"],
  measures: [
    "e2ee.new-chat.direct-encrypted",
    "e2ee.new-chat.group-encrypted",
    "e2ee.available",
    "e2ee.plaintext-injection.delivered",
    "e2ee.plaintext-injection.client-warns",
  ],
  protocols: ["matrix", "xmpp"],
  servers: 1,
  inDepth: true,
  timeBudget: 300,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    // A plain chat works: so a failure to encrypt below is about encryption and not about the server.
    const [carol, dave] = await ctx.step("two clients without encryption log in", async () =>
      Promise.all([ctx.open(await ctx.person(server, "carol")), ctx.open(await ctx.person(server, "dave"))]),
    );
    const word = ctx.random.id("policy");
    const plainChat = await carol.openDirect(dave.address);
    await dave.join(plainChat, { what: "dave to be in the plain chat", withinMs: 20_000 });
    await carol.send(plainChat, `${word} plain`);
    await dave.received(({ text }) => text === `${word} plain`, { what: "the plain text", withinMs: 20_000 });

    const pair = await ctx.step("two clients that encrypt log in", () => openPair(ctx, server));
    if (pair === undefined) {
      measureNone(ctx);
      ctx.control("positive", true, "a plain chat works on the same server");
      ctx.control("negative", true, "the lack of encryption shows");
      return;
    }
    const [alice, bob] = pair;
    const direct = await ctx.step("a chat is opened as it comes", () => alice.openUntouched("direct", bob.address));
    const group = await ctx.step("a group is made as it comes", () => alice.openUntouched("group", bob.address));
    ctx.measure("e2ee.new-chat.direct-encrypted", direct.encrypted);
    ctx.measure("e2ee.new-chat.group-encrypted", group.encrypted);

    const chat = await ctx.step("an encrypted chat is opened", () => alice.openEncryptedDirect(bob.address));
    await bob.join(chat, { what: "bob to be in the encrypted chat", withinMs: 30_000 });
    await alice.sendEncrypted(chat, `${word} sealed`);
    const sealed = await bob.received((one) => one.text === `${word} sealed` && one.encrypted, {
      what: "the encrypted text",
      withinMs: 30_000,
    });
    ctx.measure("e2ee.available", sealed.encrypted);
    const calm = await bob.warnings(chat);

    const other = await ctx.step("alice's second client, which does not encrypt", () => ctx.open(alice.person));
    const refusals: string[] = [];
    await ctx.step("plain texts into the encrypted chat", async () => {
      for (let index = 0; index < injections; index += 1) {
        await other.send(chat, `${word} downgrade ${index}`).catch((error: unknown) => {
          if (!hasCode(error, "refused")) throw error;
          refusals.push((error as Error).message);
        });
      }
      // In order behind the plain ones: once it is here, they are here too or never come.
      await alice.sendEncrypted(chat, `${word} last`);
      await bob.received((one) => one.text === `${word} last` && one.encrypted, {
        what: "the last text",
        withinMs: 30_000,
      });
    });
    const shown = new Set(
      bob
        .inbox()
        .filter(({ text }) => text.startsWith(`${word} downgrade`))
        .map(({ text }) => text),
    );
    const warned = (await bob.warnings(chat)).filter((one) => !calm.includes(one));
    ctx.measure("e2ee.plaintext-injection.delivered", shown.size, {
      total: injections,
      note: refusals.join("; ").slice(0, 300),
    });
    ctx.measure("e2ee.plaintext-injection.client-warns", warned.length > 0, {
      note: warned.join("; ").slice(0, 300) || "the client shows no warning beside the plain text",
    });
    ctx.control("positive", true, "an encrypted text arrived before and after");
    ctx.control(
      "negative",
      shown.size + refusals.length > 0,
      `${shown.size} plain texts shown, ${refusals.length} refused`,
    );
  },
});
