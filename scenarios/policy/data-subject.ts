import { hasCode } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { RunningServer, SearchHit, SearchResult } from "../../harness/model/server.ts";
import {
  hasRetraction,
  hasUploads,
  type Conversation,
  type Session,
  type WithRetraction,
} from "../../harness/model/session.ts";

// Rights of the data subject: taking messages back for everyone (A_25575-01), and erasing an account (GDPR Art. 17).
//
// What counts as account data: the account's name, what its profile, devices and contacts hold, what it wrote, what it
// uploaded (the canary of the catalogue's row), wherever the own server's database, files or media hold it.
// - A message in the recipient's own archive belongs to the recipient, like a letter that was received. Products keep such
//   copies in very different ways, so the recipient is erased as well before the search that counts: what is still there is
//   nobody's copy. The search in between is kept as evidence.
// - Logs are listed, not counted: how long they live is part of the configured limit (erasure.limit-configured).
// - What the partner authority's server keeps is listed: it is that authority's to erase.
// - Addresses (IP) are not searched: all test people share one. D-10 measures how long they are kept.
// - Groups are not searched: direct chats only.
// The configured limit passes by a moved clock where the product can be given one (letTimePass), else by waiting.

type Traces = Readonly<Record<string, string>>;

const messages = 20;
/** How often the erasure window is looked into: each look dumps the whole database, and must not keep the server busy. */
const looks = 10;

interface Taken {
  readonly gone: boolean;
  readonly marked: boolean;
}

/** Takes one message back and watches the recipient for the length of the window; the others go on meanwhile. */
async function takenBack(
  sender: Session & WithRetraction,
  recipient: Session & WithRetraction,
  chat: Conversation,
  message: { readonly own: string; readonly seen: string; readonly index: number; readonly windowMs: number },
): Promise<Taken> {
  try {
    await sender.retract(chat, message.own);
    const what = `message ${message.index + 1} to be taken back`;
    const { marked } = await recipient.retracted(message.seen, { what, withinMs: message.windowMs });
    return { gone: true, marked };
  } catch (error) {
    // The time-out here is the catalogue's window, not ours: the message stayed. A refusal leaves it too.
    if (!hasCode(error, "deadline", "refused")) throw error;
    return { gone: false, marked: false };
  }
}

/** D-07: how many of twenty messages are gone at the recipient, and marked as taken back, inside the window. */
async function measureRetraction(
  ctx: ScenarioContext,
  sender: Session,
  recipient: Session,
  chat: Conversation,
): Promise<void> {
  if (!hasRetraction(sender) || !hasRetraction(recipient)) {
    ctx.missing("redaction.gone-for-others", "messages cannot be taken back");
    ctx.missing("redaction.marked", "messages cannot be taken back");
    return;
  }
  const windowMs = (ctx.params["window"] ?? 10) * 1000;
  const results: Promise<Taken>[] = [];
  for (let index = 0; index < messages; index += 1) {
    const text = ctx.random.id(`take-back-${index}`);
    const { id } = await sender.send(chat, text);
    const received = await recipient.received((message) => message.text === text, {
      what: `message ${index + 1} at the recipient`,
      withinMs: 20_000,
    });
    const taken = takenBack(sender, recipient, chat, { own: id, seen: received.id, index, windowMs });
    // A fault of one is thrown below, when all are waited for.
    taken.catch(() => undefined);
    results.push(taken);
  }
  const all = await Promise.all(results);
  const gone = all.filter((one) => one.gone).length;
  const marked = all.filter((one) => one.marked).length;
  await recipient.ping();
  ctx.measure("redaction.gone-for-others", gone, { total: messages, window: windowMs / 1000 });
  ctx.measure("redaction.marked", marked, { total: messages, window: windowMs / 1000 });
}

/** A file in the chat, where the product takes one: as shipped some offer no upload. */
async function uploaded(ctx: ScenarioContext, alice: Session, chat: Conversation): Promise<Traces> {
  const file = ctx.random.id("upload");
  if (!hasUploads(alice)) return {};
  try {
    await alice.sendFile(chat, "notes.txt", new TextEncoder().encode(`${file}\n`.repeat(32)));
    return { "uploaded file": file };
  } catch (error) {
    if (!hasCode(error, "refused", "unsupported")) throw error;
    return {};
  }
}

/** Leaves what an account usually leaves: profile, messages, a file, on both servers. Returns the traces to look for. */
async function leaveTraces(ctx: ScenarioContext, alice: Session, chats: readonly Conversation[]): Promise<Traces> {
  const profile = await ctx.driver().probes.plantProfile(alice.person.server, alice.person);
  const content = ctx.random.id("memo");
  for (const chat of chats) await alice.send(chat, `${content} text`);
  const [first] = chats;
  const file = first === undefined ? {} : await uploaded(ctx, alice, first);
  return { "account name": alice.person.name, "message text": content, ...file, ...profile };
}

const countOf = (hits: readonly SearchHit[]): number => hits.length;
const inLogs = (hits: readonly SearchHit[]): readonly SearchHit[] => hits.filter(({ holds }) => holds === "logs");
const live = (hits: readonly SearchHit[]): readonly SearchHit[] => hits.filter(({ holds }) => holds !== "logs");
const named = (hits: readonly SearchHit[]): string =>
  [...new Set(hits.map((hit) => `${hit.needle} in ${hit.store}`))].toSorted().slice(0, 8).join(", ") || "nothing";

