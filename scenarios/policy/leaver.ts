import { HarnessError, hasCode } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { Session } from "../../harness/model/session.ts";

// A person leaves; the administrator disables the account while two devices are logged in. How long does each device still get
// answers, and can anything be read afterwards? ORP.4.A2 (MUSS); BER.3.9.

const sessionsOfLeaver = 2;
/** Pause between two questions "do you still serve me?"; bounds the error of the measured time. */
const pollMs = 100;

/** Seconds until the server stops serving this session, or undefined if it still does at the end of the window. */
async function timeToRefusal(
  ctx: ScenarioContext,
  session: Session,
  from: number,
  windowSeconds: number,
): Promise<number | undefined> {
  while (ctx.clock.nowMs() - from < windowSeconds * 1000) {
    try {
      await session.ping();
    } catch (error) {
      if (hasCode(error, "refused", "disconnected")) return (ctx.clock.nowMs() - from) / 1000;
      throw error;
    }
    const next = ctx.clock.nowMs() + pollMs;
    await ctx.until({ what: "the next question to the server", withinMs: pollMs * 10 }, () =>
      ctx.clock.nowMs() >= next ? true : undefined,
    );
  }
  return undefined;
}

export const scenario = defineScenario({
  id: "SZ-12",
  title: { de: "Ausscheiden einer Person", en: "A person leaves" },
  shows: {
    de: "Wie schnell eine Sperrung auf allen angemeldeten Geräten wirkt, und ob danach noch etwas lesbar ist.",
    en: "How fast disabling an account takes effect on every logged-in device, and whether anything can be read afterwards.",
  },
  area: "policy",
  verifies: ["I-02", "I-03"],
  measures: [
    "deprovision.time-to-last-refusal",
    "deprovision.time-to-first-refusal",
    "deprovision.sessions-alive",
    "deprovision.messages-read-after",
    "deprovision.sessions-before",
  ],
  protocols: ["matrix", "xmpp", "irc"],
  servers: 1,
  shares: "read-only",
  timeBudget: 150,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    const window = ctx.params["window"] ?? 60;
    const alice = await ctx.person(server, "alice");
    const bob = await ctx.open(await ctx.person(server, "bob"));
    const devices = await ctx.step("the leaver logs in on two devices", async () => [
      await ctx.open(alice),
      await ctx.open(alice),
    ]);
    const chat = await bob.openDirect(alice.address);
    await ctx.step("both devices work", async () => {
      await devices[0]?.join(chat, { what: "the leaver to be in the chat", withinMs: 20_000 });
      const text = ctx.random.id("before");
      await bob.send(chat, text);
      for (const device of devices) {
        await device.ping();
        await device.received((message) => message.text === text, {
          what: "a message on each device of the leaver",
          withinMs: 20_000,
        });
      }
    });
    ctx.measure("deprovision.sessions-before", devices.length);

    const secret = ctx.random.id("after");
    const disabledAt = ctx.clock.nowMs();
    const times = await ctx.step("the administrator disables the account", async () => {
      await server.administration.disableAccount(alice.name);
      return Promise.all(devices.map((device) => timeToRefusal(ctx, device, disabledAt, window)));
    });
    await ctx.step("a colleague writes to the disabled account", async () => {
      // The server may refuse mail for a disabled account: that is one way to keep it unread.
      await bob.send(chat, secret).catch((error: unknown) => {
        if (!hasCode(error, "refused")) throw error;
      });
      await bob.ping();
    });
    const tries = await ctx.step("the leaver tries to read with all that is left", () =>
      ctx.driver().probes.readAfterDisabling(server, alice, devices),
    );
    await ctx.evidence("leaver.json", JSON.stringify({ times, tries }, null, 2));
    const failed = tries.find((attempt) => attempt.outcome === "failed");
    if (failed !== undefined)
      throw new HarnessError("lab-fault", `expected an answer to ${failed.what}, got none: ${failed.answer}`);

    const seen = devices.filter((device) => device.inbox().some((message) => message.text === secret)).length;
    const read = tries.filter((attempt) => attempt.outcome === "accepted");
    const alive = times.filter((time) => time === undefined).length;
    const refused = times.filter((time) => time !== undefined);
    ctx.measure("deprovision.sessions-alive", alive, { window });
    ctx.measure("deprovision.messages-read-after", seen + read.length, {
      note: read.map((attempt) => attempt.what).join("; "),
    });
    ctx.measure("deprovision.time-to-last-refusal", alive > 0 ? window : Math.max(...refused), {
      unit: "s",
      window,
      censored: alive > 0,
    });
    ctx.measure("deprovision.time-to-first-refusal", refused.length > 0 ? Math.min(...refused) : window, {
      unit: "s",
      window,
      censored: refused.length === 0,
    });
    const stranger = await ctx.driver().probes.login(server, ctx.random.id("nobody"), "wrong");
    ctx.control("positive", devices.length === sessionsOfLeaver, "both devices worked before");
    ctx.control("negative", stranger.outcome === "refused", "the server still answers, and refuses a wrong login");
  },
});
