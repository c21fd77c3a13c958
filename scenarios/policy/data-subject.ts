import { hasCode } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { RunningServer, SearchResult } from "../../harness/model/server.ts";
import { hasRetraction, hasUploads, type Conversation, type Session } from "../../harness/model/session.ts";

// Rights of the data subject: taking messages back for everyone (A_25575-01), and erasing an account (GDPR Art. 17).
// What remains is searched in the own server's stores; what the partner authority's server keeps is listed beside it.

const messages = 20;

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
  let gone = 0;
  let marked = 0;
  for (let index = 0; index < messages; index += 1) {
    const text = ctx.random.id(`take-back-${index}`);
    const { id } = await sender.send(chat, text);
    const received = await recipient.received((message) => message.text === text, {
      what: `message ${index + 1} at the recipient`,
      withinMs: 20_000,
    });
    try {
      await sender.retract(chat, id);
      const seen = await recipient.retracted(received.id, {
        what: `message ${index + 1} to be taken back`,
        withinMs: windowMs,
      });
      gone += 1;
      if (seen.marked) marked += 1;
    } catch (error) {
      // The time-out here is the catalogue's window, not ours: the message stayed. A refusal leaves it too.
      if (!hasCode(error, "deadline", "refused")) throw error;
      await recipient.ping();
    }
  }
  ctx.measure("redaction.gone-for-others", gone, { total: messages, window: windowMs / 1000 });
  ctx.measure("redaction.marked", marked, { total: messages, window: windowMs / 1000 });
}

/** Leaves what an account usually leaves: profile, messages, a file, on both servers. Returns the traces to look for. */
async function leaveTraces(
  ctx: ScenarioContext,
  alice: Session,
  chats: readonly Conversation[],
): Promise<Readonly<Record<string, string>>> {
  const profile = await ctx.driver().probes.plantProfile(alice.person.server, alice.person);
  const content = ctx.random.id("memo");
  for (const chat of chats) await alice.send(chat, `${content} text`);
  const [first] = chats;
  const file = ctx.random.id("upload");
  if (first !== undefined && hasUploads(alice))
    await alice.sendFile(first, "notes.txt", new TextEncoder().encode(`${file}\n`.repeat(32)));
  return { "account name": alice.person.name, "message text": content, "uploaded file": file, ...profile };
}

const hitsIn = (result: SearchResult): number => result.hits.length;

/** D-03: searches until nothing is left or the window is over. */
async function searchUntilClean(
  ctx: ScenarioContext,
  server: RunningServer,
  traces: Readonly<Record<string, string>>,
): Promise<{ result: SearchResult; seconds: number | undefined }> {
  const started = ctx.clock.nowMs();
  const windowMs = (ctx.params["erasure-window"] ?? 900) * 1000;
  let result = await server.search(traces);
  try {
    await ctx.until({ what: "every trace of the erased account to be gone", withinMs: windowMs }, async () => {
      result = await server.search(traces);
      return hitsIn(result) === 0 ? true : undefined;
    });
    return { result, seconds: (ctx.clock.nowMs() - started) / 1000 };
  } catch (error) {
    if (!hasCode(error, "deadline")) throw error;
    return { result, seconds: undefined };
  }
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
  timeBudget: 240,
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
    const before = await ctx.step("search for the traces before the erasure", () => own.search(traces));
    ctx.measure("erasure.hits-before", hitsIn(before));
    ctx.control("positive", hitsIn(before) > 0, "the search finds the traces while the account exists");
    const absent = await own.search({ absent: ctx.random.id("never-written") });
    ctx.control(
      "negative",
      hitsIn(absent) === 0 && absent.scanned.some((store) => store.bytes > 0),
      "the search finds nothing that was never written",
    );

    await alice[Symbol.asyncDispose]();
    await ctx.step("the administrator erases the account", () => own.administration.deleteAccount(alice.person.name));
    const after = await ctx.step("search until nothing is left", () => searchUntilClean(ctx, own, traces));
    const atPartner = await ctx.step("search the partner authority's server", () => partner.search(traces));
    await ctx.evidence("erasure.json", JSON.stringify({ traces, before, after: after.result, atPartner }, null, 2));

    const left = after.result.hits.map((hit) => `${hit.needle} in ${hit.store}`);
    ctx.measure("erasure.account-data-hits", hitsIn(after.result), {
      note: `${[...new Set(left)].toSorted().slice(0, 8).join(", ")}; at the partner: ${hitsIn(atPartner)} hits`,
    });
    const window = ctx.params["erasure-window"] ?? 900;
    ctx.measure("erasure.time-to-clean", after.seconds ?? window, {
      unit: "s",
      window,
      censored: after.seconds === undefined,
    });
    ctx.measure("erasure.limit-configured", own.candidate.erasureLimit, { unit: "s" });
  },
});
