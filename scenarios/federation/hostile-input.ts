import { HarnessError, hasCode } from "../../harness/model/errors.ts";
import type { PoisonAttempt, Witness } from "../../harness/model/hostile.ts";
import type { ScenarioContext } from "../../harness/model/scenario.ts";
import type { CollapsedService, RunningServer } from "../../harness/model/server.ts";
import type { HostileStage } from "./forged-origins.ts";

// Malformed and oversized input beside proper messages (incidents XML-BOMB, SMUGGLE, FED-POISON, FED-SIZE), and whether the service
// goes on after it. A server that ends by itself is a finding; one that was ended from outside is a broken lab.

/** After hostile input an ordinary message arrives within this time (liveness). */
const alivenessMs = 10_000;
const goodWithinMs = 20_000;
/** An input that took longer may have stopped the server: the next one waits for an ordinary message. */
const slowMs = 5_000;

/** Until the text has come; false when it has not in time. */
export async function arrives(
  ctx: ScenarioContext,
  witness: Witness,
  text: string,
  withinMs: number,
): Promise<boolean> {
  try {
    await ctx.until({ what: `"${text}" at the victim`, withinMs }, async () => {
      await witness.catchUp();
      return witness.saw(text) ? true : undefined;
    });
    return true;
  } catch (error) {
    if (!hasCode(error, "deadline")) throw error;
    return false;
  }
}

/** Throws `lab-fault` where the lab broke instead of the product. */
async function collapsed(server: RunningServer): Promise<readonly CollapsedService[]> {
  if (server.collapsed === undefined)
    throw new HarnessError("unsupported", `This lab cannot tell how the containers of ${server.domain} ended.`);
  return server.collapsed();
}

/** What ended within the time an ordinary message has: a process that dies hangs up first, and its container ends later. */
async function collapsedSoon(ctx: ScenarioContext, server: RunningServer): Promise<readonly CollapsedService[]> {
  try {
    return await ctx.until({ what: `a container of ${server.domain} to end`, withinMs: alivenessMs }, async () => {
      const ended = await collapsed(server);
      return ended.length > 0 ? ended : undefined;
    });
  } catch (error) {
    if (!hasCode(error, "deadline")) throw error;
    return [];
  }
}

/** Whether a server still serves its own people. */
export interface Liveness {
  readonly alive: boolean;
  /** How containers ended, or what came instead of the message; for notes. */
  readonly words: string;
  readonly evidence: string;
}

/** A message between two people of the server: undefined when it arrived in time, else what came instead. */
async function ordinaryMessage(ctx: ScenarioContext, stage: HostileStage): Promise<string | undefined> {
  const { alice, scene, witness } = stage;
  const text = ctx.random.id("ordinary");
  const started = ctx.clock.nowMs();
  try {
    await sendWithin(ctx, () => alice.send(scene.group, text));
    const arrived = await arrives(ctx, witness, text, alivenessMs);
    const tookMs = Math.round(ctx.clock.nowMs() - started);
    return arrived && tookMs <= alivenessMs
      ? undefined
      : `none within ${alivenessMs / 1_000} s (looked for ${tookMs} ms)`;
  } catch (error) {
    // How a server fails to answer: whose doing that is shows in its containers.
    if (!hasCode(error, "disconnected", "deadline", "lab-fault", "refused")) throw error;
    return error.message;
  }
}

/** A driver waits longer for an answer than an ordinary message may take. */
async function sendWithin(ctx: ScenarioContext, send: () => Promise<unknown>): Promise<void> {
  let end: { readonly error?: unknown } | undefined;
  send().then(
    () => (end = {}),
    (error: unknown) => (end = { error }),
  );
  await ctx.until({ what: "the server to take an ordinary message", withinMs: alivenessMs }, () => {
    if (end !== undefined && "error" in end) throw end.error;
    return end === undefined ? undefined : true;
  });
}

const endOf = ({ service, exitCode, outOfMemory }: CollapsedService): string =>
  `${service} ${exitCode === null ? "lost a process" : `ended with code ${exitCode}`}${outOfMemory ? ", out of memory" : ""}`;

/**
 * Liveness oracle: an ordinary message within 10 s. Where it does not come, the containers tell whether the server ended, hangs, or
 * the lab broke; throws `lab-fault` then.
 */
export async function measureLiveness(ctx: ScenarioContext, stage: HostileStage, after: string): Promise<Liveness> {
  const missed = await ordinaryMessage(ctx, stage);
  const ended = missed === undefined ? [] : await collapsedSoon(ctx, stage.scene.server);
  const facts = { alive: missed === undefined, withinMs: alivenessMs, missed: missed ?? null, ended };
  const evidence = await ctx.evidence(`alive-after-${after}.json`, `${JSON.stringify(facts, null, 2)}\n`);
  const how = ended.length > 0 ? ended.map(endOf).join("; ") : `all containers run, ordinary message: ${missed}`;
  return { alive: facts.alive, words: missed === undefined ? "" : how, evidence };
}

export interface Fed {
  /** What went wrong for good messages, and which tricks worked. */
  readonly trouble: readonly string[];
  readonly evidence: readonly string[];
}

/** A process that dies may take the next input's connection before its container has ended. */
const orBefore = (what: string): string => `after "${what}" or the input before it`;

/** Malformed input, until the last one or until the server answers no more. */
export async function feedMalformed(ctx: ScenarioContext, stage: HostileStage): Promise<Fed> {
  const { peers, scene, witness } = stage;
  let stopped: string | undefined;
  const done = await peers.poison(scene, async ({ what, outcome, tookMs }) => {
    const ended = await collapsed(scene.server);
    if (ended.length > 0) stopped = `${ended.map(endOf).join("; ")}, ${orBefore(what)}`;
    else if (outcome === "failed" || tookMs > slowMs) {
      const missed = await ordinaryMessage(ctx, stage);
      if (missed !== undefined) stopped = `no ordinary message, ${orBefore(what)}`;
    }
    return stopped === undefined;
  });
  const last = done.at(-1);
  const over = stopped;
  if (last !== undefined && over === undefined) await arrives(ctx, witness, last.good, goodWithinMs);
  const rows = done.map((one) => ({
    ...one,
    shown: witness.saw(one.marker),
    // Of a server that stopped nobody knows what it would still have delivered.
    goodArrived: witness.saw(one.good) || (over === undefined ? false : null),
  }));
  const facts = { stopped: over ?? null, inputs: rows };
  const evidence = await ctx.evidence("malformed.json", `${JSON.stringify(facts, null, 2)}\n`);
  return { trouble: [...(over === undefined ? [] : [over]), ...troubleOf(rows)], evidence: [evidence] };
}

type Row = PoisonAttempt & { readonly shown: boolean; readonly goodArrived: boolean | null };

const troubleOf = (rows: readonly Row[]): readonly string[] => [
  ...rows
    .filter(({ goodArrived }) => goodArrived === false)
    .map(({ what }) => `the proper message beside "${what}" did not arrive`),
  ...rows
    .filter(({ trick, outcome, shown }) => trick === true && (shown || outcome === "accepted"))
    .map(({ what }) => `the server was tricked: ${what}`),
];
