import { recoveryChart, type LateDelivery } from "../../harness/model/charts.ts";
import { hasCode } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import {
  hasDeliveryErrors,
  type Conversation,
  type ReceivedMessage,
  type Session,
} from "../../harness/model/session.ts";

// The line between two authorities is cut; both sides go on writing, one to one and in a group; the line comes back. Every
// message is accounted for by its content: delivered, delivered twice, given back to its sender, or silently lost.
// APP.5.4.A11. An XMPP group lives on one server, a Matrix room on both: the sharpest difference between the two.

/** Messages of one side that the server has not answered yet, at most. */
const inFlightLimit = 32;
/** Both sides write during this share of the cut. */
const shareForWriting = 0.9;
/** What has not arrived this long after all ways work again is lost. */
const settleMs = 30_000;
/** Reading the history of all chats is work for a server that has just come back. */
const readEveryMs = 5_000;

interface Sent {
  readonly kind: Conversation["kind"];
  readonly from: Session;
  readonly to: Session;
  readonly text: string;
  /** Milliseconds of the clock. */
  readonly at: number;
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

/** What one side writes, and when: alternating between the chats, spread over the cut. */
interface Writing {
  readonly chats: readonly Conversation[];
  readonly texts: readonly string[];
  /** Milliseconds of the clock. */
  readonly from: number;
  readonly everyMs: number;
}

const textsOf = (ctx: ScenarioContext, side: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => ctx.random.id(`cut-${side}-${index}`));

/** One message; a refusal tells the sender, a lost connection to the own server would be the lab's fault. */
async function sendOne(
  ctx: ScenarioContext,
  [from, to]: readonly [Session, Session],
  chat: Conversation,
  text: string,
): Promise<Sent> {
  const at = ctx.clock.nowMs();
  const id = await from.send(chat, text).then(
    (message) => message.id,
    (error: unknown) => {
      if (!hasCode(error, "refused")) throw error;
      return undefined;
    },
  );
  return { kind: chat.kind, from, to, text, at, id };
}

/**
 * One side writes. Each message is begun when its turn comes and does not wait for the answer to the one before, so that a
 * slow server does not stretch the cut; on return the server has taken or refused each of them.
 */
async function writeDuringCut(
  ctx: ScenarioContext,
  pair: readonly [Session, Session],
  { chats, texts, from, everyMs }: Writing,
): Promise<readonly Sent[]> {
  const sent: Promise<Sent>[] = [];
  const inFlight = new Set<Promise<Sent>>();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  for (const [index, text] of texts.entries()) {
    const chat = chats[index % chats.length];
    if (chat === undefined) continue;
    await Promise.race([pause(ctx, from + index * everyMs), failed.promise]);
    while (inFlight.size >= inFlightLimit) await Promise.race(inFlight);
    const sending = sendOne(ctx, pair, chat, text);
    sent.push(sending);
    inFlight.add(sending);
    sending.then(() => inFlight.delete(sending), failed.reject);
  }
  return Promise.all(sent);
}

/** Until the time is there; at once if it has passed. */
async function pause(ctx: ScenarioContext, until: number): Promise<void> {
  const wait = until - ctx.clock.nowMs();
  if (wait > 0)
    await ctx.until({ what: "the next message's turn", withinMs: wait + 30_000 }, () =>
      ctx.clock.nowMs() >= until ? true : undefined,
    );
}

/** Messages by who has them: text → ids. The same id twice is one message, whichever way it came. */
type Seen = Map<Session, Map<string, Set<string>>>;

function note(seen: Seen, session: Session, messages: readonly ReceivedMessage[]): void {
  const texts = seen.get(session) ?? new Map<string, Set<string>>();
  for (const { text, id } of messages) texts.set(text, (texts.get(text) ?? new Set()).add(id));
  seen.set(session, texts);
}

function accountFor(sent: readonly Sent[], seen: Seen): Account {
  for (const to of new Set(sent.map((one) => one.to))) note(seen, to, to.inbox());
  const times = (one: Sent): number => seen.get(one.to)?.get(one.text)?.size ?? 0;
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

/**
 * What people find when they scroll back. After a long cut Synapse sends only the newest event of a room and fetches the
 * others when somebody reads the room's history (backfill): those are late, not lost.
 */
async function scrollBack(seen: Seen, ways: readonly Way[], limit: number): Promise<void> {
  await Promise.all(
    ways.map(async ({ to, chat }) => {
      try {
        note(seen, to, await to.history(chat, limit));
      } catch (error) {
        // No archive, or none that answers now: then there is nothing to find.
        if (!hasCode(error, "refused", "unsupported", "deadline")) throw error;
      }
    }),
  );
}

interface Way {
  readonly from: Session;
  readonly to: Session;
  readonly chat: Conversation;
  /** Texts of the messages written on this way since the line is back. */
  readonly fresh: Set<string>;
}

/**
 * A message written after the cut shows that this way works again, as soon as any of them arrives: a server that still works
 * through its backlog delivers the first one late, and the newest is always behind it.
 */
async function freshMessage(ctx: ScenarioContext, { from, to, chat, fresh }: Way): Promise<boolean> {
  const what = "a fresh message after the cut";
  try {
    const text = ctx.random.id("healed");
    fresh.add(text);
    await from.send(chat, text);
    await to.received((message) => fresh.has(message.text), { what, withinMs: 2_000 });
    return true;
  } catch (error) {
    if (hasCode(error, "refused", "deadline")) return false;
    throw error;
  }
}

/** The ways on which something has neither arrived nor come back: only their histories are worth reading again. */
const waysMissing = (ways: readonly Way[], lost: readonly Sent[]): readonly Way[] =>
  ways.filter(({ to, chat }) => lost.some((one) => one.to === to && one.kind === chat.kind));

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

interface Recovery {
  /** Seconds since healing until all ways worked and all was accounted for; undefined if that never came. */
  readonly seconds: number | undefined;
  /** All ways work again, for long enough that what has not come by then is lost. */
  readonly decided: boolean;
}

/** Waits until all is accounted for and all ways work again, or the window is over. */
async function waitForRecovery(
  ctx: ScenarioContext,
  sent: readonly Sent[],
  seen: Seen,
  ways: readonly Way[],
  healedAt: number,
  windowSeconds: number,
): Promise<Recovery> {
  const sides = [...new Set(ways.map(({ from }) => from))];
  const groups = [...new Set(ways.map(({ chat }) => chat))].filter(({ kind }) => kind === "group");
  const working = new Set<Way>();
  let worksSince = Number.POSITIVE_INFINITY;
  let readAgain = 0;
  const windowEnd = healedAt + windowSeconds * 1000;
  const settling = (now: number): boolean => working.size === ways.length && now - worksSince < settleMs;
  const over = (now: number): boolean => now > windowEnd && !settling(now);
  for (let now = ctx.clock.nowMs(); !over(now); now = ctx.clock.nowMs()) {
    await Promise.all(groups.map((group) => comeBack(sides, group)));
    await Promise.all(
      ways
        .filter((way) => !working.has(way))
        .map(async (way) => void ((await freshMessage(ctx, way)) && working.add(way))),
    );
    if (working.size === ways.length) {
      worksSince = Math.min(worksSince, ctx.clock.nowMs());
      if (!accountFor(sent, seen).settled && ctx.clock.nowMs() >= readAgain) {
        await scrollBack(seen, waysMissing(ways, accountFor(sent, seen).silentlyLost), sent.length);
        readAgain = ctx.clock.nowMs() + readEveryMs;
      }
      if (accountFor(sent, seen).settled) return { seconds: (ctx.clock.nowMs() - healedAt) / 1000, decided: true };
    }
    await pause(ctx, now + 1_000);
  }
  return { seconds: undefined, decided: ctx.clock.nowMs() - worksSince >= settleMs };
}

/** Arrivals after the cut, in seconds. What was only found by scrolling back was there at the end of the wait at the latest. */
function lateDeliveries(
  sent: readonly Sent[],
  lost: readonly Sent[],
  times: { readonly cutAt: number; readonly healedAt: number; readonly endedAt: number },
): readonly LateDelivery[] {
  const { cutAt, healedAt, endedAt } = times;
  const gone = new Set(lost);
  return sent.map((one) => {
    const arrivals = one.to.inbox().filter(({ text }) => text === one.text);
    const at = arrivals.reduce((first, message) => Math.min(first, message.at), endedAt);
    return { writtenAt: (one.at - cutAt) / 1000, arrivedAfter: gone.has(one) ? null : (at - healedAt) / 1000 };
  });
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
  timeBudget: 600,
  async run(ctx) {
    const [a, b] = ctx.servers;
    if (a === undefined || b === undefined) return;
    const perSide = ctx.params["messages-per-side"] ?? 200;
    const cutSeconds = ctx.params["cut"] ?? 600;
    // The compressed window (120 s) decides for Synapse 1.163 because the compressed cut is 45 s: what it sends into the cut times
    // out after 60 s (federation client_timeout) or is refused at once, and is tried again after 4, 16 and 60 s (each times 0.8
    // to 1.4), so at most 67 s after healing; destination_*_retry_interval only begins after ten such tries.
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

    const cut = await ctx.step("the line between the authorities is cut", () => ctx.faults.cutFederation(a, b));
    const cutAt = ctx.clock.nowMs();
    const everyMs = (cutSeconds * shareForWriting * 1000) / perSide;
    // Drawn before both sides write at the same time: the same texts in every run.
    const writing = (side: string): Writing => ({ chats, texts: textsOf(ctx, side, perSide), from: cutAt, everyMs });
    const [byAlice, byBob] = [writing("a"), writing("b")];
    const sent = await ctx.step(`${perSide} messages on each side`, async () => {
      const both = await Promise.all([
        writeDuringCut(ctx, [alice, bob], byAlice),
        writeDuringCut(ctx, [bob, alice], byBob),
      ]);
      return both.flat();
    });
    await ctx.step(`the line stays cut for ${cutSeconds} s`, () => pause(ctx, cutAt + cutSeconds * 1000));
    const passedDuringCut = accountFor(sent, new Map()).delivered;
    ctx.control("negative", passedDuringCut === 0, "nothing passed while the line was cut");

    await cut[Symbol.asyncDispose]();
    const healedAt = ctx.clock.nowMs();
    const cutFor = Math.round((healedAt - cutAt) / 1000);
    const ways = chats.flatMap((chat) => [
      { from: alice, to: bob, chat, fresh: new Set<string>() },
      { from: bob, to: alice, chat, fresh: new Set<string>() },
    ]);
    const seen: Seen = new Map();
    const { seconds: recovery, decided } = await ctx.step("the line is back", () =>
      waitForRecovery(ctx, sent, seen, ways, healedAt, window),
    );
    await Promise.all([alice.ping(), bob.ping()]);
    const account = accountFor(sent, seen);
    // While servers still wait before they try again, a message that has not arrived is not lost yet.
    ctx.measure("gate.sz-19.f-07.line-works-again", decided, {
      note: decided
        ? "all ways worked again"
        : `not all ways worked again within ${window} s, so nothing can be called lost`,
    });
    const total = perSide * 2;
    const lostIn = (kind: Conversation["kind"]) => account.lost.filter((one) => one.kind === kind).length;
    const evidence = {
      cutSeconds: cutFor,
      window,
      recovery: recovery ?? null,
      delivered: account.delivered,
      lost: account.lost.map(({ kind, from, text, id }) => ({ kind, from: from.address, text, id: id ?? null })),
    };
    const times = { cutAt, healedAt, endedAt: ctx.clock.nowMs() };
    for (const kind of ["direct", "group"] as const) {
      const own = sent.filter((one) => one.kind === kind);
      const place = { candidate: a.candidate.id, config: ctx.config };
      const chart = recoveryChart(place, kind, lateDeliveries(own, account.lost, times));
      await ctx.evidence(`recovery-${kind}.chart.json`, JSON.stringify(chart));
    }
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
      note: `cut by taking the network away for ${cutFor} s; given back to the sender: ${account.lost.length - account.silentlyLost.length}`,
    });
  },
});
