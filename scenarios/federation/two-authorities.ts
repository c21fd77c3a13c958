import { hasCode } from "../../harness/model/errors.ts";
import type { ChartData } from "../../harness/model/result.ts";
import { defineScenario } from "../../harness/model/scenario.ts";
import type { ScenarioContext } from "../../harness/model/scenario.ts";
import type { Person } from "../../harness/model/server.ts";
import type { Conversation, Session } from "../../harness/model/session.ts";
import { changesAndDeletions, encryptedTexts, type Action } from "./cross-border-actions.ts";

// Two authorities, each with its own server, domain and store, write to each other: ten texts each way, every one accounted for
// by its content and timed from the moment the sender hands it over until the receiver has it. This is the reason to buy a
// federated messenger at all (BMI 2019 "behördenübergreifend"; gematik AF_10062-03). Then twenty texts are changed and deleted
// and twenty sent encrypted (F-10).
// Public counterpart: Complement's federation tests check events between two Matrix servers, without times.

/** Texts in all if the catalogue does not say. */
const messages = 20;
/** A text not seen after this long is lost for the reader; longer than any limit a catalogue may set for one text. */
const windowMs = 60_000;

interface Delivery {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** Seconds from handing over to receiving; null = not seen inside the window. */
  readonly seconds: number | null;
}

/** A sender with the chat to write to and the session that must receive; undefined where the server refused the chat. */
interface Line {
  readonly from: Session;
  readonly to: Session;
  readonly chat: Conversation | undefined;
}

/** What a server that does not federate does to a chat: it refuses it, or the invitation never arrives. Both are findings. */
async function orNothing<T>(attempt: Promise<T>): Promise<T | undefined> {
  try {
    return await attempt;
  } catch (error) {
    if (hasCode(error, "refused", "deadline")) return undefined;
    throw error;
  }
}

/** Hands one text over; the promise inside settles when it has arrived or its window is over. */
async function deliver(ctx: ScenarioContext, { from, to, chat }: Line): Promise<{ readonly done: Promise<Delivery> }> {
  const text = ctx.random.id("text");
  const facts = { from: from.address, to: to.address, text };
  if (chat === undefined) return { done: Promise.resolve({ ...facts, seconds: null }) };
  const started = ctx.clock.nowMs();
  const what = `"${text}" to arrive at ${to.address}`;
  const arrival = orNothing(
    to.received((message) => message.text === text && message.from === from.address, { what, withinMs: windowMs }),
  );
  const done = arrival.then((seen) => ({ ...facts, seconds: seen === undefined ? null : (seen.at - started) / 1_000 }));
  // Looked at only after all texts were sent; until then a lost connection must not count as unhandled.
  done.catch(() => undefined);
  await orNothing(from.send(chat, text));
  return { done };
}

/** The chat across the border, with the way each side writes into it. */
async function connect(alice: Session, bob: Session): Promise<readonly [Line, Line]> {
  const chat = await orNothing(alice.openDirect(bob.address));
  const what = `${bob.address} to be in the chat with ${alice.address}`;
  const joined = chat && (await orNothing(bob.join(chat, { what, withinMs: windowMs }).then(() => chat)));
  return [
    { from: alice, to: bob, chat: joined },
    { from: bob, to: alice, chat: joined },
  ];
}

const chartOf = (ctx: ScenarioContext, candidate: string, deliveries: readonly Delivery[]): ChartData => ({
  kind: "deliveries",
  title: { de: "Zustellzeit je Nachricht zwischen zwei Servern", en: "Delivery time per message between two servers" },
  candidate,
  config: ctx.config,
  unit: "s",
  points: deliveries.map(({ seconds }, index) => [index + 1, seconds] as const),
  xLabel: { de: "Nachricht", en: "message" },
});

/** A client of ours that could not be started says nothing about the server: the row stays open, the rows before it stand. */
async function encryptedIfClient(
  ctx: ScenarioContext,
  people: readonly [Person, Person],
  count: number,
  withinMs: number,
): Promise<readonly Action[] | undefined> {
  try {
    const actions = await encryptedTexts(ctx, people, count, withinMs);
    ctx.measure("gate.sz-16.f-10.client", true);
    return actions;
  } catch (error) {
    if (!hasCode(error, "lab-fault")) throw error;
    ctx.measure("gate.sz-16.f-10.client", false, { note: (error as Error).message });
    return undefined;
  }
}

/** Delta Chat changes and deletes encrypted messages only. */
const noActions = "the e-mail driver changes and deletes nothing yet";

