import { hasCode } from "../../harness/model/errors.ts";
import type { CertificatePeer, CertificatePeers } from "../../harness/model/hostile.ts";
import type { ScenarioContext } from "../../harness/model/scenario.ts";
import type { RunningServer } from "../../harness/model/server.ts";
import type { Session } from "../../harness/model/session.ts";

// T-03: five authorities played by the bench, four of them with a certificate that is wrong in one way. What counts is what a
// server does that believes: it hands over a message (XMPP) or any request (Matrix), or it delivers what comes with such a
// certificate. The fifth, with a proper certificate, shows that the way is open.
// Two more have nothing wrong but speak TLS 1.0 or 1.1 only: a product that ends a handshake there uses what RFC 8996 forbids.
// Public counterparts: badssl.com (client side), XMPP compliance tester's certificate checks.

const arrivesWithinMs = 30_000;
/** After the honest authority was served: a connection to a dishonest one may still be on its way. */
const quietMs = 8_000;

/** What one certificate brought about; undefined where the server never even tried. */
interface Outcome {
  readonly peer: CertificatePeer;
  readonly believed: boolean | undefined;
}

/** A person of the server turns to a person of the authority. An error is the product's way of telling them: the stand-in decides. */
async function turnTo(ctx: ScenarioContext, alice: Session, peer: CertificatePeer, text: string): Promise<string> {
  try {
    if (ctx.protocol === "matrix") await alice.invite(await alice.createGroup(text), peer.person);
    else await alice.send({ kind: "direct", id: peer.person }, text);
    return "sent";
  } catch (error) {
    if (!hasCode(error, "refused", "deadline", "disconnected")) throw error;
    // Synapse answers 502 for an authority it does not believe; whether the own server is still there, a ping tells.
    await alice.ping();
    return String(error);
  }
}

/** Waits until it holds; false when it does not in time. */
async function holds(ctx: ScenarioContext, what: string, withinMs: number, check: () => boolean): Promise<boolean> {
  try {
    await ctx.until({ what, withinMs }, () => (check() ? true : undefined));
    return true;
  } catch (error) {
    if (!hasCode(error, "deadline")) throw error;
    return false;
  }
}

async function quiet(ctx: ScenarioContext): Promise<void> {
  const until = ctx.clock.nowMs() + quietMs;
  await ctx.until({ what: "a quiet moment", withinMs: quietMs * 2 }, () =>
    ctx.clock.nowMs() > until ? true : undefined,
  );
}

interface Seen {
  readonly outcomes: readonly Outcome[];
  readonly evidence: readonly string[];
}

async function outgoing(ctx: ScenarioContext, stage: CertificatePeers, alice: Session): Promise<Seen> {
  const everybody = [...stage.peers, ...stage.outdated];
  const texts = new Map(everybody.map((peer) => [peer, ctx.random.id("to-peer")]));
  const told = await Promise.all(
    [...texts].map(async ([peer, text]) => ({ domain: peer.domain, told: await turnTo(ctx, alice, peer, text) })),
  );
  const believed = (peer: CertificatePeer): boolean => stage.wasBelieved(peer, texts.get(peer) ?? "");
  await holds(ctx, "every authority to be asked and the honest one to be served", arrivesWithinMs, () =>
    everybody.every(
      (peer) => stage.wasAsked(peer) && (!stage.peers.includes(peer) || peer.flaw !== "none" || believed(peer)),
    ),
  );
  await quiet(ctx);
  const outcomes = stage.peers.map((peer) => ({
    peer,
    believed: stage.wasAsked(peer) || believed(peer) ? believed(peer) : undefined,
  }));
  const old = stage.outdated.map((peer) => ({
    onlyTls: peer.onlyTls,
    asked: stage.wasAsked(peer),
    handshakes: stage.handshakes(peer),
  }));
  const evidence = [
    await ctx.evidence("outgoing-certificates.json", `${JSON.stringify({ outcomes, old, told }, null, 2)}\n`),
    await ctx.evidence("certificate-peers-received.txt", stage.received()),
  ];
  measureOutdated(ctx, outcomes.some(isGood), old, evidence);
  return { outcomes, evidence };
}

