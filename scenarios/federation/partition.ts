import { hasCode } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import { hasDeliveryErrors, type Conversation, type Session } from "../../harness/model/session.ts";

// The line between two authorities is cut; both sides go on writing, one to one and in a group; the line comes back. Every
// message is accounted for by its content: delivered, delivered twice, given back to its sender, or silently lost.
// APP.5.4.A11. An XMPP group lives on one server, a Matrix room on both: the sharpest difference between the two.

interface Sent {
  readonly kind: Conversation["kind"];
  readonly from: Session;
  readonly to: Session;
  readonly text: string;
  /** Undefined: the server refused it at once, so the sender knows. */
  readonly id: string | undefined;
}

interface Account {
  readonly delivered: number;
  readonly lost: readonly Sent[];
  readonly silentlyLost: readonly Sent[];
  readonly duplicates: number;
  /** Everything is either delivered or known to its sender as undelivered. */
  readonly settled: boolean;
}

async function sendDuringCut(
  ctx: ScenarioContext,
  pairs: readonly (readonly [Session, Session])[],
  chats: readonly Conversation[],
  perSide: number,
): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  for (let index = 0; index < perSide; index += 1) {
    const chat = chats[index % chats.length];
    if (chat === undefined) continue;
    for (const [from, to] of pairs) {
      const text = ctx.random.id(`cut-${chat.kind}-${index}`);
      const id = await from.send(chat, text).then(
        (message) => message.id,
        (error: unknown) => {
          // A refusal tells the sender; a lost connection to the own server would be the lab's fault.
          if (!hasCode(error, "refused")) throw error;
          return undefined;
        },
      );
      sent.push({ kind: chat.kind, from, to, text, id });
    }
  }
  return sent;
}

function accountFor(sent: readonly Sent[]): Account {
  const copies = new Map<Session, Map<string, Set<string>>>();
  for (const { to } of sent) {
    if (copies.has(to)) continue;
    const texts = new Map<string, Set<string>>();
    for (const message of to.inbox()) texts.set(message.text, (texts.get(message.text) ?? new Set()).add(message.id));
    copies.set(to, texts);
  }
  const times = (one: Sent): number => copies.get(one.to)?.get(one.text)?.size ?? 0;
  const told = (one: Sent): boolean =>
    one.id === undefined ||
    (hasDeliveryErrors(one.from) && one.from.deliveryErrors().some((error) => error.id === one.id));
  const lost = sent.filter((one) => times(one) === 0);
  const silentlyLost = lost.filter((one) => !told(one));
  return {
    delivered: sent.length - lost.length,
    lost,
    silentlyLost,
    duplicates: sent.reduce((sum, one) => sum + Math.max(0, times(one) - 1), 0),
    settled: silentlyLost.length === 0,
  };
}

/** One fresh message each way shows that the line works again. */
async function freshMessage(ctx: ScenarioContext, from: Session, to: Session, chat: Conversation): Promise<boolean> {
  const text = ctx.random.id("healed");
  try {
    await from.send(chat, text);
    await to.received((message) => message.text === text, { what: "a fresh message after the cut", withinMs: 2_000 });
    return true;
  } catch (error) {
    if (hasCode(error, "refused", "deadline")) return false;
    throw error;
  }
}

/** A client that was cut off from a group enters it again (XEP-0410); a Matrix client is still in it. */
async function comeBack(sessions: readonly Session[], group: Conversation): Promise<void> {
  await Promise.all(
    sessions.map((session) =>
      session
        .join(group, { what: `${session.address} to be back in the group`, withinMs: 5_000 })
        .catch((error: unknown) => {
          if (!hasCode(error, "refused", "deadline")) throw error;
        }),
    ),
  );
}

/** Waits until all is accounted for and both ways work, or the window is over. Seconds since healing, undefined if it never was. */
async function waitForRecovery(
  ctx: ScenarioContext,
  sent: readonly Sent[],
  sides: readonly [Session, Session],
  chats: readonly Conversation[],
  healedAt: number,
  windowSeconds: number,
): Promise<number | undefined> {
  const [direct, group] = chats;
  const [alice, bob] = sides;
  const both = { thither: false, hither: false };
  while (ctx.clock.nowMs() - healedAt < windowSeconds * 1000) {
    if (group !== undefined) await comeBack(sides, group);
    if (direct !== undefined) {
      both.thither ||= await freshMessage(ctx, alice, bob, direct);
      both.hither ||= await freshMessage(ctx, bob, alice, direct);
    }
    if (both.thither && both.hither && accountFor(sent).settled) return (ctx.clock.nowMs() - healedAt) / 1000;
    const next = ctx.clock.nowMs() + 500;
    await ctx.until({ what: "half a second", withinMs: 5_000 }, () => (ctx.clock.nowMs() >= next ? true : undefined));
  }
  return undefined;
}

