import { HarnessError } from "../../harness/model/errors.ts";
import type { PushService } from "../../harness/model/hostile.ts";
import type { Attempt } from "../../harness/model/probes.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { Person, RunningServer } from "../../harness/model/server.ts";

// What a push service learns of messages to somebody who is away (A_22808; Matrix push gateway, XEP-0357), and whether the server
// fetches pages for previews of links (A_26344), which would tell a stranger's web server who reads what (incident SSRF). The push
// service and the page are the bench's own. XMPP servers make no previews: clients would.

const withinMs = 20_000;

/**
 * Push by whichever address of the service the server takes: it may insist on https or not know our authority. Throws where none
 * was taken and the server did not say either that it has no push.
 */
function decisive(attempts: readonly Attempt[]): Attempt {
  const said =
    attempts.find(({ outcome }) => outcome === "accepted") ?? attempts.find(({ outcome }) => outcome === "refused");
  if (said !== undefined) return said;
  const words = attempts.map(({ what, answer }) => `${what}: ${answer}`).join("; ");
  throw new HarnessError("lab-fault", `expected push to be taken or to be unknown, got ${words.slice(0, 1_000)}`);
}

function answered(attempt: Attempt): Attempt {
  if (attempt.outcome === "failed")
    throw new HarnessError("lab-fault", `expected an answer to ${attempt.what}, got none: ${attempt.answer}`);
  return attempt;
}

interface Scene {
  readonly server: RunningServer;
  readonly alice: Person;
  /** Texts that were sent while the other one was away. */
  readonly texts: readonly string[];
  /** Name of the group, where groups reach people who are away. */
  readonly group: string | undefined;
}

/** Two people in a chat and a group; the second one leaves a device with push behind, and then is written to. */
async function writeToSomebodyAway(
  ctx: ScenarioContext,
  server: RunningServer,
  service: PushService,
): Promise<{ readonly enabled: Attempt; readonly scene: Scene }> {
  const { enablePush } = ctx.driver().probes;
  if (enablePush === undefined) throw new HarnessError("unsupported", "The driver cannot ask for push.");
  const alice = await ctx.open(await ctx.person(server, "alice"));
  const bob = await ctx.person(server, "bob");
  const bobs = await ctx.open(bob);
  const chat = await alice.openDirect(bob.address);
  await bobs.join(chat, { what: "bob to be in the chat", withinMs });
  const name = ctx.random.id("group-name");
  const group = await alice.createGroup(name);
  await alice.invite(group, bob.address);
  await bobs.join(group, { what: "bob to be in the group", withinMs });
  const enabled = await ctx.step("a device asks for push and goes away", async () => {
    const attempts: Attempt[] = [];
    for (const address of service.addresses) {
      attempts.push(await enablePush(server, bob, address));
      // One pusher only: two would tell of one message twice, and the next one might be missing.
      if (attempts.at(-1)?.outcome === "accepted") break;
    }
    await ctx.evidence("push-asked.json", `${JSON.stringify(attempts, null, 2)}\n`);
    await bobs[Symbol.asyncDispose]();
    return decisive(attempts);
  });
  const texts = [ctx.random.id("direct"), ctx.random.id("in-group")];
  await ctx.step("messages to somebody who is away", async () => {
    await alice.send(chat, texts[0] ?? "");
    await alice.send(group, texts[1] ?? "");
  });
  // Whoever is away from an XMPP room is no occupant and gets nothing of it.
  return {
    enabled,
    scene: { server, alice: alice.person, texts, group: ctx.protocol === "matrix" ? name : undefined },
  };
}

/** Waits until every message was told of; a server that said yes and tells nothing has shown nothing. */
async function untilTold(ctx: ScenarioContext, service: PushService, expected: number): Promise<void> {
  await ctx.until({ what: `${expected} notifications at the push service`, withinMs }, () =>
    service.notifications() >= expected ? true : undefined,
  );
}

/** Previews that the server made, or pages it fetched for one; undefined where it has nothing to ask for previews. */
async function openPreviews(
  ctx: ScenarioContext,
  { server, alice }: Scene,
  service: PushService,
): Promise<readonly string[] | undefined> {
  const path = ctx.random.id("link");
  const attempts: Attempt[] = [];
  for (const canary of service.canaries)
    attempts.push(...((await ctx.driver().probes.linkPreviews?.(server, alice, `${canary}/${path}`)) ?? []));
  const fetched = service.received().includes(path);
  await ctx.evidence("previews.json", `${JSON.stringify({ attempts, fetched }, null, 2)}\n`);
  if (attempts.length === 0 && !fetched) return undefined;
  const made = attempts.map(answered).filter(({ outcome }) => outcome === "accepted");
  return [...made.map(({ what }) => what), ...(fetched ? ["the server fetched the page"] : [])];
}

export const scenario = defineScenario({
  id: "SZ-43",
  title: { de: "Push und Linkvorschau", en: "Push and link previews" },
  shows: {
    de: "Ob ein Push-Dienst Inhalte, Absender oder Raumnamen erfährt und ob der Server für Linkvorschauen fremde Seiten abruft.",
    en: "Whether a push service learns contents, senders or room names, and whether the server fetches pages for previews of links.",
  },
  area: "privacy",
  verifies: ["D-11"],
  measures: ["push.text-leaks", "push.leak-fields"],
  protocols: ["matrix", "xmpp"],
  servers: 1,
  // XMPP: the push service is on the list of partners, as an authority's own one would be.
  federation: { allow: { a: ["x", "y"] } },
  inDepth: true,
  timeBudget: 120,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    const service = await (await ctx.hostilePeers()).openPushService();
    const { enabled, scene } = await writeToSomebodyAway(ctx, server, service);
    const offered = enabled.outcome === "accepted";
    if (offered) {
      const expected = scene.group === undefined ? 1 : 2;
      await ctx.step("the push service is told", () => untilTold(ctx, service, expected));
    }
    const previews = await ctx.step("previews of a link", () => openPreviews(ctx, scene, service));
    const received = service.received();
    const evidence = [await ctx.evidence("push.txt", received)];
    ctx.control(
      "positive",
      !offered || service.notifications() > 0,
      offered ? "notifications arrived" : enabled.answer,
    );
    ctx.control("negative", !received.includes(ctx.random.id("never-sent")), "a text never sent is not found");
    const leaks = scene.texts.filter((text) => received.includes(text));
    // A push that does not exist leaks nothing and shows nothing.
    const refused = offered ? "" : `the server offers no push: ${enabled.answer}`.slice(0, 300);
    if (offered)
      ctx.measure("push.text-leaks", leaks.length, { note: `${service.notifications()} notifications`, evidence });
    else ctx.notApplicable("push.text-leaks", refused);
    const fields = [
      ...(received.includes(scene.alice.name) ? ["sender"] : []),
      ...(scene.group !== undefined && received.includes(scene.group) ? ["room name"] : []),
      ...(previews !== undefined && previews.length > 0 ? [`open previews (${previews.join(", ")})`] : []),
    ];
    if (offered || previews !== undefined)
      ctx.measure("push.leak-fields", fields.length, { note: fields.join("; ") || refused || "none", evidence });
    else ctx.notApplicable("push.leak-fields", refused);
  },
});