/** F-10: a third changes, a third deletions, a third encrypted texts. */
async function measureActions(
  ctx: ScenarioContext,
  lines: readonly [Line, Line],
  people: readonly [Person, Person],
): Promise<void> {
  const total = ctx.params["actions"] ?? 60;
  const third = Math.floor(total / 3);
  const actionWindowMs = (ctx.params["action-window"] ?? 10) * 1_000;
  const open = await ctx.step(`${third} texts changed, then deleted`, () =>
    changesAndDeletions(ctx, lines, third, actionWindowMs),
  );
  const sealed = await ctx.step(`${third} encrypted texts across the border`, () =>
    encryptedIfClient(ctx, people, third, actionWindowMs),
  );
  if (sealed === undefined) return;
  const actions = [...open, ...sealed];
  const evidence = [await ctx.evidence("actions.json", `${JSON.stringify(actions, null, 2)}\n`)];
  const wrong = actions.filter(({ correct }) => !correct);
  const byKind = (kind: Action["kind"]): string => {
    const all = actions.filter((action) => action.kind === kind);
    return `${kind}: ${all.filter(({ correct }) => correct).length} of ${all.length}`;
  };
  const words = [...new Set(wrong.map((action) => action.words ?? "later than the window"))].slice(0, 2);
  ctx.measure("federation.actions-correct", actions.length - wrong.length, {
    total: actions.length,
    window: actionWindowMs / 1_000,
    note: [byKind("change"), byKind("deletion"), byKind("encrypted"), ...words].join("; "),
    evidence,
  });
}

export const scenario = defineScenario({
  id: "SZ-16",
  title: { de: "Zwei Behörden mit eigenen Servern", en: "Two authorities with their own servers" },
  shows: {
    de: "Ob zwei Behörden mit je eigenem Server einander Nachrichten schicken können und wie lange jede braucht.",
    en: "Whether two authorities with a server each can write to each other, and how long each message takes.",
  },
  area: "federation",
  verifies: ["F-01", "F-10"],
  measures: ["federation.messages-delivered", "federation.delivery-time-max", "federation.actions-correct"],
  protocols: ["matrix", "xmpp", "email"],
  servers: 2,
  timeBudget: 240,
  async run(ctx) {
    const [a, b] = ctx.servers;
    if (a === undefined || b === undefined) return;
    const [alice, carol, bob] = await ctx.step("accounts at each authority", () =>
      Promise.all([ctx.person(a, "alice"), ctx.person(a, "carol"), ctx.person(b, "bob")]),
    );
    const [alices, carols, bobs] = await ctx.step("all log in", () =>
      Promise.all([ctx.open(alice), ctx.open(carol), ctx.open(bob)]),
    );
    await ctx.step("the same counting sees a text inside one authority and none that was never sent", async () => {
      const [local] = await connect(alices, carols);
      const { seconds } = await (await deliver(ctx, local)).done;
      ctx.control("positive", seconds !== null, "a text between two accounts of one server arrives");
      const never = ctx.random.id("never-sent");
      ctx.control("negative", !carols.inbox().some(({ text }) => text === never), "a text never sent is not counted");
    });

    const lines = await ctx.step("a chat across the border", () => connect(alices, bobs));
    const perDirection = Math.ceil((ctx.params["messages"] ?? messages) / 2);
    const deliveries = await ctx.step(`${perDirection} messages each way`, async () => {
      const sent: Promise<Delivery>[] = [];
      for (let number = 0; number < perDirection; number++) {
        for (const line of lines) sent.push((await deliver(ctx, line)).done);
      }
      return Promise.all(sent);
    });
    const list = await ctx.evidence("deliveries.json", `${JSON.stringify(deliveries, null, 2)}\n`);
    const chart = await ctx.evidence("deliveries.chart.json", JSON.stringify(chartOf(ctx, a.candidate.id, deliveries)));

    const times = deliveries.flatMap(({ seconds }) => (seconds === null ? [] : [seconds]));
    const evidence = [list, chart];
    ctx.measure("federation.messages-delivered", times.length, { total: deliveries.length, evidence });
    if (times.length === deliveries.length)
      ctx.measure("federation.delivery-time-max", Math.max(...times), { evidence });
    else
      ctx.measure("federation.delivery-time-max", windowMs / 1_000, {
        censored: true,
        window: windowMs / 1_000,
        evidence,
      });
    // Judged on the hardened configuration alone, and the encrypting clients take longer than all the rest.
    if (ctx.config !== "hardened") return;
    if (ctx.protocol === "email") ctx.measure("gate.sz-16.f-10.client", false, { note: noActions });
    else await measureActions(ctx, lines, [alice, bob]);
  },
});
