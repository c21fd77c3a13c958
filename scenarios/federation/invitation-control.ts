import { HarnessError, hasCode } from "../../harness/model/errors.ts";
import type { RoomAct, Witness } from "../../harness/model/hostile.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { Person, RunningServer } from "../../harness/model/server.ts";
import {
  hasInvitationRules,
  hasServerLimits,
  type Session,
  type WithInvitationRules,
} from "../../harness/model/session.ts";
import { setHostileStage, type HostileStage } from "./forged-origins.ts";

// Two ways to keep people out. Each person decides who may invite (F-05; gemSpec_TI-Messenger-FD, MSC4155): strangers of another
// authority and one excepted person there invite the same people. And whoever runs a group shuts out a whole server (F-06;
// m.room.server_acl, XEP-0045 9.1): the shut-out authority is played by the bench and tries all ways it had before.
// Public counterparts: Complement TestACLs, TestACLsForEDUs.

const withinMs = 20_000;
/** What has not arrived this long after the last allowed invitation has been kept out. */
const quietMs = 5_000;
/** Servers slow down more invitations for one person than this (Synapse: rc_invites.per_user, burst 5). */
const perVictim = 2;

interface Guarded {
  readonly person: Person;
  readonly session: Session & WithInvitationRules;
}

interface Victim extends Guarded {
  readonly witness: Witness;
}

/** One invitation, and the text by which the invited person's client would show it. */
async function inviteOnce(ctx: ScenarioContext, from: Session, victim: Person, asGroup: boolean): Promise<string> {
  const text = ctx.random.id("first-word");
  try {
    if (asGroup) {
      const group = await from.createGroup(ctx.random.id("invited"));
      await from.invite(group, victim.address);
      return group.id;
    }
    const chat = await from.openDirect(victim.address);
    if (ctx.protocol === "matrix") return chat.id;
    await from.send(chat, text);
    return text;
  } catch (error) {
    // The server of the invited person said no: nothing will ever show.
    if (hasCode(error, "refused")) return text;
    throw error;
  }
}

async function openPeople(ctx: ScenarioContext, server: RunningServer, count: number): Promise<readonly Guarded[]> {
  const people = await ctx.people(server, "invited", count);
  const opened: Guarded[] = [];
  // One after the other: a dozen password hashes at once take a small machine longer than a login may.
  for (const person of people) {
    const session = await ctx.open(person);
    if (!hasInvitationRules(session))
      throw new HarnessError("harness-fault", "expected a client that can set invitation rules, got one that cannot");
    opened.push({ person, session });
  }
  return opened;
}

/** After the rules: a server may not take rules for an account of which several devices are online. */
async function watched(ctx: ScenarioContext, people: readonly Guarded[]): Promise<readonly Victim[]> {
  const victims: Victim[] = [];
  for (const one of people) victims.push({ ...one, witness: await ctx.witness(one.person) });
  return victims;
}

/** How many of these texts their people have been shown. */
async function shown(invitations: readonly { readonly victim: Victim; readonly text: string }[]): Promise<number> {
  for (const { victim } of invitations) await victim.witness.catchUp();
  return invitations.filter(({ victim, text }) => victim.witness.saw(text)).length;
}

async function waitForShown(
  ctx: ScenarioContext,
  what: string,
  invitations: readonly { readonly victim: Victim; readonly text: string }[],
): Promise<number> {
  try {
    return await ctx.until({ what, withinMs }, async () =>
      (await shown(invitations)) === invitations.length ? invitations.length : undefined,
    );
  } catch (error) {
    if (!hasCode(error, "deadline")) throw error;
    return shown(invitations);
  }
}

/** True when the rule could be set; false where the product has none. */
async function setRules(victims: readonly Guarded[], friend: string): Promise<boolean> {
  try {
    for (const { session } of victims) await session.acceptInvitationsOnlyFrom([friend]);
    return true;
  } catch (error) {
    if (hasCode(error, "unsupported")) return false;
    throw error;
  }
}

/** Blocking somebody who has been in touch: true when the next invitation no longer shows. */
async function blocksAfterwards(ctx: ScenarioContext, victim: Victim, stranger: Session): Promise<boolean> {
  const first = await inviteOnce(ctx, stranger, victim.person, false);
  await waitForShown(ctx, "the first invitation", [{ victim, text: first }]);
  try {
    await victim.session.block(stranger.address);
  } catch (error) {
    if (hasCode(error, "unsupported")) return false;
    throw error;
  }
  const second = await inviteOnce(ctx, stranger, victim.person, false);
  await quiet(ctx);
  return victim.witness.saw(first) && (await shown([{ victim, text: second }])) === 0;
}

async function quiet(ctx: ScenarioContext): Promise<void> {
  const until = ctx.clock.nowMs() + quietMs;
  await ctx.until({ what: "a quiet moment", withinMs: quietMs * 4 }, () =>
    ctx.clock.nowMs() > until ? true : undefined,
  );
}

