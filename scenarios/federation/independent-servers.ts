import { hasCode } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { Person, RunningServer } from "../../harness/model/server.ts";
import { hasEncryption, type Session } from "../../harness/model/session.ts";
import { exchange, openDirect, openPeople, provesItself, type Delivery } from "./two-products.ts";

// A protocol is open in fact when servers that different people wrote talk to each other. Two of them do here what two of one
// product do in SZ-16 (twenty texts, ten each way, timed) and in SZ-05 (encrypted texts, then a search through every store of
// both servers, which must find a plaintext control). S-03. Public counterpart: XMPP Interop Testing, for one server at a time.

const messages = 20;
const windowMs = 60_000;
/** In turn, so that shipped rate limits (Synapse: burst of 10 a person) are not what is measured. */
const encryptedTexts = 20;

async function measureDeliveries(ctx: ScenarioContext, deliveries: readonly Delivery[]): Promise<void> {
  const evidence = [await ctx.evidence("deliveries.json", `${JSON.stringify(deliveries, null, 2)}\n`)];
  const times = deliveries.flatMap(({ seconds }) => (seconds === null ? [] : [seconds]));
  const words = [...new Set(deliveries.flatMap((delivery) => delivery.words ?? []))].slice(0, 2);
  const note = words.length === 0 ? {} : { note: words.join("; ") };
  ctx.measure("interop.messages-delivered", times.length, { total: deliveries.length, evidence, ...note });
  if (times.length === deliveries.length) ctx.measure("interop.delivery-time-max", Math.max(...times), { evidence });
  else {
    const window = windowMs / 1_000;
    ctx.measure("interop.delivery-time-max", window, { censored: true, window, evidence });
  }
}

/** Encrypted texts across the border; the words of the client or the server where they do not work there. */
async function sendEncrypted(
  ctx: ScenarioContext,
  people: readonly [Person, Person],
  canary: string,
): Promise<string | undefined> {
  const [erin, frank] = await Promise.all(people.map((person) => ctx.openEncrypting(person)));
  if (erin === undefined || frank === undefined || !hasEncryption(erin) || !hasEncryption(frank))
    return "this client cannot encrypt";
  try {
    const chat = await erin.openEncryptedDirect(frank.address);
    await frank.join(chat, { what: `${frank.address} to be in the encrypted chat`, withinMs: 30_000 });
    for (let index = 0; index < encryptedTexts; index += 1) {
      const [from, to] = index % 2 === 0 ? [erin, frank] : [frank, erin];
      const text = `${canary} message ${index}`;
      await from.sendEncrypted(chat, text);
      const deadline = { what: `encrypted text ${index + 1} of ${encryptedTexts} at ${to.address}`, withinMs: 20_000 };
      await to.received((message) => message.text === text && message.encrypted, deadline);
    }
    return undefined;
  } catch (error) {
    if (!hasCode(error, "refused", "deadline", "unsupported")) throw error;
    return (error as Error).message.slice(0, 300);
  }
}

/** Hits of the canary on both servers together; of the control on the server where it was found least. */
async function searchBoth(
  ctx: ScenarioContext,
  servers: readonly RunningServer[],
  needles: { readonly canary: string; readonly control: string },
): Promise<{ readonly canary: number; readonly control: number; readonly evidence: readonly string[] }> {
  const results = await Promise.all(servers.map((server) => server.search(needles)));
  const evidence = [await ctx.evidence("search-stores.json", `${JSON.stringify(results, null, 2)}\n`)];
  const hits = (needle: string): readonly number[] =>
    results.map((result) => result.hits.filter((hit) => hit.needle === needle).length);
  return {
    canary: hits("canary").reduce((sum, count) => sum + count, 0),
    control: Math.min(...hits("control")),
    evidence,
  };
}

/** A plaintext on each server that the search must find: inside each authority, as nothing may have crossed the border. */
async function plantControls(lines: readonly (readonly [Session, Session])[], control: string): Promise<void> {
  for (const [from, to] of lines) {
    const chat = await from.openDirect(to.address);
    await to.join(chat, { what: `${to.address} to be in the control chat`, withinMs: 30_000 });
    await from.send(chat, `${control} plain`);
    const deadline = { what: "the plaintext control message", withinMs: 20_000 };
    await to.received((message) => message.text.includes(control), deadline);
  }
}

export const scenario = defineScenario({
  id: "SZ-42",
  title: { de: "Server verschiedener Herkunft", en: "Servers of different origin" },
  shows: {
    de: "Ob zwei voneinander unabhängig entwickelte Server desselben Protokolls Nachrichten austauschen, auch Ende-zu-Ende-verschlüsselt.",
    en: "Whether two independently written servers of one protocol exchange messages, end-to-end encrypted ones too.",
  },
  area: "federation",
  verifies: ["S-03"],
  measures: [
    "interop.server-implementations",
    "interop.messages-delivered",
    "interop.delivery-time-max",
    "interop.canary-hits",
    "interop.control-hits",
  ],
  protocols: ["matrix", "xmpp"],
  servers: 2,
  partners: "implementations",
  // Two encrypting clients for XMPP are two browsers: 45 to 75 s a pair on a busy machine.
  inDepth: true,
  timeBudget: 240,
  async run(ctx) {
    const [a, b] = ctx.servers;
    if (a === undefined || b === undefined) return;
    const inside = await openPeople(ctx);
    await ctx.step("the same counting sees texts inside each authority", () => provesItself(ctx, inside));
    const total = ctx.params["interop-messages"] ?? messages;
    const [[, alices], [, bobs]] = inside;
    const way = await ctx.step("a chat across the border", () => openDirect("direct chat", [alices, bobs]));
    const deliveries = await ctx.step(`${total} texts across the border`, () => exchange(ctx, [way], total));
    const implementations = new Set(ctx.servers.map(({ candidate }) => candidate.implementation ?? candidate.id));
    ctx.measure("interop.server-implementations", implementations.size, { note: [...implementations].join(", ") });
    await measureDeliveries(ctx, deliveries);

    const needles = { canary: ctx.random.id("canarytext"), control: ctx.random.id("controltext") };
    const words = await ctx.step(`${encryptedTexts} encrypted texts across the border`, async () =>
      sendEncrypted(ctx, [await ctx.person(a, "erin"), await ctx.person(b, "frank")], needles.canary),
    );
    await ctx.step("plaintext controls", () => plantControls(inside, needles.control));
    const found = await ctx.step("search database, files, media and logs of both", () =>
      searchBoth(ctx, ctx.servers, needles),
    );
    ctx.measure("interop.control-hits", found.control, { evidence: found.evidence });
    if (words === undefined) ctx.measure("interop.canary-hits", found.canary, { evidence: found.evidence });
    else ctx.missing("interop.canary-hits", `end-to-end encrypted texts between the two servers: ${words}`);
  },
});
