import { hasEndToEnd, hasKeyBackup, type WithEndToEnd } from "../../harness/model/end-to-end.ts";
import { HarnessError, hasCode } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { Person, RunningServer } from "../../harness/model/server.ts";
import type { Conversation, Session } from "../../harness/model/session.ts";

// A person takes a second device into use: with the recovery key it should read what was written before, without help of the
// first one, while no key lies readable on the server. Without a backup it reads only what is new. gematik A_26077, A_26574,
// A_25514; catalogue E-10, which pulls against E-05: both are reported.

type Client = Session & WithEndToEnd;

async function openClient(ctx: ScenarioContext, person: Person): Promise<Client> {
  const session = await ctx.openEncrypting(person);
  if (hasEndToEnd(session)) return session;
  throw new HarnessError("harness-fault", "expected a client that encrypts, got one that does not");
}

/** Texts of one person; the last one's arrival is awaited. */
async function write(from: Client, to: Client, chat: Conversation, texts: readonly string[]): Promise<void> {
  for (const text of texts) await from.sendEncrypted(chat, text);
  const last = texts.at(-1);
  await to.received((one) => one.text === last && one.encrypted, {
    what: `"${last}" at ${to.address}`,
    withinMs: 60_000,
  });
}

interface Backup {
  readonly recoveryKey: string;
  readonly secrets: Readonly<Record<string, string>>;
}

async function backUp(ctx: ScenarioContext, client: Client): Promise<Backup | undefined> {
  if (!hasKeyBackup(client)) return undefined;
  const made = await client.enableKeyBackup();
  await ctx.until(
    { what: "every key to lie in the backup", withinMs: 60_000 },
    async () => (await client.isBackedUp()) || undefined,
  );
  return made;
}

/** Old texts the new device opens: what the server kept, with the keys the device has after its login. */
async function countOld(device: Client, chat: Conversation, word: string, total: number): Promise<number> {
  const state = await device.steal();
  const texts = new Set<string>();
  for (const message of await device.archived(chat, total * 2)) {
    const text = await state.read(message);
    if (text?.startsWith(word) === true) texts.add(text);
  }
  return texts.size;
}

/** Secrets of the backup that lie readable on the server, and proof that the search would find them. */
async function search(
  server: RunningServer,
  secrets: Readonly<Record<string, string>>,
  control: string,
): Promise<{ readonly keys: number; readonly control: number }> {
  const { hits } = await server.search({ ...secrets, control }, { holds: ["database", "files", "media"] });
  return {
    keys: hits.filter(({ needle }) => needle !== "control").length,
    control: hits.filter(({ needle }) => needle === "control").length,
  };
}

export const scenario = defineScenario({
  id: "SZ-10",
  title: { de: "Zweites Gerät und Schlüsselsicherung", en: "Second device and key backup" },
  shows: {
    de: "Ob ein zweites Gerät alte und neue Nachrichten liest und ob die Schlüsselsicherung dem Server verborgen bleibt.",
    en: "Whether a second device reads old and new messages, and whether the key backup stays hidden from the server.",
  },
  area: "security",
  verifies: ["E-10"],
  measures: ["e2ee.second-device.old-readable", "e2ee.second-device.new-readable", "e2ee.backup.plaintext-key-hits"],
  protocols: ["matrix", "xmpp"],
  servers: 1,
  inDepth: true,
  timeBudget: 600,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    const [old, fresh] = [ctx.params["old-messages"] ?? 100, ctx.params["new-messages"] ?? 20];
    const people = [await ctx.person(server, "alice"), await ctx.person(server, "bob")] as const;
    await server.administration.exemptFromRateLimits?.(people.map(({ name }) => name));
    const [alice, bob] = await ctx.step("two clients that encrypt log in", () =>
      Promise.all([openClient(ctx, people[0]), openClient(ctx, people[1])]),
    );
    // Twice: whoever allows before being asked may not be heard (RFC 6121, 3.4, is optional).
    for (const [one, other] of [
      [alice, bob],
      [bob, alice],
      [alice, bob],
    ] as const)
      await one.befriend(other.address);
    const chat = await ctx.step("an encrypted chat is opened", () => alice.openEncryptedDirect(bob.address));
    await bob.join(chat, { what: "bob to be in the encrypted chat", withinMs: 30_000 });
    const word = ctx.random.id("device");
    const texts = (kind: string, count: number): readonly string[] =>
      Array.from({ length: count }, (_, index) => `${word} ${kind} ${index}`);
    await ctx.step(`${old} old texts`, () => write(alice, bob, chat, texts("old", old)));
    const backup = await ctx.step("the first device makes a backup of its keys", () => backUp(ctx, bob));

    const second = await ctx.step("the second device logs in", () => openClient(ctx, people[1]));
    if (backup !== undefined && hasKeyBackup(second)) {
      await ctx.step("the second device unlocks the backup", () => second.restoreKeyBackup(backup.recoveryKey));
    }
    const readOld = await ctx.step("the second device reads old texts", () =>
      countOld(second, chat, `${word} old`, old),
    );
    await ctx.until({ what: "the sender to know the second device", withinMs: 60_000 }, async () =>
      (await alice.devicesOf(bob.address)) > 1 ? true : undefined,
    );
    await ctx.step(`${fresh} new texts`, () => write(alice, bob, chat, texts("new", fresh)));
    const readNew = (at: Client): number =>
      new Set(
        at
          .inbox()
          .filter((one) => one.encrypted && one.text.startsWith(`${word} new`))
          .map(({ text }) => text),
      ).size;
    await ctx
      .until(
        { what: "all new texts at the second device", withinMs: 30_000 },
        () => readNew(second) === fresh || undefined,
      )
      .catch((error: unknown) => {
        if (!hasCode(error, "deadline")) throw error;
      });
    // A device whose client has ended reads nothing either.
    await second.ping();
    const found = await ctx.step("search the server for keys of the backup", () =>
      search(server, backup?.secrets ?? {}, people[1].name),
    );
    ctx.measure("e2ee.second-device.old-readable", readOld, { total: old });
    ctx.measure("e2ee.second-device.new-readable", readNew(second), { total: fresh });
    if (backup === undefined) ctx.notApplicable("e2ee.backup.plaintext-key-hits", "The method has no backup of keys.");
    else ctx.measure("e2ee.backup.plaintext-key-hits", found.keys);
    ctx.control("positive", readNew(bob) === fresh, "the first device goes on reading while the second one is there");
    ctx.control("negative", found.control > 0, "the same search finds the account's name");
  },
});
