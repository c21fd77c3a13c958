import { HarnessError } from "../../harness/model/errors.ts";
import type { LoginAttempt } from "../../harness/model/probes.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { RunningServer } from "../../harness/model/server.ts";
import { median, rankSumP } from "../../harness/model/statistics.ts";

// Guessing passwords, telling existing accounts from missing ones, and using administration as an ordinary person.
// ORP.4.A23, CON.10.A6; ORP.4.A4, OPS.1.1.2.A6. Names that look like somebody else's: A_22719.

/** Pairs of logins for the comparison: below ten failures in all, so that a lock-out after ten does not hide the answer. */
const comparedPairs = 4;
const adminAttempts = 20;
/** Chance of calling equal times different; complete separation of 4 against 4 gives 2/70. */
const significance = 0.03;

function answered(attempt: LoginAttempt): LoginAttempt {
  if (attempt.outcome === "failed")
    throw new HarnessError("lab-fault", `expected an answer to a login, got none: ${attempt.answer}`);
  return attempt;
}

/** The answer without the name and without digits that change by themselves. */
const shapeOf = (attempt: LoginAttempt, name: string): string =>
  attempt.answer.replaceAll(name, "<name>").replaceAll(/\d+/g, "<n>");

/** Counts in which of status, text and time an unknown account can be told from a known one. */
async function countDifferences(
  ctx: ScenarioContext,
  server: RunningServer,
): Promise<{ differences: number; note: string }> {
  const known = await ctx.people(server, "known", comparedPairs);
  const rows: { name: string; exists: boolean; attempt: LoginAttempt }[] = [];
  for (const person of known) {
    const stranger = ctx.random.id("stranger");
    for (const [name, exists] of [
      [person.name, true],
      [stranger, false],
    ] as const) {
      rows.push({
        name,
        exists,
        attempt: answered(await ctx.driver().probes.login(server, name, ctx.random.id("wrong"))),
      });
    }
  }
  await ctx.evidence("enumeration.json", JSON.stringify(rows, null, 2));
  const compared = rows.filter((row) => !row.attempt.blocked);
  const of = (exists: boolean) => compared.filter((row) => row.exists === exists);
  if (of(true).length === 0 || of(false).length === 0)
    throw new HarnessError("lab-fault", "expected unblocked answers to compare, got only blocked ones");
  const texts = (exists: boolean) =>
    [...new Set(of(exists).map((row) => shapeOf(row.attempt, row.name)))].toSorted().join("\n");
  const conditions = (exists: boolean) =>
    [...new Set(of(exists).map((row) => row.attempt.condition))].toSorted().join("\n");
  const times = (exists: boolean) => of(exists).map((row) => row.attempt.tookMs);
  const found = [
    ...(conditions(true) === conditions(false) ? [] : ["status"]),
    ...(texts(true) === texts(false) ? [] : ["text"]),
    ...(rankSumP(times(true), times(false)) < significance ? ["time"] : []),
  ];
  const example = (exists: boolean) => of(exists)[0]?.attempt.answer.slice(0, 120) ?? "";
  const words = found.includes("text") ? `; known: "${example(true)}", unknown: "${example(false)}"` : "";
  const medians = `median ${median(times(true)).toFixed(0)} ms for known, ${median(times(false)).toFixed(0)} ms for unknown, ${compared.length} answers`;
  return { differences: found.length, note: `${found.join(", ") || "none"}; ${medians}${words}` };
}

/** How many wrong passwords the server answers before it blocks. */
async function attemptsUntilBlock(
  ctx: ScenarioContext,
  server: RunningServer,
  most: number,
): Promise<{ count: number; blocked: boolean }> {
  const victim = await ctx.person(server, "victim");
  const right = answered(await ctx.driver().probes.login(server, victim.name, victim.password));
  ctx.control("positive", right.outcome === "accepted", "the right password is accepted");
  const attempts: LoginAttempt[] = [];
  for (let number = 1; number <= most; number += 1) {
    const attempt = answered(await ctx.driver().probes.login(server, victim.name, ctx.random.id("guess")));
    attempts.push(attempt);
    if (attempt.blocked) break;
  }
  await ctx.evidence("brute-force.json", JSON.stringify(attempts, null, 2));
  ctx.control(
    "negative",
    attempts.every((attempt) => attempt.outcome === "refused"),
    "no wrong password was accepted",
  );
  return { count: attempts.length, blocked: attempts.at(-1)?.blocked === true };
}

