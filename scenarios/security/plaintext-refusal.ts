import { HarnessError } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { Person, RunningServer } from "../../harness/model/server.ts";

// Nobody can log in or deliver before TLS. The credentials are valid, so only the missing TLS can be the reason for a refusal;
// a failure on our side ends the scenario instead of counting as one. Mindeststandard TLS KONF.14.1.1; RFC 7590.

const attempts = 20;

/** XEP-0138 (T-08): compressed before it is encrypted, a stream's length tells of its content (RFC 7590, 3.2). */
async function measureStreamCompression(ctx: ScenarioContext, server: RunningServer, person: Person): Promise<void> {
  const id = "xmpp.stream-compression-offered";
  if (ctx.protocol !== "xmpp") return ctx.notApplicable(id, "the protocol has no compression of streams");
  const offers = await ctx.step("look for compression among the features of each stream", async () =>
    ctx.driver().probes.streamCompression?.(server, person),
  );
  if (offers === undefined) return;
  const methods = offers.flatMap(({ stream, methods: names }) => names.map((name) => `${stream}: ${name}`));
  ctx.measure(id, methods.length > 0, {
    note: methods.join(", ") || `none in ${offers.map(({ stream }) => stream).join(", ")}`,
  });
}

export const scenario = defineScenario({
  id: "SZ-02",
  title: { de: "Kein Zugang im Klartext", en: "No plaintext access" },
  shows: {
    de: "Ob sich jemand ohne TLS anmelden oder eine Nachricht zustellen kann.",
    en: "Whether anyone can log in or deliver a message without TLS.",
  },
  area: "security",
  verifies: ["T-02", "T-08", "T-09"],
  measures: [
    "plaintext.attempts",
    "plaintext.authentications",
    "plaintext.deliveries",
    "plaintext.sasl-before-tls",
    "plaintext.dialback-before-tls",
    "plaintext.ports-exposed",
    "plaintext.http-content-responses",
    "xmpp.stream-compression-offered",
  ],
  protocols: ["matrix", "xmpp", "irc", "email"],
  servers: 1,
  shares: "read-only",
  timeBudget: 120,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    const alice = await ctx.person(server, "alice");
    const bob = await ctx.person(server, "bob");
    const bobsSession = await ctx.open(bob);

    const facts = await ctx.step("20 attempts to log in and to deliver without TLS", () =>
      ctx.driver().probes.plaintext(server, alice, bob, attempts),
    );
    await ctx.evidence("plaintext-attempts.json", JSON.stringify(facts, null, 2));
    const failed = facts.attempts.filter((attempt) => attempt.outcome === "failed");
    if (failed.length > 0) {
      throw new HarnessError(
        "lab-fault",
        `expected an answer to each of ${attempts} plaintext attempts, got none to ${failed.length}: ${failed[0]?.what}: ${failed[0]?.answer}`,
      );
    }
    const accepted = (kind: string) =>
      facts.attempts.filter((attempt) => attempt.kind === kind && attempt.outcome === "accepted");

    await ctx.step("the same person logs in over TLS and delivers", async () => {
      const session = await ctx.open(alice);
      const chat = await session.openDirect(bob.address);
      await bobsSession.join(chat, { what: `${bob.address} to be in the chat`, withinMs: 15_000 });
      const text = ctx.random.id("over-tls");
      await session.send(chat, text);
      await bobsSession.received((message) => message.text === text, {
        what: "the message sent over TLS",
        withinMs: 15_000,
      });
    });
    await measureStreamCompression(ctx, server, alice);
    ctx.control("positive", true, "the same credentials work over TLS");
    ctx.control("negative", facts.attempts.length === attempts, "every attempt was answered by the server");

    ctx.measure("plaintext.attempts", facts.attempts.length);
    ctx.measure("plaintext.authentications", accepted("authenticate").length, {
      total: attempts,
      note: accepted("authenticate")
        .map((attempt) => attempt.what)
        .join("; "),
    });
    const delivered = accepted("deliver").length;
    ctx.measure("plaintext.deliveries", delivered, {
      total: attempts,
      note: accepted("deliver")
        .map((attempt) => attempt.what)
        .join("; "),
    });
    ctx.measure("plaintext.sasl-before-tls", facts.saslBeforeTls.length, { note: facts.saslBeforeTls.join(", ") });
    if (facts.dialbackBeforeTls === undefined)
      ctx.notApplicable("plaintext.dialback-before-tls", "the protocol has no dialback");
    else ctx.measure("plaintext.dialback-before-tls", facts.dialbackBeforeTls ? 1 : 0);
    if (facts.portsExposed === undefined) ctx.missing("plaintext.ports-exposed", "which ports are open inside");
    else ctx.measure("plaintext.ports-exposed", facts.portsExposed.length, { note: facts.portsExposed.join(", ") });
    ctx.measure("plaintext.http-content-responses", facts.httpContentResponses);
  },
});
