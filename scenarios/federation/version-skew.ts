import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import { hasGroupVersions, type Session } from "../../harness/model/session.ts";
import { exchange, openDirect, openPeople, openWay, provesItself, type Delivery, type Way } from "./two-products.ts";

// Authorities do not update on the same day: one runs the current release, the other one that is at least half a year old, of the
// same product or of another one. Twenty texts go between them, for Matrix in rooms of the versions 10, 11 and 12, for XMPP in a
// direct chat and in a room at each server (F-11; gematik ML-124200 tests against a reference in the same way).
// A room version that one server does not know is an error, and its texts go over the others; so is a chat that does not come about
// with the server's default version: an administrator can set another one. A text that does not arrive is lost, whether its sender
// is told or not.

const messages = 20;
const versions = ["10", "11", "12"] as const;

interface Ways {
  readonly ways: readonly Way[];
  /** What the servers did not have in common, in one sentence each. */
  readonly gaps: readonly string[];
}

/** A chat as people open it, at either server: its version is that server's default. Why it does not come about. */
async function refusedDefaults(alice: Session, bob: Session): Promise<readonly string[]> {
  const ends = [
    [alice, bob],
    [bob, alice],
  ] as const;
  const chats = await Promise.all(
    ends.map(([host, guest]) => openDirect(`a chat opened at ${host.person.server.candidate.title}`, [host, guest])),
  );
  return chats.flatMap(({ name, words }) => (words === undefined ? [] : [`${name} does not come about: ${words}`]));
}

/** Rooms of every version that both servers say they know, made in turn at either side. */
async function roomsByVersion(alice: Session, bob: Session): Promise<Ways | undefined> {
  if (!hasGroupVersions(alice) || !hasGroupVersions(bob)) return undefined;
  const ends = [alice, bob] as const;
  const known = await Promise.all(ends.map((session) => session.groupVersions()));
  const gaps = versions.flatMap((version) =>
    ends
      .filter((_, index) => known[index]?.includes(version) !== true)
      .map(({ person }) => `room version ${version} is unknown to ${person.server.candidate.title}`),
  );
  const common = versions.filter((version) => known.every((list) => list.includes(version)));
  const ways = common.map((version, index) => {
    const [host, guest] = index % 2 === 0 ? ([alice, bob] as const) : ([bob, alice] as const);
    return openWay(`room version ${version}`, [host, guest], () =>
      host.createGroupOfVersion(`version ${version}`, version),
    );
  });
  return { ways: await Promise.all(ways), gaps: [...gaps, ...(await refusedDefaults(alice, bob))] };
}

async function chatAndRooms(alice: Session, bob: Session): Promise<Ways> {
  const room = (host: Session, guest: Session): Promise<Way> => {
    const name = `room at ${host.person.server.candidate.title}`;
    return openWay(name, [host, guest], () => host.createGroup("meeting"));
  };
  return {
    ways: await Promise.all([openDirect("direct chat", [alice, bob]), room(alice, bob), room(bob, alice)]),
    gaps: [],
  };
}

const perWay = (ways: readonly Way[], deliveries: readonly Delivery[]): readonly string[] =>
  ways.map(({ name }) => {
    const own = deliveries.filter(({ way }) => way === name);
    return `${name}: ${own.filter(({ seconds }) => seconds !== null).length} of ${own.length}`;
  });

async function measureSkew(ctx: ScenarioContext, { ways, gaps }: Ways, total: number): Promise<void> {
  const deliveries = await ctx.step(`${total} texts between the generations`, () => exchange(ctx, ways, total));
  const facts = { ways: ways.map(({ name, words }) => ({ name, words })), gaps, deliveries };
  const evidence = [await ctx.evidence("deliveries.json", `${JSON.stringify(facts, null, 2)}\n`)];
  const delivered = deliveries.filter(({ seconds }) => seconds !== null).length;
  const closed = ways.filter(({ chat }) => chat === undefined);
  const told = deliveries.filter(({ way, words }) => words !== undefined && !closed.some(({ name }) => name === way));
  const words = [...gaps, ...closed.map((way) => `${way.name}: ${way.words}`), ...told.map((one) => one.words ?? "")];
  const note = [...perWay(ways, deliveries), ...gaps].join("; ");
  ctx.measure("version-skew.messages-delivered", delivered, { total, evidence, note });
  ctx.measure("version-skew.messages-lost", total - delivered, { evidence });
  ctx.measure("version-skew.errors", gaps.length + closed.length + told.length, {
    evidence,
    note: [...new Set(words)].slice(0, 3).join("; "),
  });
}

export const scenario = defineScenario({
  id: "SZ-41",
  title: { de: "Zwei Generationen von Servern", en: "Two generations of servers" },
  shows: {
    de: "Ob eine Behörde mit heutigem Server und eine mit mindestens sechs Monate älterem einander Nachrichten schicken können.",
    en: "Whether an authority with a current server and one whose server is at least six months older can write to each other.",
  },
  area: "federation",
  verifies: ["F-11"],
  measures: ["version-skew.messages-delivered", "version-skew.messages-lost", "version-skew.errors"],
  protocols: ["matrix", "xmpp"],
  servers: 2,
  partners: "generations",
  timeBudget: 180,
  async run(ctx) {
    const inside = await openPeople(ctx);
    await ctx.step("the same counting sees texts inside each authority", () => provesItself(ctx, inside));
    const [[, alices], [, bobs]] = inside;
    const ways = await ctx.step("conversations across the border", async () => {
      return (await roomsByVersion(alices, bobs)) ?? (await chatAndRooms(alices, bobs));
    });
    await measureSkew(ctx, ways, ctx.params["skew-messages"] ?? messages);
  },
});