async function measureRoles(ctx: ScenarioContext, server: RunningServer): Promise<void> {
  const { grantRole } = server.administration;
  const probe = ctx.driver().probes;
  const shown: { readonly role: string; readonly rights: string }[] = [];
  for (const role of grantRole === undefined || probe.exerciseRole === undefined ? [] : server.candidate.roles) {
    const holder = await ctx.person(server, "holder");
    const victim = await ctx.person(server, "victim");
    await grantRole?.(holder.name, role);
    const facts = await probe.exerciseRole?.(server, holder, role, victim);
    await ctx.evidence(`role-${role.replaceAll(/[^a-z0-9-]/gi, "-")}.json`, JSON.stringify(facts, null, 2));
    if (facts?.allowed.outcome === "failed" || facts?.denied.outcome === "failed")
      throw new HarnessError("lab-fault", `expected answers to the actions of role ${role}, got none`);
    if (facts?.allowed.outcome !== "accepted" || facts.denied.outcome !== "refused") continue;
    shown.push({ role, rights: facts.rights?.join("\n") ?? facts.allowed.what });
  }
  // Two roles with the same rights separate nothing.
  const separable = new Map(shown.map(({ role, rights }) => [rights, role]));
  ctx.measure("admin.separable-roles", separable.size, {
    note: [...separable.values()].join(", ") || "no role was shown",
  });
}

/** I-10: an impostor takes names that look like a colleague's. Marking is a client's work and not looked for here. */
async function measureNames(ctx: ScenarioContext, server: RunningServer): Promise<void> {
  const { takeLookalikes } = ctx.driver().probes;
  if (takeLookalikes === undefined) return;
  const count = ctx.params["homographs"] ?? 5;
  const [victim, impostor] = [await ctx.person(server, "erika"), await ctx.person(server, "impostor")];
  const { names, ownName } = await takeLookalikes(server, victim, impostor, count);
  const evidence = [await ctx.evidence("look-alikes.json", JSON.stringify({ names, ownName }, null, 2))];
  const failed = [...names, ownName].find(({ outcome }) => outcome === "failed");
  if (failed !== undefined)
    throw new HarnessError("lab-fault", `expected an answer to ${failed.what}, got none: ${failed.answer}`);
  const stopped = names.filter(({ outcome }) => outcome === "refused");
  ctx.measure("names.homographs-stopped", stopped.length, {
    total: names.length,
    note: `refused: ${stopped.map(({ what }) => what).join(", ") || "none"}`,
    evidence,
  });
  ctx.measure("names.display-name-change-refused", ownName.outcome === "refused", { evidence });
}

export const scenario = defineScenario({
  id: "SZ-14",
  title: { de: "Missbrauch von Anmeldung und Administration", en: "Abuse of login and administration" },
  shows: {
    de: "Ob Durchprobieren gebremst wird, ob sich vorhandene Konten erkennen lassen und ob Administration getrennt ist.",
    en: "Whether guessing is slowed down, whether accounts can be told apart, and whether administration is separate.",
  },
  area: "security",
  verifies: ["I-06", "I-08", "I-10"],
  measures: [
    "login.attempts-until-block",
    "login.enumeration-differences",
    "admin.separable-roles",
    "admin.endpoint-bypasses",
    "names.homographs-stopped",
    "names.display-name-change-refused",
  ],
  protocols: ["matrix", "xmpp"],
  // Two servers, because a block on one after the comparison would count against the guesses on the other.
  servers: 2,
  timeBudget: 240,
  async run(ctx) {
    const [first, second] = ctx.servers;
    if (first === undefined || second === undefined) return;
    const eve = await ctx.person(first, "eve");
    const victim = await ctx.person(first, "victim");
    const admin = await ctx.step("an ordinary person tries 20 administrative actions", () =>
      ctx.driver().probes.adminAsOrdinary(first, eve, victim, adminAttempts),
    );
    await ctx.evidence("admin-as-ordinary.json", JSON.stringify(admin, null, 2));
    const unanswered = admin.find((attempt) => attempt.outcome === "failed");
    if (unanswered !== undefined)
      throw new HarnessError("lab-fault", `expected an answer to ${unanswered.what}, got none: ${unanswered.answer}`);
    const bypasses = admin.filter((attempt) => attempt.outcome === "accepted");
    ctx.measure("admin.endpoint-bypasses", bypasses.length, {
      total: admin.length,
      note: bypasses.map((attempt) => attempt.what).join("; "),
    });
    await ctx.step("an impostor takes names that look alike", () => measureNames(ctx, first));
    await ctx.step("each administrator role acts inside and outside its rights", () => measureRoles(ctx, first));

    const enumeration = await ctx.step("compare answers for known and unknown accounts", () =>
      countDifferences(ctx, first),
    );
    ctx.measure("login.enumeration-differences", enumeration.differences, { note: enumeration.note });
    const most = ctx.params["attempts"] ?? 50;
    const guesses = await ctx.step(`up to ${most} wrong passwords for one account`, () =>
      attemptsUntilBlock(ctx, second, most),
    );
    ctx.measure("login.attempts-until-block", guesses.count, { censored: !guesses.blocked });
  },
});
