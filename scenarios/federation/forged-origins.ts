import { HarnessError } from "../../harness/model/errors.ts";
import type { HostilePeers, HostileScene, MarkedAttempt, Witness } from "../../harness/model/hostile.ts";
import type { ScenarioContext } from "../../harness/model/scenario.ts";
import type { RunningServer } from "../../harness/model/server.ts";
import type { Conversation, Session } from "../../harness/model/session.ts";
import { arrives, feedMalformed, measureLiveness, type Liveness } from "./hostile-input.ts";

// F-09: a hostile authority, genuine by name, certificate and keys, claims to be somebody else in twenty ways; then it sends
// malformed and oversized events beside proper ones, and the service has to go on (no row asks for that: it is only reported). Forged = the victim's client is given the text. The server's own answer is
// evidence, not the oracle: a refusal that delivers all the same is none.
// Public counterparts: Complement and Sytest (federation authentication), XMPP Interop Testing (RFC 6120 8.1.2).

const arrivesWithinMs = 20_000;
/** After the last genuine message: what is held back for a moment, like a dialback that is asked about, may still come. */
const quietMs = 5_000;

export interface HostileStage {
  readonly peers: HostilePeers;
  readonly scene: HostileScene;
  readonly alice: Session;
  readonly witness: Witness;
}

/** A group of one server's own people with a person of each of the stand-in's two authorities in it. */
export async function setHostileStage(ctx: ScenarioContext, server: RunningServer): Promise<HostileStage> {
  const alice = await ctx.open(await ctx.person(server, "alice"));
  const bob = await ctx.person(server, "bob");
  const bobs = await ctx.open(bob);
  const witness = await ctx.witness(bob);
  const peers = await ctx.hostilePeers();
  const group: Conversation = await alice.createGroup(ctx.random.id("with-strangers"));
  await alice.invite(group, bob.address);
  await bobs.join(group, { what: "bob to be in the group", withinMs: arrivesWithinMs });
  await witness.enter(group);
  for (const who of ["attacker", "impersonated"] as const) {
    await alice.invite(group, peers[who].person);
    await peers.join(server, group, who);
  }
  const scene: HostileScene = { server, victim: bob, group, marker: (prefix) => ctx.random.id(prefix) };
  return { peers, scene, alice, witness };
}

/** One proper message of each authority; how many arrived. */
async function sendGenuine(ctx: ScenarioContext, { peers, scene, witness }: HostileStage): Promise<number> {
  let arrived = 0;
  for (const who of ["attacker", "impersonated"] as const) {
    const text = ctx.random.id(`genuine-${who}`);
    await peers.sendGenuine(scene, who, text);
    if (await arrives(ctx, witness, text, arrivesWithinMs)) arrived += 1;
  }
  return arrived;
}

/** Of all its containers. */
async function memoryMiB(server: RunningServer): Promise<number> {
  const bytes = (await server.resources()).reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  return Math.round(bytes / 1024 / 1024);
}

/** Every answer, and whether the victim saw the text. */
function judgeForgeries(attempts: readonly MarkedAttempt[], witness: Witness): readonly MarkedAttempt[] {
  return attempts.map((attempt) => ({
    ...attempt,
    outcome: witness.saw(attempt.marker) ? ("accepted" as const) : ("refused" as const),
  }));
}

interface Malformed {
  /** An ordinary message arrived after the forgeries and after the malformed input. */
  readonly answers: boolean;
  readonly note: string;
  readonly evidence: readonly string[];
}

/** Malformed input, with an ordinary message right before it and right after it. Throws `lab-fault` where the lab broke. */
async function measureMalformed(ctx: ScenarioContext, stage: HostileStage): Promise<Malformed> {
  const { server } = stage.scene;
  const before = await ctx.step("an ordinary message after the forgeries", () =>
    measureLiveness(ctx, stage, "forgeries"),
  );
  if (!before.alive) {
    return { answers: false, note: noteOf([silent("the forgeries", before)]), evidence: [before.evidence] };
  }
  const memoryBefore = await memoryMiB(server);
  const fed = await ctx.step("malformed events beside proper ones", () => feedMalformed(ctx, stage));
  const after = await ctx.step("an ordinary message after the malformed events", () =>
    measureLiveness(ctx, stage, "malformed"),
  );
  const memory = after.alive
    ? [`memory of the server ${memoryBefore} MiB before the malformed input, ${await memoryMiB(server)} MiB after it`]
    : [];
  return {
    answers: after.alive,
    note: noteOf([...(after.alive ? [] : [silent("the malformed events", after)]), ...fed.trouble], memory),
    evidence: [...fed.evidence, before.evidence, after.evidence],
  };
}

const silent = (after: string, { words }: Liveness): string => `the service stopped after ${after}: ${words}`;

const noteOf = (trouble: readonly string[], more: readonly string[] = []): string =>
  [trouble.join("; ").slice(0, 1_000) || "all arrived", ...more].join("; ");

/** Emits the measurements of F-09. */
export async function measureForgedOrigins(ctx: ScenarioContext, server: RunningServer): Promise<void> {
  const count = ctx.params["forgeries"] ?? 20;
  const stage = await ctx.step("a person of each of two other authorities joins a group", () =>
    setHostileStage(ctx, server),
  );
  const before = await ctx.step("a genuine message of each authority", () => sendGenuine(ctx, stage));
  const attempts = await ctx.step(`${count} messages that claim to come from somebody else`, () =>
    stage.peers.forgeOrigins(stage.scene, count),
  );
  const after = await ctx.step("genuine messages again", () => sendGenuine(ctx, stage));
  await ctx.step("whatever is still on its way", async () => {
    const until = ctx.clock.nowMs() + quietMs;
    await ctx.until({ what: "a quiet moment", withinMs: quietMs * 2 }, () =>
      ctx.clock.nowMs() > until ? true : undefined,
    );
    await stage.witness.catchUp();
  });
  const judged = judgeForgeries(attempts, stage.witness);
  const evidence = [
    await ctx.evidence("forgeries.json", `${JSON.stringify(judged, null, 2)}\n`),
    await ctx.evidence("stand-in-received.txt", stage.peers.received()),
  ];
  const malformed = await measureMalformed(ctx, stage);
  if (before === 0)
    throw new HarnessError("lab-fault", "expected genuine messages of the stand-ins to arrive, none did", {
      hint: "The servers have to reach this machine on the federation network; a firewall may be in the way.",
    });
  ctx.control("positive", before + after > 0, "genuine messages of the same two authorities arrive");
  ctx.control("negative", !stage.witness.saw(ctx.random.id("never-sent")), "a text never sent is not seen");
  const accepted = judged.filter(({ outcome }) => outcome === "accepted");
  ctx.measure("forged-origin.accepted", accepted.length, {
    total: judged.length,
    note: accepted.map(({ what }) => what).join("; ") || "none",
    evidence,
  });
  ctx.measure("forged-origin.genuine-accepted", before + after, { note: malformed.note });
  ctx.measure("hostile-input.service-answers", malformed.answers, {
    note: malformed.note,
    evidence: malformed.evidence,
  });
}
