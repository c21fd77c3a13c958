import { hasEndToEnd, type WithEndToEnd } from "../../harness/model/end-to-end.ts";
import { HarnessError, hasCode } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { Person, SearchHit } from "../../harness/model/server.ts";
import type { Conversation, Session } from "../../harness/model/session.ts";

// Ten people of two authorities in one encrypted group: two of them, one from each side, send twenty texts in turn. Every
// member has to read all of them, and no store of either server may hold one. A plain group on the same servers shows that the
// search finds what is there. APP.5.4.A14, gematik A_22793; catalogue E-02. Compare complement-crypto (Matrix).

type Member = Session & WithEndToEnd;

/** Browsers are opened two at a time: each costs seconds of CPU. */
const atOnce = 2;

async function openMembers(ctx: ScenarioContext, people: readonly Person[]): Promise<readonly Member[]> {
  const members: Member[] = [];
  for (let next = 0; next < people.length; next += atOnce) {
    const opened = await Promise.all(people.slice(next, next + atOnce).map((person) => ctx.openEncrypting(person)));
    for (const session of opened) {
      if (!hasEndToEnd(session))
        throw new HarnessError("harness-fault", "expected a client for encrypted groups, got one without");
      members.push(session);
    }
  }
  return members;
}

async function gather(ctx: ScenarioContext, members: readonly Member[]): Promise<Conversation> {
  const [owner, ...others] = members;
  if (owner === undefined) throw new HarnessError("harness-fault", "expected members, got none");
  const group = await owner.createEncryptedGroup(ctx.random.id("group"));
  for (const member of others) {
    await owner.invite(group, member.address);
    await member.join(group, { what: `${member.address} to be in the encrypted group`, withinMs: 30_000 });
  }
  return group;
}

/** A sender must know a device of everybody, or the missing one would look like a failure of the product. */
async function awaitKeys(
  ctx: ScenarioContext,
  sender: Member,
  group: Conversation,
  all: readonly Member[],
): Promise<void> {
  const others = all.filter((member) => member !== sender).map(({ address }) => address);
  await ctx.until(
    { what: `${sender.address} to know devices of ${others.length} members`, withinMs: 60_000 },
    async () => (await sender.encryptsFor(group, others)) || undefined,
  );
}

const unlessLate = (error: unknown): void => {
  if (!hasCode(error, "deadline")) throw error;
};

/** How many members show every text; senders know their own. */
async function exchange(
  ctx: ScenarioContext,
  members: readonly Member[],
  senders: readonly Member[],
  group: Conversation,
  canary: string,
): Promise<readonly { readonly member: string; readonly missing: readonly string[] }[]> {
  const total = ctx.params["group-messages"] ?? 20;
  const texts = Array.from({ length: total }, (_, index) => `${canary} group ${index}`);
  for (const [index, text] of texts.entries()) {
    const sender = senders[index % senders.length] as Member;
    await sender.sendEncrypted(group, text);
    const witness = members.find((member) => !senders.includes(member)) as Member;
    // In step with one reader; whoever reads slower is given time below.
    await witness
      .received((one) => one.text === text && one.encrypted, { what: text, withinMs: 20_000 })
      .catch(unlessLate);
  }
  const missingAt = (member: Member): readonly string[] => {
    const seen = new Set(member.inbox().flatMap((one) => (one.encrypted ? [one.text] : [])));
    return texts.filter((text, index) => senders[index % senders.length] !== member && !seen.has(text));
  };
  const complete = (): true | undefined => members.every((member) => missingAt(member).length === 0) || undefined;
  // A member that never gets a text is a result, not a fault, as long as its client still answers.
  await ctx.until({ what: "all texts at all members", withinMs: 20_000 }, complete).catch(unlessLate);
  for (const member of members) await member.ping();
  return members.map((member) => ({ member: member.address, missing: missingAt(member) }));
}

async function plainControl(ctx: ScenarioContext, text: string): Promise<void> {
  const [first, second] = ctx.servers;
  if (first === undefined || second === undefined) throw new HarnessError("harness-fault", "expected two servers");
  const [one, two] = [
    await ctx.open(await ctx.person(first, "plain")),
    await ctx.open(await ctx.person(second, "plain")),
  ];
  const group = await one.createGroup(ctx.random.id("plaingroup"));
  await one.invite(group, two.address);
  await two.join(group, { what: "the second person to be in the plain group", withinMs: 30_000 });
  await one.send(group, text);
  await two.received((message) => message.text === text, { what: "the plain control in a group", withinMs: 20_000 });
}

export const scenario = defineScenario({
  id: "SZ-32",
  title: { de: "Verschlüsselte Gruppe über zwei Behörden", en: "Encrypted group across two authorities" },
  shows: {
    de: "Ob zehn Mitglieder zweier Behörden einander verschlüsselt schreiben und kein Server mitlesen kann.",
    en: "Whether ten members of two authorities write to each other encrypted and no server can read along.",
  },
  area: "security",
  verifies: ["E-02"],
  measures: ["e2ee.group.members-decrypting-all", "e2ee.group.canary-hits", "e2ee.group.control-hits"],
  protocols: ["matrix", "xmpp"],
  servers: 2,
  inDepth: true,
  timeBudget: 480,
  async run(ctx) {
    const count = ctx.params["group-members"] ?? 10;
    const people = await ctx.step(`${count} people on two servers`, async () => {
      const halves = await Promise.all(
        ctx.servers.map((server, index) =>
          ctx.people(server, "member", index === 0 ? Math.ceil(count / 2) : Math.floor(count / 2)),
        ),
      );
      return halves.flat();
    });
    const members = await ctx.step(`${count} clients that encrypt log in`, () => openMembers(ctx, people));
    const group = await ctx.step("all enter an encrypted group", () => gather(ctx, members));
    const senders = [members[0], members.at(-1)].filter((member) => member !== undefined);
    await ctx.step("senders learn the devices of all members", async () => {
      for (const sender of senders) await awaitKeys(ctx, sender, group, members);
    });
    const canary = ctx.random.id("canarygroup");
    const control = ctx.random.id("controlgroup");
    const results = await ctx.step("encrypted texts in the group", () =>
      exchange(ctx, members, senders, group, canary),
    );
    await ctx.evidence("group-members.json", JSON.stringify(results, null, 2));
    await ctx.step("plain control in a group", () => plainControl(ctx, control));
    const found = await ctx.step("search both servers", () =>
      Promise.all(ctx.servers.map((server) => server.search({ canary, control }))),
    );
    await ctx.evidence("search-group.json", JSON.stringify(found, null, 2));
    const hits = (needle: string): readonly SearchHit[] =>
      found.flatMap((result) => result.hits.filter((hit) => hit.needle === needle));
    const complete = results.filter(({ missing }) => missing.length === 0).length;
    ctx.measure("e2ee.group.members-decrypting-all", complete, { total: count });
    ctx.measure("e2ee.group.canary-hits", hits("canary").length);
    ctx.measure("e2ee.group.control-hits", hits("control").length);
    ctx.control("positive", complete > 0, `${complete} of ${count} members read every text`);
    ctx.control("negative", hits("control").length > 0, "the same search finds the plain text of a group");
  },
});
