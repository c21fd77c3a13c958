import { hasEndToEnd, sealedTexts, type StolenState, type WithEndToEnd } from "../../harness/model/end-to-end.ts";
import { HarnessError, hasCode } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { RunningServer } from "../../harness/model/server.ts";
import { hasTraffic, type Conversation, type Session } from "../../harness/model/session.ts";

// Who leaves must not read on, who comes must not read what was before, unless the group says so. The ex-member's keys are
// tried on the ciphertexts themselves, as if the server handed them over. ORP.4.A2, gematik A_25395-03; catalogue E-07, E-08.

type Member = Session & WithEndToEnd;

async function openMembers(
  ctx: ScenarioContext,
  server: RunningServer,
  roles: readonly string[],
): Promise<readonly Member[]> {
  const people = await Promise.all(roles.map((role) => ctx.person(server, role)));
  await server.administration.exemptFromRateLimits?.(people.map(({ name }) => name));
  const sessions = await Promise.all(people.map((person) => ctx.openEncrypting(person)));
  return sessions.map((session) => {
    if (hasEndToEnd(session)) return session;
    throw new HarnessError("harness-fault", "expected a client for encrypted groups, got one without");
  });
}

async function enter(owner: Member, group: Conversation, members: readonly Member[]): Promise<void> {
  for (const member of members) {
    await owner.invite(group, member.address);
    await member.join(group, { what: `${member.address} to be in the encrypted group`, withinMs: 60_000 });
  }
}

async function awaitKeys(
  ctx: ScenarioContext,
  sender: Member,
  group: Conversation,
  members: readonly Member[],
): Promise<void> {
  const others = members.map(({ address }) => address);
  await ctx.until(
    { what: `${sender.address} to know devices of ${others.length} members`, withinMs: 60_000 },
    async () => (await sender.encryptsFor(group, others)) || undefined,
  );
}

async function say(from: Member, to: readonly Member[], group: Conversation, text: string): Promise<void> {
  await from.sendEncrypted(group, text);
  for (const one of to) {
    await one.received((message) => message.text === text && message.encrypted, {
      what: `"${text}" at ${one.address}`,
      withinMs: 30_000,
    });
  }
}

/** How many of the texts a copy of a store opens. */
async function opened(state: StolenState, group: readonly { readonly raw: string }[], word: string): Promise<number> {
  let count = 0;
  for (const { raw } of group) {
    const text = await state.read({ id: "", raw, keyId: undefined });
    if (text?.startsWith(word) === true) count += 1;
  }
  return count;
}

/** Texts of before that a newcomer reads: what the server hands out, opened with what the newcomer's device holds. */
async function readableHistory(
  newcomer: Member,
  group: Conversation,
  word: string,
): Promise<{ readonly stored: number; readonly readable: number }> {
  const stored = await newcomer.archived(group, 100);
  const sealed = stored.filter(({ raw }) => !raw.includes(word));
  const plain = stored.length - sealed.length;
  return { stored: stored.length, readable: plain + (await opened(await newcomer.steal(), sealed, word)) };
}