/** Versions in which the product ended a handshake as the connecting side; nothing where one was never tried. */
function measureOutdated(
  ctx: ScenarioContext,
  honestServed: boolean,
  old: readonly { readonly onlyTls: string; readonly asked: boolean; readonly handshakes: number }[],
  evidence: readonly string[],
): void {
  if (!honestServed || old.some(({ asked }) => !asked)) return;
  const spoken = old.filter(({ handshakes }) => handshakes > 0).map(({ onlyTls }) => onlyTls);
  ctx.measure("tls.outgoing-handshakes-below-1.2", spoken.length, {
    total: old.length,
    note: spoken.join(", ") || "none",
    evidence,
  });
}

async function incoming(
  ctx: ScenarioContext,
  stage: CertificatePeers,
  server: RunningServer,
  alice: Session,
): Promise<Seen> {
  const attempts = [];
  for (const peer of stage.peers) {
    const text = ctx.random.id("from-peer");
    const attempt = await stage.present?.(server, peer, alice.person, text);
    attempts.push({ peer, text, answer: attempt?.answer ?? "", tookMs: attempt?.tookMs ?? 0 });
  }
  const delivered = (text: string): boolean => alice.inbox().some((message) => message.text.includes(text));
  const honest = attempts.find(({ peer }) => peer.flaw === "none");
  await holds(ctx, "the honest authority's message", arrivesWithinMs, () => delivered(honest?.text ?? "-"));
  await quiet(ctx);
  const outcomes = attempts.map(({ peer, text }) => ({ peer, believed: delivered(text) }));
  const file = await ctx.evidence("incoming-certificates.json", `${JSON.stringify({ outcomes, attempts }, null, 2)}\n`);
  return { outcomes, evidence: [file] };
}

const isGood = ({ peer, believed }: Outcome): boolean => peer.flaw === "none" && believed === true;
const bad = (outcomes: readonly Outcome[]): readonly Outcome[] => outcomes.filter(({ peer }) => peer.flaw !== "none");

/** Counts the flawed certificates that were believed; without an honest success or with one never tried nothing is known. */
function measureAccepted(ctx: ScenarioContext, id: string, { outcomes, evidence }: Seen): void {
  const flawed = bad(outcomes);
  if (!outcomes.some(isGood) || flawed.some(({ believed }) => believed === undefined)) return;
  const accepted = flawed.filter(({ believed }) => believed === true).map(({ peer }) => peer.flaw);
  ctx.measure(id, accepted.length, { total: flawed.length, note: accepted.join(", ") || "none", evidence });
}

/** Emits the measurements of T-03 and the product's part as a client in T-09. Ends the authorities it opens. */
export async function measurePeerCertificates(ctx: ScenarioContext, server: RunningServer): Promise<void> {
  const alice = await ctx.open(await ctx.person(server, "alice"));
  await using stage = await ctx.certificatePeers();
  const out = await ctx.step("a person turns to authorities with bad certificates", () => outgoing(ctx, stage, alice));
  measureAccepted(ctx, "peer-cert.bad-accepted-outgoing", out);
  let good = out.outcomes.some(isGood);
  if (stage.present === undefined) {
    ctx.notApplicable("peer-cert.bad-accepted-incoming", "Matrix homeservers show no certificate when they connect");
  } else {
    const into = await ctx.step("authorities with bad certificates connect", () => incoming(ctx, stage, server, alice));
    measureAccepted(ctx, "peer-cert.bad-accepted-incoming", into);
    good &&= into.outcomes.some(isGood);
  }
  ctx.measure("peer-cert.good-accepted", good);
}
