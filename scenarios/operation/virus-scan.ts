import { createHash } from "node:crypto";
import { HarnessError, hasCode } from "../../harness/model/errors.ts";
import type { FileProbes, FileReader, SealedFile } from "../../harness/model/files.ts";
import type { Attempt } from "../../harness/model/probes.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import { hasUploads, type Conversation, type Session, type WithUploads } from "../../harness/model/session.ts";

// Whether a file with a virus reaches the recipient. OPS.1.1.4.A3 and A5; gematik A_22723. Looked at once, right after the upload:
// a file that was handed out before a scanner has seen it was handed out.

/** The harmless file every virus scanner knows (EICAR 2003). In two parts, so that a scanner on this machine leaves this text alone. */
const eicar = String.raw`X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD` + "-ANTIVIRUS-TEST-FILE!$H+H*";
/** SHA-256 of the file as published. */
const published = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f";

/** What became of one file. */
interface Fate {
  readonly upload: Attempt;
  /** Read as any client of the protocol does, past a scanner that only some clients ask. */
  readonly direct?: Attempt;
  /** Read through the scanner, where the product has one that clients ask. */
  readonly scanned?: Attempt | undefined;
  /** From before the upload until the last answer, in seconds. */
  readonly seconds: number;
}

interface Scene {
  readonly ctx: ScenarioContext;
  readonly alice: Session & WithUploads;
  readonly bob: FileReader;
  readonly chat: Conversation;
}

function decided(attempt: Attempt): Attempt {
  if (attempt.outcome === "failed")
    throw new HarnessError("lab-fault", `expected a decision on ${attempt.what}, got: ${withoutVirus(attempt.answer)}`);
  return attempt;
}

/** The test file must not lie in the evidence, where a scanner of this machine finds it. */
const withoutVirus = (text: string): string => text.replaceAll(eicar, "[EICAR test file]");
const withoutVirusIn = (_key: string, value: unknown): unknown =>
  typeof value === "string" ? withoutVirus(value) : value;

/** Alice uploads the file and names it to Bob, who fetches it. */
async function share({ ctx, alice, bob, chat }: Scene, bytes: Uint8Array, key?: SealedFile["key"]): Promise<Fate> {
  const start = ctx.clock.nowMs();
  const seconds = (): number => (ctx.clock.nowMs() - start) / 1000;
  const upload = { what: "upload", outcome: "accepted", answer: "", tookMs: 0 } as const;
  let url: string;
  try {
    ({ url } = await alice.sendFile(chat, "file.bin", bytes));
  } catch (error) {
    if (!hasCode(error, "refused")) throw error;
    return { upload: { ...upload, outcome: "refused", answer: error.message }, seconds: seconds() };
  }
  const scanned = await bob.readScanned(url, key);
  const took = seconds();
  const direct = decided(await bob.read(url));
  return { upload, direct, scanned: scanned && decided(scanned), seconds: took };
}

const refused = (attempt: Attempt | undefined): boolean => attempt?.outcome === "refused";
/** Bob does not get it the way a client of this product reads files. */
const blocked = ({ upload, direct, scanned }: Fate): boolean => refused(upload) || refused(scanned ?? direct);

function howBlocked({ upload, direct, scanned }: Fate): string {
  if (refused(upload)) return `the server took no such file: ${upload.answer.slice(0, 200)}`;
  if (scanned === undefined) return "no scanner that a client could ask; the server decides alone";
  const past = refused(direct) ? "refuses it too" : "gives it out all the same";
  return `the scanner: ${withoutVirus(scanned.answer).slice(0, 120)}; a client that does not ask the scanner: the server ${past}`;
}

async function openScene(ctx: ScenarioContext, files: FileProbes): Promise<Scene | undefined> {
  const [server] = ctx.servers;
  if (server === undefined) return undefined;
  const alice = await ctx.open(await ctx.person(server, "alice"));
  const bob = await ctx.person(server, "bob");
  if (!hasUploads(alice))
    throw new HarnessError("harness-fault", "expected a session that can upload, got one that cannot");
  const chat = await alice.openDirect(bob.address);
  return { ctx, alice, bob: await files.reader(server, bob), chat };
}

export const scenario = defineScenario({
  id: "SZ-28",
  title: { de: "Virenprüfung von Dateien", en: "Virus scanning of files" },
  shows: {
    de: "Ob eine Prüfdatei, die jeder Virenscanner kennt, den Empfänger erreicht, unverschlüsselt und verschlüsselt.",
    en: "Whether a test file that every virus scanner knows reaches the recipient, plain and encrypted.",
  },
  area: "operation",
  verifies: ["O-06"],
  measures: [
    "virus-scan.plain-blocked",
    "virus-scan.encrypted-blocked",
    "virus-scan.time-to-block-max",
    "virus-scan.type-or-size-policy",
    "virus-scan.clean-file-passed",
  ],
  protocols: ["matrix", "xmpp"],
  servers: 1,
  shares: "read-only",
  timeBudget: 120,
  async run(ctx) {
    const { files } = ctx.driver().probes;
    if (files === undefined) throw new HarnessError("harness-fault", "expected probes for files, got none");
    const scene = await openScene(ctx, files);
    if (scene === undefined) return;
    const virus = Buffer.from(eicar);
    const minutes = Buffer.from("The minutes of the meeting, without any virus.");
    const sealed = async (plain: Uint8Array): Promise<Fate> => {
      const { bytes, key } = await files.seal(plain);
      return share(scene, bytes, key);
    };

    const clean = await ctx.step("clean files are shared, plain and encrypted", async () => [
      await share(scene, minutes),
      await sealed(minutes),
    ]);
    const passed = !clean.some(blocked);
    ctx.control("positive", passed, "a clean file reaches the recipient, plain and encrypted");
    const sha256 = createHash("sha256").update(virus).digest("hex");
    ctx.control("negative", sha256 === published, `the test file is the published one: SHA-256 ${sha256}`);

    const plain = await ctx.step("the test file is shared", () => share(scene, virus));
    const encrypted = await ctx.step("the encrypted test file is shared", () => sealed(virus));
    const large = await ctx.step("more than the limit is uploaded", () => scene.bob.uploadBeyondLimit());
    const facts = JSON.stringify({ clean, plain, encrypted, large }, withoutVirusIn, 2);
    await ctx.evidence("virus-scan.json", facts);

    ctx.measure("virus-scan.clean-file-passed", passed);
    ctx.measure("virus-scan.plain-blocked", blocked(plain), { note: howBlocked(plain) });
    ctx.measure("virus-scan.encrypted-blocked", blocked(encrypted), { note: howBlocked(encrypted) });
    const times = [plain, encrypted].filter(blocked).map(({ seconds }) => seconds);
    if (times.length > 0) ctx.measure("virus-scan.time-to-block-max", Math.max(...times), { unit: "s" });
    if (large === undefined) return;
    ctx.measure("virus-scan.type-or-size-policy", refused(decided(large)), {
      note: `${large.what}: ${large.outcome}, ${large.answer.slice(0, 120)}`,
    });
  },
});