export const scenario = defineScenario({
  id: "SZ-08",
  title: { de: "Kommen und Gehen in einer verschlüsselten Gruppe", en: "Coming and going in an encrypted group" },
  shows: {
    de: "Ob Entfernte nicht weiterlesen und Neue nicht lesen, was vor ihnen geschrieben wurde.",
    en: "Whether removed people cannot read on and new ones cannot read what was written before them.",
  },
  area: "security",
  verifies: ["E-07", "E-08"],
  measures: [
    "e2ee.removed.messages-readable",
    "e2ee.removed.readable-before",
    "e2ee.removed.keys-received",
    "e2ee.removed.new-key-after-removal",
    "e2ee.history.old-messages-readable",
    "e2ee.history.switchable",
  ],
  protocols: ["matrix", "xmpp"],
  servers: 1,
  inDepth: true,
  timeBudget: 600,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    const total = ctx.params["messages-after-removal"] ?? 20;
    const members = await ctx.step("four clients that encrypt log in", () =>
      openMembers(ctx, server, ["owner", "stays", "leaves", "comes"]),
    );
    const [owner, stays, leaves, comes] = members as readonly [Member, Member, Member, Member];
    const group = await ctx.step("an encrypted group of three", async () => {
      const made = await owner.createEncryptedGroup(ctx.random.id("group"));
      await enter(owner, made, [stays, leaves]);
      await awaitKeys(ctx, owner, made, [stays, leaves]);
      return made;
    });
    const word = ctx.random.id("member");
    await ctx.step("texts all three read", async () => {
      for (let index = 0; index < 3; index += 1) await say(owner, [stays, leaves], group, `${word} before ${index}`);
    });
    const before = leaves
      .inbox()
      .filter(({ text, encrypted }) => encrypted && text.startsWith(`${word} before`)).length;
    const keyBefore = sealedTexts(stays, group, word).at(-1)?.keyId;

    await ctx.step("a member is removed", () => owner.removeMember(group, leaves.address));
    // Who removed the member and who only heard of it: both have to leave it out.
    await ctx.step("texts after the removal", async () => {
      for (let index = 0; index < total; index += 1) {
        const [from, to] = index % 2 === 0 ? [owner, stays] : [stays, owner];
        await say(from, [to], group, `${word} after ${index}`);
      }
    });
    const half = Math.floor(total / 2);
    const after = [stays, owner].flatMap((reader) => sealedTexts(reader, group, `${word} after`));
    if (after.length !== total) {
      throw new HarnessError("harness-fault", `expected ${total} ciphertexts to try, got ${after.length}`);
    }
    const attempt = await ctx.step("the removed member tries to read", async () => {
      const state = await leaves.steal();
      const shown = leaves.inbox().filter(({ text }) => text.startsWith(`${word} after`)).length;
      return {
        shown,
        ofRemover: await opened(state, after.slice(0, total - half), `${word} after`),
        ofOthers: await opened(state, after.slice(total - half), `${word} after`),
      };
    });
    // The same attempt by somebody who may read: it shows that the ciphertexts are whole and the attempt works.
    const allowed = await ctx.step("a remaining member's keys open the same texts", async () =>
      opened(await stays.steal(), after.slice(0, total - half), `${word} after`),
    );
    if (hasTraffic(owner)) await ctx.evidence("traffic-owner.json", JSON.stringify(owner.traffic(), null, 2));
    const readable = Math.max(attempt.shown, attempt.ofRemover + attempt.ofOthers);
    await ctx.evidence("removed.json", JSON.stringify({ before, attempt, allowed, keyBefore, after }, null, 2));
    ctx.measure("e2ee.removed.messages-readable", readable, {
      total,
      note: `${attempt.ofRemover} written by the one who removed the member, ${attempt.ofOthers} by another member`,
    });
    ctx.measure("e2ee.removed.readable-before", before);
    ctx.measure("e2ee.removed.keys-received", sealedTexts(leaves, group, `${word} after`).length);
    if (owner.method === "megolm") {
      const changed = after.every(({ keyId }) => keyId !== undefined && keyId !== keyBefore);
      ctx.measure("e2ee.removed.new-key-after-removal", changed);
    } else {
      ctx.notApplicable("e2ee.removed.new-key-after-removal", "Every message has a key of its own for each device.");
    }

    await ctx.step("a new member enters", async () => {
      await enter(owner, group, [comes]);
      await awaitKeys(ctx, owner, group, [stays, comes]);
      await say(owner, [comes], group, `${word} welcome`);
    });
    const old = await ctx.step("the new member asks for the time before", () =>
      readableHistory(comes, group, `${word} after`),
    );
    ctx.measure("e2ee.history.old-messages-readable", old.readable, {
      note: `of ${old.stored} stored messages the server handed out`,
    });
    const switchable = await ctx.step("the owner switches history for new members", async () => {
      try {
        await owner.setHistoryForNewMembers(group, false);
        await owner.setHistoryForNewMembers(group, true);
        return true;
      } catch (error) {
        if (hasCode(error, "unsupported") || hasCode(error, "refused")) return false;
        throw error;
      }
    });
    ctx.measure("e2ee.history.switchable", switchable);
    ctx.control("positive", before > 0, `${before} texts read before the removal`);
    // Without it, an attempt that never reads anything would look like a member shut out.
    ctx.control(
      "negative",
      allowed > 0,
      `the same attempt opens ${allowed} of ${total - half} texts for a remaining member`,
    );
  },
});