export const scenario = defineScenario({
  id: "SZ-19",
  title: { de: "Trennung zweier Behörden", en: "Partition between two authorities" },
  shows: {
    de: "Was mit Nachrichten geschieht, die während einer Trennung geschrieben werden, und wie lange die Erholung dauert.",
    en: "What becomes of messages written while the line is cut, and how long recovery takes.",
  },
  area: "federation",
  verifies: ["F-07", "F-08"],
  measures: [
    "federation.partition.messages-lost",
    "federation.partition.messages-silently-lost",
    "federation.partition.duplicates",
    "federation.partition.direct-lost",
    "federation.partition.group-lost",
    "federation.partition.recovery-time",
  ],
  protocols: ["matrix", "xmpp"],
  servers: 2,
  federation: { allow: { a: ["b"], b: ["a"] } },
  timeBudget: 240,
  async run(ctx) {
    const [a, b] = ctx.servers;
    if (a === undefined || b === undefined) return;
    const perSide = ctx.params["messages-per-side"] ?? 200;
    const cutSeconds = ctx.params["cut"] ?? 600;
    const window = ctx.params["window"] ?? 3600;
    const people = [await ctx.person(a, "alice"), await ctx.person(b, "bob")] as const;
    // Two people stand for two authorities: the row asks what becomes of messages, not how many one person may send.
    await a.administration.exemptFromRateLimits?.([people[0].name]);
    await b.administration.exemptFromRateLimits?.([people[1].name]);
    const [alice, bob] = [await ctx.open(people[0]), await ctx.open(people[1])];
    const chats = await ctx.step("a chat and a group over two authorities", async () => {
      const deadline = { what: "bob to be in", withinMs: 30_000 };
      const direct = await alice.openDirect(bob.address);
      await bob.join(direct, deadline);
      const group = await alice.createGroup(ctx.random.id("group"));
      await alice.invite(group, bob.address);
      await bob.join(group, deadline);
      for (const chat of [direct, group]) {
        for (const [from, to] of [
          [alice, bob],
          [bob, alice],
        ] as const) {
          const text = ctx.random.id("before-cut");
          await from.send(chat, text);
          await to.received((message) => message.text === text, {
            what: `a message in the ${chat.kind} chat before the cut`,
            withinMs: 20_000,
          });
        }
      }
      return [direct, group] as const;
    });
    ctx.control("positive", true, "all four ways worked before the cut");

    const cutAt = ctx.clock.nowMs();
    const cut = await ctx.step("the line between the authorities is cut", () => ctx.faults.cutFederation(a, b));
    const sent = await ctx.step(`${perSide} messages on each side`, () =>
      sendDuringCut(
        ctx,
        [
          [alice, bob],
          [bob, alice],
        ],
        chats,
        perSide,
      ),
    );
    await ctx.step(`the line stays cut for ${cutSeconds} s`, () =>
      ctx.until({ what: "the end of the cut", withinMs: (cutSeconds + 60) * 1000 }, () =>
        ctx.clock.nowMs() - cutAt >= cutSeconds * 1000 ? true : undefined,
      ),
    );
    const passedDuringCut = accountFor(sent).delivered;
    ctx.control("negative", passedDuringCut === 0, "nothing passed while the line was cut");

    await cut[Symbol.asyncDispose]();
    const healedAt = ctx.clock.nowMs();
    const recovery = await ctx.step("the line is back", () =>
      waitForRecovery(ctx, sent, [alice, bob], chats, healedAt, window),
    );
    await Promise.all([alice.ping(), bob.ping()]);
    const account = accountFor(sent);
    const total = perSide * 2;
    const lostIn = (kind: Conversation["kind"]) => account.lost.filter((one) => one.kind === kind).length;
    const evidence = {
      cutSeconds,
      window,
      recovery: recovery ?? null,
      delivered: account.delivered,
      lost: account.lost.map(({ kind, from, text, id }) => ({ kind, from: from.address, text, id: id ?? null })),
    };
    await ctx.evidence("partition.json", JSON.stringify(evidence, null, 2));
    ctx.measure("federation.partition.messages-lost", account.lost.length, { total, window });
    ctx.measure("federation.partition.messages-silently-lost", account.silentlyLost.length, { window });
    ctx.measure("federation.partition.duplicates", account.duplicates, { window });
    ctx.measure("federation.partition.direct-lost", lostIn("direct"), { window });
    ctx.measure("federation.partition.group-lost", lostIn("group"), { window });
    ctx.measure("federation.partition.recovery-time", recovery ?? window, {
      unit: "s",
      window,
      censored: recovery === undefined,
      note: `cut by taking the network away for ${cutSeconds} s; given back to the sender: ${account.lost.length - account.silentlyLost.length}`,
    });
  },
});
