import { HarnessError, hasCode } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { Person } from "../../harness/model/server.ts";
import type { Session } from "../../harness/model/session.ts";

// What a partner's server is told that has nothing to do with a person: no common group, no contact, nothing but the address
// (F-12; GDPR Art. 25). Every kind of question is asked once by an authority that the bench plays, and each fact that comes back is
// counted once, however many answers repeat it.

/** An encrypting client; where the server lacks what that needs, a plain one. */
async function openAsUsersDo(ctx: ScenarioContext, person: Person): Promise<Session> {
  try {
    return await ctx.openEncrypting(person);
  } catch (error) {
    if (!hasCode(error, "unsupported")) throw error;
    return ctx.open(person);
  }
}

export const scenario = defineScenario({
  id: "SZ-20",
  title: { de: "Fremder Partnerserver fragt", en: "A stranger's server asks" },
  shows: {
    de: "Was der Server einer anderen Behörde über eine Person und über diesen Server erfährt, ohne je mit ihr zu tun gehabt zu haben.",
    en: "What another authority's server learns about a person and about this server without ever having dealt with either.",
  },
  area: "federation",
  verifies: ["F-12"],
  measures: ["stranger-server.fields-leaked"],
  protocols: ["matrix", "xmpp"],
  servers: 1,
  federation: { allow: { a: ["x", "y"] } },
  timeBudget: 180,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    const person = await ctx.person(server, "asked-about");
    // With the keys of its devices published, as the client of every user would.
    const session = await ctx.step("a person with a profile is online", () => openAsUsersDo(ctx, person));
    const planted = await ctx.driver().probes.plantProfile(server, person);
    const peers = await ctx.hostilePeers();
    const answers = await ctx.step("the stranger's server asks", () =>
      peers.ask(server, person, { planted, unknown: ctx.random.id("nobody") }),
    );
    await session.ping();
    const evidence = [
      await ctx.evidence("answers.json", `${JSON.stringify(answers, null, 2)}\n`),
      await ctx.evidence("stand-in-received.txt", peers.received()),
    ];
    if (answers.some(({ outcome }) => outcome === "failed"))
      throw new HarnessError("lab-fault", "expected answers to all questions, some got none");
    const fields = [...new Set(answers.flatMap((answer) => answer.fields))].toSorted();
    ctx.control(
      "positive",
      answers.some(({ answer }) => answer !== ""),
      "the server answers the stand-in's questions",
    );
    ctx.control("negative", Object.keys(planted).length > 0, "there was something to learn: a profile was planted");
    ctx.measure("stranger-server.fields-leaked", fields.length, {
      note: fields.join(", ") || "nothing",
      evidence,
    });
  },
});
