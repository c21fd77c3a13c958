import { hasCode } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { RunningServer } from "../../harness/model/server.ts";
import { hasExternals, type Conversation, type Session } from "../../harness/model/session.ts";

// Three authorities. First all three talk, so that later silence means the list and not a broken lab. Then the first authority
// takes the third off its list while running (F-03), and with the list in force twenty events from and to the third must stay
// out while twenty from and to the second pass (F-02). AF_10064-02, A_23094.

/** Ten each way, for the listed and the unlisted pair. */
const eventsPerDirection = 10;
const quietMs = 5_000;

interface Link {
  readonly left: Session;
  readonly right: Session;
  readonly chat: Conversation;
}

async function connect(left: Session, right: Session): Promise<Link> {
  const chat = await left.openDirect(right.address);
  await right.join(chat, { what: `${right.address} to be in the chat`, withinMs: 30_000 });
  return { left, right, chat };
}

/** Where groups are closed to people of some servers at first, the host opens this one: only the list is to decide here. */
async function inviteAnybody(host: Session, group: Conversation, guest: string): Promise<void> {
  try {
    await host.invite(group, guest);
  } catch (error) {
    if (!hasCode(error, "refused") || !hasExternals(host)) throw error;
    await host.admitExternals(group);
    await host.invite(group, guest);
  }
}

/** A group on the listed authority with people of all three: the list of the first says nothing about whom the second lets in. */
async function openThirdRoom(ctx: ScenarioContext, host: Session, guests: readonly Session[]): Promise<Conversation> {
  const group = await host.createGroup(ctx.random.id("third-room"));
  for (const guest of guests) {
    await inviteAnybody(host, group, guest.address);
    await guest.join(group, { what: `${guest.address} to be in the group of the listed authority`, withinMs: 30_000 });
  }
  return group;
}

/** The server may refuse at once, or accept and never deliver; both are "did not pass". A lost connection is neither. */
async function trySend(session: Session, chat: Conversation, text: string): Promise<void> {
  try {
    await session.send(chat, text);
  } catch (error) {
    if (!hasCode(error, "refused")) throw error;
  }
}

const arrived = (session: Session, text: string): boolean => session.inbox().some((message) => message.text === text);

interface Passed {
  readonly to: string;
  readonly text: string;
  /** Milliseconds of the clock. */
  readonly sentAt: number;
  readonly arrivedAt: number;
}

/** Sends each way and returns a function that tells which of all have arrived so far. */
async function sendBothWays(ctx: ScenarioContext, link: Link, label: string): Promise<() => readonly Passed[]> {
  const sent: { readonly to: Session; readonly text: string; readonly sentAt: number }[] = [];
  for (let index = 0; index < eventsPerDirection; index += 1) {
    for (const [from, to] of [
      [link.left, link.right],
      [link.right, link.left],
    ] as const) {
      const text = ctx.random.id(`${label}-${index}`);
      const sentAt = ctx.clock.nowMs();
      await trySend(from, link.chat, text);
      sent.push({ to, text, sentAt });
    }
  }
  return () =>
    sent.flatMap(({ to, text, sentAt }) =>
      to
        .inbox()
        .filter((message) => message.text === text)
        .slice(0, 1)
        .map(({ at }) => ({ to: to.address, text, sentAt, arrivedAt: at })),
    );
}

/** A stranger opens a new chat with somebody of the closed authority: the invitation itself must stay out. */
async function inviteFromOutside(ctx: ScenarioContext, stranger: Session, target: Session): Promise<boolean> {
  const text = ctx.random.id("stranger-invites");
  try {
    const chat = await stranger.openDirect(target.address);
    await target.join(chat, { what: "an invitation from outside", withinMs: quietMs });
    await trySend(stranger, chat, text);
    await target.received((message) => message.text === text, {
      what: "a message after the invitation",
      withinMs: quietMs,
    });
    return true;
  } catch (error) {
    if (hasCode(error, "refused", "deadline")) return false;
    throw error;
  }
}

