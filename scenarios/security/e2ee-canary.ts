import { HarnessError, hasCode } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { RunningServer, SearchHit, SearchResult } from "../../harness/model/server.ts";
import {
  hasEncryption,
  hasScreenshot,
  hasSecrets,
  hasTraffic,
  hasUploads,
  type Conversation,
  type Session,
  type WithEncryption,
} from "../../harness/model/session.ts";

// Twenty encrypted texts and a file carry canaries; then every store of the server is searched for them. The same search must
// find a plaintext control message, or it proves nothing. Logs are searched for content and secrets at both log levels.
// APP.5.4.A14, CON.1.A1; catalogue E-01, E-03, D-12.

const messages = 20;

type EncryptingSession = Session & WithEncryption;

async function openPair(
  ctx: ScenarioContext,
  server: RunningServer,
): Promise<readonly [EncryptingSession, EncryptingSession]> {
  const sessions = await Promise.all(
    [ctx.person(server, "alice"), ctx.person(server, "bob")].map(async (person) => ctx.openEncrypting(await person)),
  );
  const [alice, bob] = sessions;
  if (alice === undefined || bob === undefined || !hasEncryption(alice) || !hasEncryption(bob)) {
    throw new HarnessError("harness-fault", "expected sessions that can encrypt, got ones that cannot");
  }
  return [alice, bob];
}

/**
 * Sends texts in turn and counts those that the other side decrypted. In turn, because ten in a row is what shipped rate
 * limits allow one person (Synapse: rc_message 0.2/s, burst 10).
 */
async function exchangeTexts(
  alice: EncryptingSession,
  bob: EncryptingSession,
  chat: Conversation,
  canary: string,
): Promise<number> {
  let decrypted = 0;
  for (let index = 0; index < messages; index += 1) {
    const [from, to] = index % 2 === 0 ? [alice, bob] : [bob, alice];
    const text = `${canary} message ${index}`;
    await from.sendEncrypted(chat, text);
    const deadline = { what: `encrypted message ${index + 1} of ${messages} at ${to.address}`, withinMs: 20_000 };
    // The one that came encrypted: a client that leaks may send the same text in the clear beside it.
    await to.received((one) => one.text === text && one.encrypted, deadline);
    decrypted += 1;
  }
  return decrypted;
}

const utf8 = new TextEncoder();

function fileWith(canary: string): Uint8Array {
  // Long enough that a thumbnail or a preview would hold the canary too.
  return utf8.encode(`${canary}\n`.repeat(64));
}

async function exchangeFile(
  alice: EncryptingSession,
  bob: Session,
  chat: Conversation,
  canary: string,
): Promise<boolean> {
  const bytes = fileWith(canary);
  await alice.sendEncryptedFile(chat, "report.txt", bytes);
  const message = await bob.received((one) => one.attachment !== undefined, {
    what: "the encrypted file at bob",
    withinMs: 30_000,
  });
  const arrived = await message.attachment?.bytes();
  return arrived !== undefined && Buffer.from(arrived).equals(Buffer.from(bytes));
}

/** undefined: the server takes no files at all; the client looked for its upload service and found none. */
async function exchangeFileIfPossible(...args: Parameters<typeof exchangeFile>): Promise<boolean | undefined> {
  try {
    return await exchangeFile(...args);
  } catch (error) {
    if (hasCode(error, "unsupported")) return undefined;
    throw error;
  }
}

/** The control: the same kinds of content without encryption, to a person who is online and to one who never was. */
async function sendControls(
  ctx: ScenarioContext,
  server: RunningServer,
  text: string,
  fileCanary: string | undefined,
): Promise<Session> {
  const carol = await ctx.open(await ctx.person(server, "carol"));
  const dave = await ctx.open(await ctx.person(server, "dave"));
  const erin = await ctx.person(server, "erin");
  const chat = await carol.openDirect(dave.address);
  await dave.join(chat, { what: "dave to be in the control chat", withinMs: 20_000 });
  await carol.send(chat, `${text} plain`);
  await dave.received((message) => message.text.includes(text), {
    what: "the plaintext control message",
    withinMs: 20_000,
  });
  const offline = await carol.openDirect(erin.address);
  await carol.send(offline, `${text} plain, to somebody offline`);
  if (fileCanary === undefined) return carol;
  if (!hasUploads(carol))
    throw new HarnessError("harness-fault", "expected a session that can upload, got one that cannot");
  await carol.sendFile(chat, "control.txt", fileWith(fileCanary));
  return carol;
}

const hitsOf = (result: SearchResult, needle: string, holds?: SearchHit["holds"]): readonly SearchHit[] =>
  result.hits.filter((hit) => hit.needle === needle && (holds === undefined || hit.holds === holds));

function measureFile(ctx: ScenarioContext, decrypted: boolean | undefined, stores: SearchResult): void {
  if (decrypted === undefined) {
    const lack = "this configuration of the server takes no files";
    for (const id of ["recipient-decrypts", "canary-hits", "control-hits"]) ctx.missing(`e2ee.file.${id}`, lack);
    return;
  }
  ctx.measure("e2ee.file.recipient-decrypts", decrypted);
  ctx.measure("e2ee.file.canary-hits", hitsOf(stores, "canaryFile").length);
  ctx.measure("e2ee.file.control-hits", hitsOf(stores, "controlFile").length);
}

/** What the client put on the wire and on the screen, where the driver can tell. */
async function keepClientEvidence(ctx: ScenarioContext, session: Session, name: string): Promise<void> {
  if (hasTraffic(session)) await ctx.evidence(`traffic-${name}.json`, JSON.stringify(session.traffic(), null, 2));
  if (hasScreenshot(session)) await ctx.evidence(`screen-${name}.png`, await session.screenshot());
}

