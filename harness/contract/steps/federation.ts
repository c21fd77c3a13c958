import { hasCode } from "../../model/errors.ts";
import { hasDeliveryErrors } from "../../model/session.ts";
import type { Session } from "../../model/session.ts";
import { Breach, holds, Unclear } from "../outcome.ts";
import { across, administer, exchange, unique } from "../scene.ts";
import type { ContractParts, Scene } from "../scene.ts";
import type { Step } from "../step.ts";

const leastSilenceMs = 8_000;
/** The slowest exchange between two servers in this check. */
const slowest = new WeakMap<ContractParts, number>();

/** How long a text may take that must not arrive: where texts that may arrive take longer, a shorter silence proves nothing. */
const silenceOf = ({ parts }: Scene): number => Math.max(leastSilenceMs, 2 * (slowest.get(parts) ?? 0));

/** Two people of different servers write to each other; the time it takes says how long a silence has to be. */
async function timedExchange({ parts }: Scene, from: Session, to: Session, what: string): Promise<void> {
  const startedAt = performance.now();
  await exchange(from, to, across(what));
  slowest.set(parts, Math.max(slowest.get(parts) ?? 0, performance.now() - startedAt));
}

/** Whether a text from one session reaches the other one. False as soon as the sender is told, or after the silence. */
async function getsAcross(scene: Scene, from: Session, to: Session): Promise<boolean> {
  const text = unique();
  const deadline = { what: `${text} to arrive`, withinMs: silenceOf(scene) };
  try {
    const conversation = await from.openDirect(to.address);
    await to.join(conversation, deadline);
    const sent = await from.send(conversation, text);
    const arrived = to.received((message) => message.text === text, deadline).then(() => true);
    return await Promise.race([arrived, refused(from, sent.id, deadline.withinMs)]);
  } catch (error) {
    if (hasCode(error, "refused", "deadline")) return false;
    if (!hasCode(error, "disconnected")) throw error;
    // Synapse answers 502 when it cannot connect to the partner: as long as it serves both otherwise, the way between them is shut.
    await Promise.all([from.ping(), to.ping()]);
    return false;
  }
}

/** Never settles unless the sender is told that the message could not be delivered. */
async function refused(from: Session, id: string, withinMs: number): Promise<false> {
  const end = performance.now() + withinMs;
  while (performance.now() < end) {
    if (hasDeliveryErrors(from) && from.deliveryErrors().some((one) => one.id === id)) return false;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return new Promise<false>(() => {});
}

async function openDave(scene: Scene): Promise<Session> {
  if (scene.sessions.has("dave")) return scene.session("dave");
  await scene.create("dave", scene.partner);
  return scene.open("dave");
}

/** The probe takes its trials in turn: enough that each port and each way in is tried. */
const plainAttempts = 24;

const federation: Step = {
  id: "federation",
  title: "exchanges messages with another authority's server",
  expected: "a text arrives at the other server, and the answer comes back",
  clause: 'Candidate.abilities "federation" (harness/model/candidate.ts); RFC 6120 / Matrix server-server API',
  fix: "Let server-to-server traffic use the certificate in /certs and trust /certs/ca.pem; names resolve inside the lab only.",
  claim: "federation",
  after: ["login"],
  async run(scene) {
    const alice = scene.session("alice");
    const dave = await openDave(scene);
    await timedExchange(scene, alice, dave, "Dave reads Alice's message");
    await timedExchange(scene, dave, alice, "Alice reads Dave's answer");
  },
};

const plaintext: Step = {
  id: "federation-tls",
  title: "takes nothing from other servers without TLS",
  expected: "without TLS no message is taken and no dialback is answered",
  clause: "RFC 7590 3.2; Mindeststandard TLS des BSI",
  fix: "Require TLS between servers (Prosody: s2s_require_encryption; ejabberd: s2s_use_starttls: required).",
  claim: "federation",
  config: "hardened",
  after: ["federation", "delivery"],
  async run(scene) {
    const [alice, bob] = [scene.person("alice"), scene.person("bob")];
    const { attempts, dialbackBeforeTls } = await scene.driver.probes.plaintext(
      scene.server,
      alice,
      bob,
      plainAttempts,
    );
    const deliveries = attempts.filter(({ kind }) => kind === "deliver");
    const taken = deliveries.filter(({ outcome }) => outcome === "accepted");
    holds(taken.length === 0, taken.map(({ what }) => `accepted: ${what}`).join("; "));
    holds(dialbackBeforeTls !== true, "dialback is answered before TLS");
    if (deliveries.length === 0) throw new Unclear("the probe found no way to deliver without TLS");
    const unanswered = deliveries.find(({ outcome }) => outcome === "failed");
    if (unanswered !== undefined) throw new Unclear(`no answer to ${unanswered.what}: ${unanswered.answer}`);
  },
};

const allowList: Step = {
  id: "federation-allow-list",
  title: "keeps to the list of servers it may talk to",
  expected: "with an empty list nothing gets across, with the partner on it messages arrive again",
  clause:
    'Candidate.abilities "federation-allow-list"; Administration.setFederationAllowList (harness/model/candidate.ts)',
  fix: "Let setFederationAllowList take effect before it returns, for both directions, or do not claim the ability.",
  claim: "federation-allow-list",
  config: "hardened",
  after: ["federation"],
  async run(scene) {
    const { setFederationAllowList: allow } = scene.server.administration;
    if (allow === undefined) throw new Breach("administration.setFederationAllowList is missing");
    const dave = await openDave(scene);
    const emptied = await administer("setFederationAllowList", () => allow([]));
    if (emptied.restarted) await scene.open("alice");
    holds(!(await getsAcross(scene, scene.session("alice"), dave)), "a text got out although the list is empty");
    holds(!(await getsAcross(scene, dave, scene.session("alice"))), "a text got in although the list is empty");
    const listed = await administer("setFederationAllowList", () => allow([scene.partner.domain]));
    if (listed.restarted) await scene.open("alice");
    await exchange(scene.session("alice"), dave, across("Dave reads Alice's message once his server is listed"));
  },
};

export const federationSteps: readonly Step[] = [federation, plaintext, allowList];

/** On servers of its own: the second one has a certificate that the first one cannot verify. */
export const untrustedStep: Step = {
  id: "federation-verified",
  title: "talks to no server whose certificate it cannot verify",
  expected: "no text gets to or from a server with a certificate of an unknown authority",
  clause: "RFC 6120 13.7, RFC 7590 3.4; Matrix server-server API (TLS certificates are verified)",
  fix: "Verify certificates between servers (Prosody: s2s_secure_auth; ejabberd: no mod_s2s_dialback with s2s_use_starttls: required).",
  claim: "federation",
  config: "hardened",
  after: ["federation"],
  async run(scene) {
    await scene.create("alice");
    const alice = await scene.open("alice");
    const dave = await openDave(scene);
    const [out, back] = await Promise.all([getsAcross(scene, alice, dave), getsAcross(scene, dave, alice)]);
    holds(!out, "a text got to the server with the unknown certificate");
    // The partner may refuse, too; then this direction says nothing, and the other one has decided.
    holds(!back, "a text of the server with the unknown certificate was taken");
    if ((await scene.deployment.health()).length > 0) {
      throw new Unclear("the lab broke while nothing was to arrive");
    }
  },
};