/** F-03: sends from the removed authority twice a second until nothing has arrived for a while; seconds until the last that did. */
async function timeToEffect(
  ctx: ScenarioContext,
  link: Link,
  since: number,
): Promise<{ seconds: number; censored: boolean; window: number }> {
  const window = ctx.params["defederation-window"] ?? 60;
  const sent: { at: number; text: string }[] = [];
  const lastPassed = (): number =>
    Math.max(since, ...sent.filter((one) => arrived(link.left, one.text)).map((one) => one.at));
  while (ctx.clock.nowMs() - since < window * 1000) {
    const text = ctx.random.id("after-removal");
    sent.push({ at: ctx.clock.nowMs(), text });
    await trySend(link.right, link.chat, text);
    const next = ctx.clock.nowMs() + 500;
    await ctx.until({ what: "half a second", withinMs: 5_000 }, () => (ctx.clock.nowMs() >= next ? true : undefined));
    if (ctx.clock.nowMs() - lastPassed() > quietMs * 2)
      return { seconds: (lastPassed() - since) / 1000, censored: false, window };
  }
  return { seconds: window, censored: true, window };
}

async function defederate(ctx: ScenarioContext, server: RunningServer, link: Link, keep: string): Promise<void> {
  const { setFederationAllowList } = server.administration;
  if (setFederationAllowList === undefined) {
    ctx.measure("defederation.possible", false);
    ctx.measure("defederation.restart-needed", true);
    ctx.measure("defederation.time-to-effect", null, { unit: "s" });
    return;
  }
  const since = ctx.clock.nowMs();
  const { restarted } = await setFederationAllowList([keep]);
  const effect = await timeToEffect(ctx, link, since);
  ctx.measure("defederation.possible", true);
  ctx.measure("defederation.restart-needed", restarted);
  ctx.measure("defederation.time-to-effect", effect.seconds, {
    unit: "s",
    window: effect.window,
    censored: effect.censored,
  });
}