/** Searches the live data until nothing is left or the window is over. */
async function searchUntilClean(
  ctx: ScenarioContext,
  server: RunningServer,
  traces: Traces,
): Promise<{ readonly left: SearchResult; readonly clean: boolean }> {
  const windowMs = (ctx.params["erasure-window"] ?? 900) * 1000;
  const search = (): Promise<SearchResult> => server.search(traces, { holds: ["database", "files", "media"] });
  let left = await search();
  let lookAt = ctx.clock.nowMs() + windowMs / looks;
  try {
    await ctx.until({ what: "every trace of the erased account to be gone", withinMs: windowMs }, async () => {
      if (countOf(left.hits) === 0) return true;
      if (ctx.clock.nowMs() < lookAt) return undefined;
      left = await search();
      lookAt = ctx.clock.nowMs() + windowMs / looks;
      return undefined;
    });
    return { left, clean: true };
  } catch (error) {
    if (!hasCode(error, "deadline")) throw error;
    const last = await search();
    return { left: last, clean: countOf(last.hits) === 0 };
  }
}

/** Where no clock can be moved the search waits instead. */
async function letLimitPass(server: RunningServer, limit: number): Promise<void> {
  try {
    await server.administration.letTimePass?.(limit);
  } catch (error) {
    if (!hasCode(error, "unsupported")) throw error;
  }
}

/** D-03: erases the account, then the recipient's, lets the configured periods pass, and searches what is left. */
async function measureErasure(ctx: ScenarioContext, alice: Session, bob: Session, traces: Traces): Promise<void> {
  const [own, partner] = ctx.servers;
  if (own === undefined || partner === undefined) return;
  const before = await ctx.step("search for the traces before the erasure", () => own.search(traces));
  ctx.measure("erasure.hits-before", countOf(live(before.hits)));
  ctx.control(
    "positive",
    before.hits.some(({ needle, holds }) => needle === "account name" && holds !== "logs"),
    "the search finds the account while it exists",
  );
  const absent = await own.search({ absent: ctx.random.id("never-written") });
  ctx.control(
    "negative",
    countOf(absent.hits) === 0 && absent.scanned.some((store) => store.bytes > 0),
    "the search finds nothing that was never written",
  );

  const started = ctx.clock.nowMs();
  const erase = async (session: Session): Promise<void> => {
    await session[Symbol.asyncDispose]();
    await own.administration.deleteAccount(session.person.name);
  };
  await ctx.step("the administrator erases the account", () => erase(alice));
  const erased = await ctx.step("search right after the erasure", () => own.search(traces));
  await ctx.step("the administrator erases the recipient's account", () => erase(bob));
  const limit = own.candidate.erasureLimit;
  if (limit !== null) await ctx.step("the configured limit passes", () => letLimitPass(own, limit));
  const { left, clean } = await ctx.step("search until nothing is left", () => searchUntilClean(ctx, own, traces));
  const seconds = (ctx.clock.nowMs() - started) / 1000;
  const after = await own.search(traces);
  const atPartner = await ctx.step("search the partner authority's server", () => partner.search(traces));
  const found = { traces, before, erased, left, after, atPartner };
  const file = await ctx.evidence("erasure.json", JSON.stringify(found, null, 2));

  const window = ctx.params["erasure-window"] ?? 900;
  ctx.measure("erasure.account-data-hits", countOf(left.hits), {
    window,
    evidence: [file],
    note:
      `left in live data: ${named(left.hits)}; in logs until they are rotated: ${named(inLogs(after.hits))}; ` +
      `right after the erasure, with copies of recipients: ${named(live(erased.hits))}; ` +
      `at the partner authority: ${named(live(atPartner.hits))}`,
  });
  ctx.measure("erasure.time-to-clean", clean ? seconds : window, { unit: "s", window, censored: !clean });
  ctx.measure("erasure.limit-configured", limit, { unit: "s" });
}

export const scenario = defineScenario({
  id: "SZ-25",
  title: { de: "Rechte der betroffenen Person", en: "Rights of the data subject" },
  shows: {
    de: "Ob sich Nachrichten für alle zurückholen lassen, und was nach der Löschung eines Kontos übrig bleibt.",
    en: "Whether messages can be taken back for everyone, and what remains after an account was erased.",
  },
  area: "policy",
  verifies: ["D-03", "D-07"],
  measures: [
    "redaction.gone-for-others",
    "redaction.marked",
    "erasure.hits-before",
    "erasure.account-data-hits",
    "erasure.limit-configured",
    "erasure.time-to-clean",
  ],
  protocols: ["matrix", "xmpp"],
  servers: 2,
  federation: { allow: { a: ["b"], b: ["a"] } },
  timeBudget: 300,
  async run(ctx) {
    const [own, partner] = ctx.servers;
    if (own === undefined || partner === undefined) return;
    const owner = await ctx.person(own, "alice");
    // Forty messages in a row are not what a rate limit for one person is for; the row asks about taking back.
    await own.administration.exemptFromRateLimits?.([owner.name]);
    const alice = await ctx.open(owner);
    const bob = await ctx.open(await ctx.person(own, "bob"));
    const carol = await ctx.open(await ctx.person(partner, "carol"));
    const deadline = { what: "the peer to be in the chat", withinMs: 30_000 };
    const local = await alice.openDirect(bob.address);
    await bob.join(local, deadline);
    const federated = await alice.openDirect(carol.address);
    await carol.join(federated, deadline);

    await ctx.step("20 messages are taken back", () => measureRetraction(ctx, alice, bob, local));
    const traces = await ctx.step("the account leaves traces", () => leaveTraces(ctx, alice, [local, federated]));
    await measureErasure(ctx, alice, bob, traces);
  },
});
