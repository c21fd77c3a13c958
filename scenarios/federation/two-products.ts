import { HarnessError, hasCode } from "../../harness/model/errors.ts";
import type { ScenarioContext } from "../../harness/model/scenario.ts";
import type { RunningServer } from "../../harness/model/server.ts";
import { hasDeliveryErrors, type Conversation, type Session } from "../../harness/model/session.ts";

// What the scenarios between two different products share: conversations that both servers take part in, and texts that are
// accounted for one by one.

/** Two colleagues at one server. */
type Colleagues = readonly [Session, Session];

/** A text not seen after this long counts as lost. */
const windowMs = 60_000;
const joinWithinMs = 30_000;

/** A conversation of one person at each server; without `chat` it did not come about, and `words` say why. */
export interface Way {
  readonly name: string;
  readonly ends: readonly [Session, Session];
  readonly chat?: Conversation;
  readonly words?: string;
}

export interface Delivery {
  readonly way: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** Seconds from handing over to receiving; null = not seen inside the window. */
  readonly seconds: number | null;
  /** What the sender was told, by the refusal of its own server or by an error that came back. */
  readonly words?: string;
}

/** Carol and Alice at the first server, Dave and Bob at the second one. */
export async function openPeople(ctx: ScenarioContext): Promise<readonly [Colleagues, Colleagues]> {
  const [a, b] = ctx.servers;
  if (a === undefined || b === undefined) throw new HarnessError("harness-fault", "expected two servers, got fewer");
  const open = async (server: RunningServer, role: string): Promise<Session> =>
    ctx.open(await ctx.person(server, role));
  return ctx.step("two people at each server log in", async () => {
    const roles = [open(a, "carol"), open(a, "alice"), open(b, "dave"), open(b, "bob")] as const;
    const [carol, alice, dave, bob] = await Promise.all(roles);
    return [
      [carol, alice],
      [dave, bob],
    ];
  });
}

/** What a server says no to, and what never comes, are findings; everything else is a fault of ours. */
const isFinding = (error: unknown): error is Error => hasCode(error, "refused", "deadline", "unsupported");

const wordsOf = (error: Error): string => error.message.slice(0, 300);

/** Opens a conversation: `make` returns it with `host` in it, then the other one is asked in and comes. */
export async function openWay(
  name: string,
  [host, guest]: readonly [Session, Session],
  make: () => Promise<Conversation>,
): Promise<Way> {
  const way: Way = { name, ends: [host, guest] };
  try {
    const chat = await make();
    if (chat.kind === "group") await host.invite(chat, guest.address);
    await guest.join(chat, { what: `${guest.address} to be in "${name}"`, withinMs: joinWithinMs });
    return { ...way, chat };
  } catch (error) {
    if (!isFinding(error)) throw error;
    return { ...way, words: wordsOf(error) };
  }
}

/** A direct chat as people open it. */
export const openDirect = (name: string, ends: readonly [Session, Session]): Promise<Way> =>
  openWay(name, ends, () => ends[0].openDirect(ends[1].address));

/** Hands one text over; the promise inside settles when it has arrived or its window is over. */
async function deliver(
  ctx: ScenarioContext,
  { name, chat, words }: Way,
  [from, to]: readonly [Session, Session],
): Promise<{ readonly done: Promise<Delivery> }> {
  const text = ctx.random.id("text");
  const facts = { way: name, from: from.address, to: to.address, text };
  if (chat === undefined) {
    return { done: Promise.resolve({ ...facts, seconds: null, words: words ?? "no conversation" }) };
  }
  const started = ctx.clock.nowMs();
  const expected = { what: `"${text}" to arrive at ${to.address}`, withinMs: windowMs };
  const arrival = to.received((message) => message.text === text && message.from === from.address, expected);
  // Looked at only after all texts were sent; until then a lost connection must not count as unhandled.
  arrival.catch(() => undefined);
  let id: string;
  try {
    ({ id } = await from.send(chat, text));
  } catch (error) {
    if (!isFinding(error)) throw error;
    return { done: Promise.resolve({ ...facts, seconds: null, words: wordsOf(error) }) };
  }
  const done = arrival.then(
    ({ at }): Delivery => ({ ...facts, seconds: (at - started) / 1_000 }),
    (error: unknown): Delivery => {
      if (!isFinding(error)) throw error;
      const bounce = hasDeliveryErrors(from) ? from.deliveryErrors().find((one) => one.id === id) : undefined;
      return { ...facts, seconds: null, ...(bounce === undefined ? {} : { words: bounce.reason.slice(0, 300) }) };
    },
  );
  done.catch(() => undefined);
  return { done };
}

/** `count` texts, in turn over all ways and in both directions of each. */
export async function exchange(
  ctx: ScenarioContext,
  ways: readonly Way[],
  count: number,
): Promise<readonly Delivery[]> {
  const sent: Promise<Delivery>[] = [];
  for (let number = 0; number < count; number += 1) {
    const way = ways[Math.floor(number / 2) % ways.length];
    if (way === undefined) return [];
    const [host, guest] = way.ends;
    sent.push((await deliver(ctx, way, number % 2 === 0 ? [host, guest] : [guest, host])).done);
  }
  return Promise.all(sent);
}

/** The counting sees a text inside each of the two authorities, so that a text lost between them is lost between them. */
export async function provesItself(ctx: ScenarioContext, pairs: readonly Colleagues[]): Promise<void> {
  const ways = await Promise.all(pairs.map((ends) => openDirect(`inside ${ends[0].person.server.domain}`, ends)));
  const deliveries = await Promise.all(ways.map((way) => exchange(ctx, [way], 2)));
  const arrived = deliveries.flat().every(({ seconds }) => seconds !== null);
  ctx.control("positive", arrived, "texts between two accounts of one server arrive, on both servers");
  const never = ctx.random.id("never-sent");
  const seen = pairs.flat().some((session) => session.inbox().some(({ text }) => text === never));
  ctx.control("negative", !seen, "a text never sent is not counted");
}