export const scenario = defineScenario({
  id: "SZ-17",
  title: { de: "Geschlossene Föderation", en: "Closed federation" },
  shows: {
    de: "Ob nur gelistete Behörden erreichbar sind, und wie schnell der Ausschluss einer Behörde wirkt.",
    en: "Whether only listed authorities can be reached, and how fast excluding one takes effect.",
  },
  area: "federation",
  verifies: ["F-02", "F-03", "F-04"],
  measures: [
    "federation.unlisted.events-passed",
    "federation.listed.events-passed",
    "federation.unlisted.events-by-third-room",
    "defederation.time-to-effect",
    "defederation.restart-needed",
    "defederation.possible",
    "federation-list.tampered-refused",
    "federation-list.expired-refused",
    "federation-list.new-applied",
    "federation-list.refresh-interval",
    "federation-list.file-based",
  ],
  protocols: ["matrix", "xmpp"],
  servers: 3,
  federation: { allow: { a: ["b", "c"], b: ["a", "c"], c: ["a", "b"] } },
  timeBudget: 240,
  async run(ctx) {
    const [own, listed, removed] = ctx.servers;
    if (own === undefined || listed === undefined || removed === undefined) return;
    const open = async (server: RunningServer, role: string): Promise<Session> => {
      const person = await ctx.person(server, role);
      // Each of the three writes for a whole authority.
      await server.administration.exemptFromRateLimits?.([person.name]);
      return ctx.open(person);
    };
    const [alice, bob, mallory] = [await open(own, "alice"), await open(listed, "bob"), await open(removed, "mallory")];
    const [toListed, toRemoved] = await ctx.step("all three authorities talk", async () => {
      const links = [await connect(alice, bob), await connect(alice, mallory)] as const;
      for (const link of links) {
        const text = ctx.random.id("while-listed");
        await link.right.send(link.chat, text);
        await link.left.received((message) => message.text === text, {
          what: "a message while all are listed",
          withinMs: 20_000,
        });
      }
      return links;
    });
    const thirdRoom = await ctx.step("people of all three meet in a group of the second", () =>
      openThirdRoom(ctx, bob, [alice, mallory]),
    );
    ctx.control("positive", true, "before the removal the third authority reached the first");

    // The shipped configuration stays as it is: it has no list, and what that lets through is what the column shows.
    if (ctx.config === "hardened")
      await ctx.step("the third authority is taken off the list", () => defederate(ctx, own, toRemoved, listed.domain));

    const reached = await ctx.step("alice is still served", () => reconnect(ctx, alice));
    const linkToRemoved = { ...toRemoved, left: reached };
    const linkToListed = { ...toListed, left: reached };
    const unlistedPassed = await ctx.step("20 events from and to the unlisted authority", () =>
      sendBothWays(ctx, linkToRemoved, "unlisted"),
    );
    const listedPassed = await ctx.step("20 events from and to the listed authority", () =>
      sendBothWays(ctx, linkToListed, "listed"),
    );
    const total = eventsPerDirection * 2;
    await ctx
      .until({ what: "the 20 listed events", withinMs: 30_000 }, () =>
        listedPassed().length === total ? true : undefined,
      )
      .catch((error: unknown) => {
        if (!hasCode(error, "deadline")) throw error;
      });
    const relayed = Array.from({ length: eventsPerDirection }, (_, index) => ctx.random.id(`third-room-${index}`));
    await ctx.step("10 events of the unlisted authority in the group of the listed one", async () => {
      for (const text of relayed) await trySend(mallory, thirdRoom, text);
    });
    const invited = await ctx.step("an invitation from the unlisted authority", () =>
      inviteFromOutside(ctx, mallory, reached),
    );
    // By way of the second authority, which keeps both: not every product lets people of each server begin chats there.
    await ctx.step("the unlisted authority is up", async () => {
      await mallory.ping();
      const text = ctx.random.id("still-there");
      await mallory.send(thirdRoom, text);
      await bob.received((message) => message.text === text, {
        what: "a message of the unlisted authority in the group of the listed one",
        withinMs: 20_000,
      });
    });
    const passed = Math.min(total, unlistedPassed().length + (invited ? 1 : 0));
    ctx.control("negative", listedPassed().length > 0, "events are seen when they pass");
    ctx.measure("federation.unlisted.events-passed", passed, {
      total,
      note: invited ? "an invitation passed too" : "no invitation passed",
    });
    if (ctx.config === "hardened") measureList(ctx, own, passed === 0 && listedPassed().length > 0);
    const byThirdRoom = relayed.filter((text) => arrived(reached, text)).length;
    ctx.measure("federation.unlisted.events-by-third-room", byThirdRoom, {
      note: "a list of one server does not bind the server that hosts the group",
    });
    ctx.measure("federation.listed.events-passed", listedPassed().length, { total });
    await ctx.evidence(
      "closed-federation.json",
      JSON.stringify({ unlisted: unlistedPassed(), listed: listedPassed().length, byThirdRoom, invited }, null, 2),
    );
  },
});

/**
 * F-04: none of the products here fetches a signed list (JWS, gemSpec_TI-Messenger-FD 5.1.2.1); what they have is a list in a file
 * of their own configuration, shown in this very run to keep the removed authority out.
 */
function measureList(ctx: ScenarioContext, server: RunningServer, works: boolean): void {
  const fileBased = server.administration.setFederationAllowList !== undefined && works;
  const note = "the product has no list with a signature or a date of expiry";
  ctx.measure("federation-list.tampered-refused", false, { note });
  ctx.measure("federation-list.expired-refused", false, { note });
  ctx.measure("federation-list.new-applied", fileBased, { note: "the changed list kept the removed authority out" });
  ctx.measure("federation-list.refresh-interval", null, {
    unit: "s",
    note: "nothing is fetched; the operator changes the file",
  });
  ctx.measure("federation-list.file-based", fileBased);
}

/** A restart for the new list ends sessions; the same person logs in again. Any other loss is a fault. */
async function reconnect(ctx: ScenarioContext, session: Session): Promise<Session> {
  try {
    await session.ping();
    return session;
  } catch (error) {
    if (!hasCode(error, "disconnected")) throw error;
    return ctx.open(session.person);
  }
}