/** Content and secrets that must never be in a log. */
async function secretsOf(sessions: readonly Session[]): Promise<Readonly<Record<string, string>>> {
  const entries = sessions.flatMap((session) => [
    [`password of ${session.person.name}`, session.person.password] as const,
    ...(hasSecrets(session)
      ? Object.entries(session.secrets()).map(([name, value]) => [`${name} of ${session.person.name}`, value] as const)
      : []),
  ]);
  return Object.fromEntries(entries);
}

export const scenario = defineScenario({
  id: "SZ-05",
  title: {
    de: "Spurensuche nach Ende-zu-Ende-verschlüsselten Inhalten",
    en: "Search for end-to-end encrypted content",
  },
  shows: {
    de: "Ob der Server Inhalte verschlüsselter Nachrichten und Dateien kennt, und ob Protokolle Inhalte oder Geheimnisse enthalten.",
    en: "Whether the server knows the content of encrypted messages and files, and whether logs hold content or secrets.",
  },
  area: "security",
  verifies: ["E-01", "E-03", "D-12"],
  measures: [
    "e2ee.direct.canary-hits",
    "e2ee.direct.control-hits",
    "e2ee.direct.messages-decrypted",
    "e2ee.file.canary-hits",
    "e2ee.file.control-hits",
    "e2ee.file.recipient-decrypts",
    "logs.secret-hits-info",
    "logs.secret-hits-debug",
    "logs.control-hits",
  ],
  protocols: ["matrix", "xmpp", "email"],
  servers: 1,
  shares: "last",
  timeBudget: 240,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    const [alice, bob] = await ctx.step("two clients that encrypt log in", () => openPair(ctx, server));
    const canaries = { text: ctx.random.id("canarytext"), file: ctx.random.id("canaryfile") };
    const controls = { text: ctx.random.id("controltext"), file: ctx.random.id("controlfile") };

    const chat = await ctx.step("an encrypted chat is opened", () => alice.openEncryptedDirect(bob.address));
    await bob.join(chat, { what: "bob to be in the encrypted chat", withinMs: 30_000 });
    const decrypted = await ctx.step("20 encrypted texts", () => exchangeTexts(alice, bob, chat, canaries.text));
    const fileDecrypted = await ctx.step("an encrypted file", () =>
      exchangeFileIfPossible(alice, bob, chat, canaries.file),
    );
    const controlFile = fileDecrypted === undefined ? undefined : controls.file;
    await keepClientEvidence(ctx, alice, "alice");
    const carol = await ctx.step("plaintext controls", () => sendControls(ctx, server, controls.text, controlFile));

    const secrets = await secretsOf([alice, bob, carol]);
    const needles = {
      canaryText: canaries.text,
      canaryFile: canaries.file,
      controlText: controls.text,
      controlFile: controls.file,
    };
    const stores = await ctx.step("search database, files, media and logs", () => server.search(needles));
    await ctx.evidence("search-stores.json", JSON.stringify(stores, null, 2));

    ctx.measure("e2ee.direct.messages-decrypted", decrypted, { total: messages });
    ctx.measure("e2ee.direct.canary-hits", hitsOf(stores, "canaryText").length);
    ctx.measure("e2ee.direct.control-hits", hitsOf(stores, "controlText").length);
    measureFile(ctx, fileDecrypted, stores);

    // The file's content is not searched in logs under its own name: one needle for content is enough there.
    const logNeedles = { ...needles, ...secrets, account: carol.person.name };
    const inLogs = async (
      more: Readonly<Record<string, string>> = {},
    ): Promise<{ result: SearchResult; secret: number; control: number }> => {
      const result = await server.search({ ...logNeedles, ...more }, { holds: ["logs"] });
      return {
        result,
        secret: result.hits.filter((hit) => hit.needle !== "account").length,
        control: hitsOf(result, "account").length,
      };
    };
    const info = await ctx.step("search the logs at the configured level", () => inLogs());
    await ctx.evidence("search-logs-info.json", JSON.stringify(info.result, null, 2));
    ctx.measure("logs.secret-hits-info", info.secret, { note: placesOf(info.result) });
    ctx.measure("logs.control-hits", info.control);
    ctx.control(
      "positive",
      decrypted === messages && fileDecrypted !== false,
      fileDecrypted === undefined ? "texts arrived and were decrypted" : "texts and file arrived and were decrypted",
    );
    ctx.control(
      "negative",
      hitsOf(stores, "controlText").length > 0 &&
        (controlFile === undefined || hitsOf(stores, "controlFile").length > 0),
      "the same search finds plaintext controls",
    );

    const { enableDebugLog } = server.administration;
    if (enableDebugLog === undefined)
      return ctx.missing("logs.secret-hits-debug", "no log level for fault finding is documented");
    // Those who log in now are other people: their passwords are what the raised level may give away.
    const later = await ctx.step("raise the log level and repeat login and message", async () => {
      await enableDebugLog();
      return sendControls(ctx, server, controls.text, controlFile);
    });
    const laterSecrets = await secretsOf([later]);
    const debug = await ctx.step("search the logs at the highest level", () => inLogs(laterSecrets));
    await ctx.evidence("search-logs-debug.json", JSON.stringify(debug.result, null, 2));
    ctx.measure("logs.secret-hits-debug", debug.secret, { note: placesOf(debug.result) });
  },
});

/** Which needles stood where, for the reader; the hits themselves are in the evidence. */
function placesOf(result: SearchResult): string {
  const places = result.hits.filter((hit) => hit.needle !== "account").map((hit) => `${hit.needle} in ${hit.store}`);
  return [...new Set(places)].toSorted().slice(0, 8).join(", ");
}
