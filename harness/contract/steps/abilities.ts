import { randomBytes } from "node:crypto";
import { hasRetraction, hasUploads } from "../../model/session.ts";
import type { Session } from "../../model/session.ts";
import { HarnessError, hasCode } from "../../model/errors.ts";
import { holds, Unclear } from "../outcome.ts";
import { administer, soon, unique } from "../scene.ts";
import type { Scene } from "../scene.ts";
import type { Step } from "../step.ts";

const abilityClause = (name: string): string =>
  `Candidate.abilities "${name}" (harness/model/candidate.ts): a claimed ability is there in the hardened configuration`;
const abilityFix = (name: string, what: string): string =>
  `${what}, or take "${name}" out of \`abilities\`: rows that ask for it are then not-met instead of measured.`;

function lacks(method: string): Unclear {
  return new Unclear(`the bench's driver has no ${method} for this protocol`);
}

function direct(scene: Scene): NonNullable<Scene["chat"]> & { readonly alice: Session; readonly bob: Session } {
  if (scene.chat === undefined) throw new HarnessError("harness-fault", "Expected a direct chat, but no step made it.");
  return { ...scene.chat, alice: scene.session("alice"), bob: scene.session("bob") };
}

const groupChat: Step = {
  id: "group-chat",
  title: "has groups that invited people can join",
  expected: "Alice makes a group, Bob is invited, joins and reads her text",
  clause: abilityClause("group-chat"),
  fix: abilityFix("group-chat", "Switch group chats on (XMPP: a MUC component under a name of `subdomains`)"),
  claim: "group-chat",
  config: "hardened",
  after: ["login"],
  async run(scene) {
    const [alice, bob] = [scene.session("alice"), scene.session("bob")];
    const group = await alice.createGroup(`group ${unique()}`);
    await alice.invite(group, bob.address);
    await bob.join(group, soon("Bob is in the group"));
    const text = unique();
    await alice.send(group, text);
    await bob.received((message) => message.text === text, soon("Bob reads the group"));
  },
};

const history: Step = {
  id: "history",
  title: "keeps the history of a chat",
  expected: "the stored messages of the chat hold the text that was delivered before",
  clause: abilityClause("history"),
  fix: abilityFix("history", "Switch the archive on (XMPP: XEP-0313)"),
  claim: "history",
  config: "hardened",
  after: ["delivery"],
  async run(scene) {
    const { alice, conversation, text } = direct(scene);
    const stored = await alice.history(conversation, 20);
    const texts = stored.map((message) => message.text);
    holds(texts.includes(text), `${stored.length} stored messages, none of them the one that was sent`);
  },
};

const fileTransfer: Step = {
  id: "file-transfer",
  title: "carries files",
  expected: "a file of Alice arrives at Bob byte for byte",
  clause: abilityClause("file-transfer"),
  fix: abilityFix("file-transfer", "Switch uploads on (XMPP: XEP-0363 under a name that has the published port)"),
  claim: "file-transfer",
  config: "hardened",
  after: ["delivery"],
  async run(scene) {
    const { alice, bob, conversation } = direct(scene);
    if (!hasUploads(alice)) throw lacks("uploads");
    const bytes = randomBytes(10_000);
    const { url } = await alice.sendFile(conversation, "contract.bin", bytes);
    const got = await bob.received(({ attachment }) => attachment?.url === url, soon("Bob sees the file"));
    const fetched = Buffer.from((await got.attachment?.bytes()) ?? []);
    holds(fetched.equals(bytes), `${fetched.length} bytes that differ from the ${bytes.length} sent`);
  },
};

const retraction: Step = {
  id: "message-retraction",
  title: "lets a person take a message back",
  expected: "a text that Alice takes back is gone for Bob",
  clause: abilityClause("message-retraction"),
  fix: abilityFix("message-retraction", "Let retractions pass (XMPP: XEP-0424; Matrix: redactions)"),
  claim: "message-retraction",
  config: "hardened",
  after: ["delivery"],
  async run(scene) {
    const { alice, bob, conversation } = direct(scene);
    if (!hasRetraction(alice) || !hasRetraction(bob)) throw lacks("retraction");
    const text = unique();
    const { id } = await alice.send(conversation, text);
    await bob.received((message) => message.text === text, soon("Bob reads the text"));
    await alice.retract(conversation, id);
    await bob.retracted(id, soon("Bob sees that it was taken back"));
  },
};