async function measureInvitations(ctx: ScenarioContext, own: RunningServer, other: RunningServer): Promise<void> {
  const total = ctx.params["invitations"] ?? 20;
  const names = await Promise.all([ctx.person(other, "stranger"), ctx.person(other, "friend")]);
  await other.administration.exemptFromRateLimits?.(names.map(({ name }) => name));
  const [stranger, friend] = await Promise.all(names.map((person) => ctx.open(person)));
  if (stranger === undefined || friend === undefined) return;
  const [first, ...guarded] = await openPeople(ctx, own, Math.ceil(total / perVictim) + 1);
  if (first === undefined) return;
  const control: Victim = { ...first, witness: await ctx.witness(first.person) };
  const before = await ctx.step("a stranger invites somebody without rules", async () => {
    const text = await inviteOnce(ctx, stranger, control.person, false);
    return waitForShown(ctx, "the invitation of a stranger", [{ victim: control, text }]);
  });
  ctx.control("positive", before === 1, "without rules an invitation across the border is shown");
  const afterwards = await ctx.step("somebody is blocked after the first invitation", () =>
    blocksAfterwards(ctx, control, stranger),
  );
  ctx.measure("invite.block-only-afterwards", afterwards);
  const ruled = await ctx.step("people accept invitations of one friend only", () => setRules(guarded, friend.address));
  const invited = await watched(ctx, guarded);
  const invite = async (from: Session): Promise<readonly { readonly victim: Victim; readonly text: string }[]> => {
    const sent = [];
    for (const victim of invited) {
      for (const asGroup of [false, true].slice(0, perVictim)) {
        sent.push({ victim, text: await inviteOnce(ctx, from, victim.person, asGroup) });
      }
    }
    return sent.slice(0, total);
  };
  const strange = await ctx.step(`${total} invitations of a stranger`, () => invite(stranger));
  const friendly = await ctx.step(`${total} invitations of the friend`, () => invite(friend));
  const passed = await waitForShown(ctx, "the invitations of the friend", friendly);
  await quiet(ctx);
  const seen = await shown(strange);
  const note = ruled ? "" : "the server offers no rule by which a person lets in known people only";
  ctx.measure("invite.strangers-blocked", strange.length - seen, { total, ...(note === "" ? {} : { note }) });
  ctx.measure("invite.exceptions-passed", passed, { total });
  ctx.control("negative", before === 1 && passed > 0, "invitations are seen when they pass");
}

const acts: readonly RoomAct[] = ["join", "message", "private", "signal"];

/** Acts of the stand-in, `each` of every kind; how many got through. */
async function actAll(
  ctx: ScenarioContext,
  { peers, scene, witness }: HostileStage,
  each: number,
): Promise<readonly object[]> {
  const done = [];
  for (let round = 0; round < each; round += 1) {
    for (const act of acts) done.push(await peers.actInRoom(scene, act));
  }
  await quiet(ctx);
  await witness.catchUp();
  return done.map((one) => ({ ...one, passed: one.outcome === "accepted" || witness.saw(one.marker) }));
}

const passedOf = (done: readonly object[]): number =>
  done.filter((one) => "passed" in one && one.passed === true).length;

async function measureServerLimits(ctx: ScenarioContext, own: RunningServer): Promise<void> {
  const total = ctx.params["acl-events"] ?? 20;
  const stage = await ctx.step("people of two other authorities join a group", () => setHostileStage(ctx, own));
  const { alice, scene, peers, witness } = stage;
  if (!hasServerLimits(alice)) return;
  const before = await ctx.step("the group is open to all", async () => {
    await alice.openToAll(scene.group);
    return actAll(ctx, stage, 1);
  });
  await ctx.step("the group shuts one authority out", () => alice.denyServer(scene.group, peers.attacker.domain));
  const after = await ctx.step(`${total} acts of the authority that was shut out`, () =>
    actAll(ctx, stage, Math.ceil(total / acts.length)),
  );
  const allowed = ctx.random.id("allowed");
  await peers.sendGenuine(scene, "impersonated", allowed);
  const heard = await ctx
    .until({ what: "a message of the authority that may stay", withinMs }, async () => {
      await witness.catchUp();
      return witness.saw(allowed) ? true : undefined;
    })
    .catch((error: unknown) => {
      if (!hasCode(error, "deadline")) throw error;
      return false;
    });
  const evidence = [
    await ctx.evidence("room-limits.json", `${JSON.stringify({ before, after }, null, 2)}\n`),
    await ctx.evidence("stand-in-received.txt", peers.received()),
  ];
  const words = `${passedOf(before)} of ${before.length} acts got through while the group was open`;
  ctx.measure("room-acl.denied-passed", passedOf(after), { total: after.length, note: words, evidence });
  ctx.measure("room-acl.allowed-passed", heard ? 1 : 0);
  ctx.measure("gate.sz-18.f-06.acts", passedOf(before) === before.length, { note: words });
}

export const scenario = defineScenario({
  id: "SZ-18",
  title: { de: "Einladungssteuerung und Serverbeschränkung", en: "Invitation control and room limits" },
  shows: {
    de: "Ob eine Person Einladungen Fremder abweisen und ein Raum einen fremden Server ausschließen kann.",
    en: "Whether a person can refuse invitations of strangers and a room can shut out a foreign server.",
  },
  area: "federation",
  verifies: ["F-05", "F-06"],
  measures: [
    "invite.strangers-blocked",
    "invite.exceptions-passed",
    "invite.block-only-afterwards",
    "room-acl.denied-passed",
    "room-acl.allowed-passed",
  ],
  protocols: ["matrix", "xmpp"],
  servers: 2,
  federation: { allow: { a: ["b", "x", "y"], b: ["a", "x", "y"] } },
  timeBudget: 300,
  async run(ctx) {
    const [own, other] = ctx.servers;
    if (own === undefined || other === undefined) return;
    await measureInvitations(ctx, own, other);
    await measureServerLimits(ctx, own);
  },
});