const encryption: Step = {
  id: "end-to-end-encryption",
  title: "carries end-to-end encrypted messages",
  expected: "a client with the method of `endEncryption` can write an encrypted text to another one",
  clause: abilityClause("end-to-end-encryption"),
  fix: abilityFix(
    "end-to-end-encryption",
    "Let key bundles pass (XMPP: XEP-0163 with open access; Matrix: key upload)",
  ),
  claim: "end-to-end-encryption",
  config: "hardened",
  after: ["login"],
  async run(scene) {
    const { servers } = scene.deployment;
    await scene.create("erin");
    await scene.create("frank");
    await using erin = await scene.parts.openEncrypting(scene.person("erin"), servers);
    await using frank = await scene.parts.openEncrypting(scene.person("frank"), servers);
    if (!("openEncryptedDirect" in erin) || !("sendEncrypted" in erin)) throw lacks("encryption");
    const sender = erin as Session & import("../../model/session.ts").WithEncryption;
    const deadline = { what: "Frank reads the encrypted text", withinMs: 60_000 };
    const conversation = await sender.openEncryptedDirect(frank.address);
    await frank.join(conversation, deadline);
    const text = unique();
    await sender.sendEncrypted(conversation, text);
    const got = await frank.received((message) => message.text === text, deadline);
    holds(got.encrypted, "the text arrived without encryption");
  },
};

const disabling: Step = {
  id: "account-disabling",
  title: "locks a disabled person out",
  expected: "after disableAccount a login with the right password is refused, and an open session is of no use",
  clause: `${abilityClause("account-disabling")}; Administration.disableAccount`,
  fix: abilityFix("account-disabling", "Let disableAccount end all sessions and refuse new ones"),
  claim: "account-disabling",
  config: "hardened",
  after: ["login"],
  async run(scene) {
    const carol = await scene.create("carol");
    const session = await scene.open("carol");
    await session.ping();
    await administer("disableAccount", () => scene.server.administration.disableAccount(carol.name));
    await lockedOut(scene, "carol");
    const stillServed = await session.ping().then(
      () => true,
      (error: unknown) => {
        if (hasCode(error, "refused", "disconnected", "deadline")) return false;
        throw error;
      },
    );
    holds(!stillServed, "the open session is still served");
  },
};

async function lockedOut(scene: Scene, role: string): Promise<void> {
  const { name, password } = scene.person(role);
  const { outcome, answer } = await scene.driver.probes.login(scene.server, name, password);
  if (outcome === "failed") throw new Unclear(`the login could not be tried: ${answer}`);
  holds(outcome === "refused", `${name} could log in`);
}

const storedWithinMs = 40_000;

/** Some servers write later: a value that was never there proves nothing by its absence. */
async function untilStored(
  { server }: Scene,
  planted: Readonly<Record<string, string>>,
  where: Parameters<Scene["server"]["search"]>[1],
): Promise<void> {
  const end = performance.now() + storedWithinMs;
  while ((await server.search(planted, where)).hits.length === 0) {
    if (performance.now() > end) throw new Unclear("the planted profile was not found before the deletion");
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

/** Her profile is searched for, not her name: a product may keep names so that nobody else gets them. */
const deletion: Step = {
  id: "account-deletion",
  title: "leaves nothing of a deleted person's profile behind and locks her out",
  expected: "after deleteAccount the login is refused and no value of the profile is in the live data",
  clause: `${abilityClause("account-deletion")}; Administration.deleteAccount; GDPR Art. 17`,
  fix: abilityFix(
    "account-deletion",
    "Let deleteAccount take every step that the product's documentation names for an erasure",
  ),
  claim: "account-deletion",
  config: "hardened",
  after: ["login"],
  async run(scene) {
    const dora = await scene.create("dora");
    const planted = await scene.driver.probes.plantProfile(scene.server, dora);
    const holdsData = { holds: ["database", "files"] as const };
    // A product without profiles has nothing to leave behind; then the login alone decides.
    const keepsProfiles = Object.keys(planted).length > 0;
    if (keepsProfiles) await untilStored(scene, planted, holdsData);
    await administer("deleteAccount", () => scene.server.administration.deleteAccount(dora.name));
    await lockedOut(scene, "dora");
    if (!keepsProfiles) return;
    const after = await scene.server.search(planted, holdsData);
    const left = new Set(after.hits.map(({ needle, store, location }) => `${needle} in ${store}: ${location}`));
    holds(left.size === 0, `still there: ${[...left].slice(0, 5).join("; ")}`);
  },
};

const registration: Step = {
  id: "registration-policy",
  title: "lets nobody sign up alone where that is closed",
  expected: "a stranger who signs up over the protocol is refused",
  clause: abilityClause("registration-policy"),
  fix: abilityFix("registration-policy", "Close self-registration in the hardened configuration"),
  claim: "registration-policy",
  config: "hardened",
  async run(scene) {
    const name = `stranger-${unique()}`;
    const { outcome, answer } = await scene.driver.probes.selfRegistration(scene.server, name, unique());
    if (outcome === "failed") throw new Unclear(`the sign-up could not be tried: ${answer}`);
    holds(outcome === "refused", `the sign-up was accepted: ${answer}`);
  },
};

export const abilitySteps: readonly Step[] = [
  groupChat,
  history,
  fileTransfer,
  retraction,
  encryption,
  registration,
  disabling,
  deletion,
];
