import { hasEndToEnd, type WithEndToEnd } from "../../harness/model/end-to-end.ts";
import { HarnessError, hasCode } from "../../harness/model/errors.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { RunningServer, SearchHit } from "../../harness/model/server.ts";
import type { Conversation, Session } from "../../harness/model/session.ts";
import {
  hasSurroundings,
  metadataFields,
  type MetadataField,
  type ServerRecord,
  type ShownSurroundings,
  type WithSurroundings,
} from "../../harness/model/surroundings.ts";

// Twelve things that surround a message are done twice by the same two clients: in plain, then in an encrypted chat. A thing
// is in the clear if it stands readable in what the clients handed to the server or in what the server keeps. The plain half
// is the control: there all twelve have to be found by the same look. BSI paper 2021, 4; GDPR Art. 5(1)(c); catalogue E-11.

type Client = Session & WithEndToEnd & WithSurroundings;

/** Clocks of harness and containers are the same machine's; the server may round. */
const clockSlackMs = 5_000;
const longText = 2_000;

async function openClient(ctx: ScenarioContext, server: RunningServer, role: string): Promise<Client> {
  const person = await ctx.person(server, role);
  await server.administration.exemptFromRateLimits?.([person.name]);
  const session = await ctx.openEncrypting(person);
  if (hasEndToEnd(session) && hasSurroundings(session)) return session;
  throw new HarnessError("harness-fault", "expected a client that does more than send texts, got another");
}

/** Words that occur nowhere else. */
interface Words {
  readonly text: string;
  readonly room: string;
  readonly topic: string;
  readonly picture: string;
  readonly reaction: string;
  readonly file: string;
  readonly type: string;
}

function wordsOf(ctx: ScenarioContext, kind: string, reaction: string): Words {
  const word = (of: string): string => ctx.random.id(`${kind}${of}`);
  return {
    text: word("text"),
    room: word("room"),
    topic: word("topic"),
    picture: word("picture"),
    reaction,
    file: `${word("file")}.txt`,
    type: `application/x-${word("type")}`,
  };
}

/** All that came of one half: what the server was handed, what it keeps, what the other side shows. */
interface Half {
  readonly words: Words;
  readonly encrypted: boolean;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly handedOver: readonly string[];
  /** What was handed over while an answer, and while a mark of reading, was sent. */
  readonly ofReply: readonly string[];
  readonly ofMark: readonly string[];
  readonly answeredId: string;
  readonly short: ServerRecord;
  readonly long: ServerRecord;
  readonly seen: ReadonlySet<MetadataField>;
  /** The server takes no files: nothing can be said about their names. */
  readonly files: boolean;
}

async function say(from: Client, to: Client, chat: Conversation, text: string, encrypted: boolean): Promise<string> {
  const sent = await (encrypted ? from.sendEncrypted(chat, text) : from.send(chat, text));
  await to.received((one) => one.text === text && one.encrypted === encrypted, {
    what: `a text of ${text.length} characters at ${to.address}`,
    withinMs: 30_000,
  });
  return sent.id;
}

/** What `client` handed over while `act` ran. */
async function during(client: Client, act: () => Promise<unknown>): Promise<readonly string[]> {
  // A receipt of the transport for an earlier message must be out of the way.
  await client.ping();
  const before = client.handedOver().length;
  await act();
  return client.handedOver().slice(before);
}

async function sendFile(from: Client, chat: Conversation, words: Words, encrypted: boolean): Promise<boolean> {
  const bytes = Buffer.from("a file whose name and type are looked for\n");
  try {
    await from.sendNamedFile(chat, { name: words.file, type: words.type, bytes }, encrypted);
    return true;
  } catch (error) {
    if (hasCode(error, "unsupported")) return false;
    throw error;
  }
}

/** Which doings of the other side a client shows. */
function seenIn(words: Words, messageId: string, alice: ShownSurroundings, bob: ShownSurroundings): Set<MetadataField> {
  const seen: readonly (readonly [MetadataField, boolean])[] = [
    ["reaction", alice.reactions.includes(words.reaction)],
    ["reply", alice.answered.includes(messageId)],
    ["read-marker", alice.read.includes(messageId)],
    ["file-name", bob.files.some((one) => one.includes(words.file))],
    ["mime-type", bob.files.some((one) => one.includes(words.type))],
  ];
  return new Set(seen.flatMap(([field, yes]) => (yes ? [field] : [])));
}

interface Chats {
  readonly chat: Conversation;
  readonly group: Conversation;
}

async function goThrough(
  ctx: ScenarioContext,
  [alice, bob]: readonly [Client, Client],
  words: Words,
  encrypted: boolean,
  open: () => Promise<Chats>,
): Promise<Half> {
  const startedAt = Date.now();
  const marks = [alice.handedOver().length, bob.handedOver().length] as const;
  const { chat, group } = await open();
  await alice.describe(group, { name: words.room, topic: words.topic });
  await alice.setPicture(Buffer.from(words.picture));
  const shortId = await say(alice, bob, chat, `${words.text} short`, encrypted);
  const longId = await say(alice, bob, chat, `${words.text} ${"long".repeat(longText / 4)}`, encrypted);
  await bob.react(chat, shortId, words.reaction, encrypted);
  const ofReply = await during(bob, () => bob.reply(chat, shortId, `${words.text} answer`, encrypted));
  const ofMark = await during(bob, () => bob.markRead(chat, shortId, encrypted));
  const files = await sendFile(alice, chat, words, encrypted);
  for (const client of [alice, bob]) await client.finishPending();
  const look = async (): Promise<Set<MetadataField>> =>
    seenIn(words, shortId, await alice.shown(chat), await bob.shown(chat));
  const wanted: readonly MetadataField[] = [
    "reaction",
    "reply",
    "read-marker",
    ...(files ? ["file-name" as const] : []),
  ];
  // What a client never shows is a result: such a field is not counted as encrypted.
  await ctx
    .until({ what: "both clients to show what the other did", withinMs: 15_000 }, async () => {
      const seen = await look();
      return wanted.every((field) => seen.has(field)) || undefined;
    })
    .catch((error: unknown) => {
      if (!hasCode(error, "deadline")) throw error;
    });
  return {
    words,
    encrypted,
    startedAt,
    answeredId: shortId,
    ofReply,
    ofMark,
    files,
    seen: await look(),
    short: await bob.recordOf(chat, shortId),
    long: await bob.recordOf(chat, longId),
    handedOver: [...alice.handedOver().slice(marks[0]), ...bob.handedOver().slice(marks[1])],
    endedAt: Date.now(),
  };
}

type Needles = Readonly<Partial<Record<MetadataField, string>>>;

const needlesOf = ({ room, topic, picture, reaction, file, type }: Words): Needles => ({
  "room-name": room,
  topic,
  avatar: picture,
  reaction,
  "file-name": file,
  "mime-type": type,
});

/** The place in the first text that holds the needle, with a little around it; undefined if none does. */
function excerptOf(texts: readonly string[], needle: string): string | undefined {
  for (const form of [needle, Buffer.from(needle).toString("base64")]) {
    const text = texts.find((one) => one.includes(form));
    const at = text?.indexOf(form) ?? 0;
    if (text !== undefined) return `handed over: …${text.slice(Math.max(0, at - 100), at + form.length + 40)}…`;
  }
  return undefined;
}

/** Where each field stands readable; a field that is nowhere is left out. */
function placesOf(half: Half, people: readonly Client[], stored: readonly SearchHit[]): Map<MetadataField, string> {
  const places = new Map<MetadataField, string>();
  const put = (field: MetadataField, place: string | false | undefined): void => {
    if (place !== undefined && place !== false && !places.has(field)) places.set(field, place);
  };
  const [alice, bob] = people as readonly [Client, Client];
  put("sender", half.short.raw.includes(alice.address) && "record of the message");
  put("recipients", excerptOf(half.handedOver, bob.address));
  const { at } = half.short;
  const inTime = at !== undefined && at >= half.startedAt - clockSlackMs && at <= half.endedAt + clockSlackMs;
  put("time", inTime && "record of the message");
  put("size", half.long.raw.length - half.short.raw.length > longText / 2 && "length of the record");
  for (const [field, needle] of Object.entries(needlesOf(half.words)) as [MetadataField, string][]) {
    put(field, excerptOf(half.handedOver, needle));
    const hit = stored.find((one) => one.needle === `${half.encrypted ? "sealed" : "plain"} ${field}`);
    put(field, hit && `store ${hit.store}`);
  }
  put("reply", excerptOf(half.ofReply, half.answeredId));
  put("read-marker", excerptOf(half.ofMark, half.answeredId));
  return places;
}

/** A reaction is so short that its bytes in another coding may occur by chance. */
const certain = ({ needle, encoding }: SearchHit): boolean =>
  !needle.endsWith(" reaction") || encoding === "plain" || encoding === "json";

const fileFields: readonly MetadataField[] = ["file-name", "mime-type"];
/** What arrives with the text itself; a chat without them would not have carried it. */
const ofTheText: readonly MetadataField[] = ["sender", "recipients", "time", "size"];

export const scenario = defineScenario({
  id: "SZ-33",
  title: { de: "Metadaten verschlüsselter Chats", en: "Metadata of encrypted chats" },
  shows: {
    de: "Welche von zwölf Angaben um eine verschlüsselte Nachricht herum der Server lesen kann.",
    en: "Which of twelve things around an encrypted message the server can read.",
  },
  area: "security",
  verifies: ["E-11"],
  measures: ["metadata.fields-encrypted"],
  protocols: ["matrix", "xmpp"],
  servers: 1,
  inDepth: true,
  timeBudget: 300,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    const pair = await ctx.step("two clients that encrypt log in", async () => {
      const [alice, bob] = await Promise.all([openClient(ctx, server, "alice"), openClient(ctx, server, "bob")]);
      // Twice: whoever allows before being asked may not be heard (RFC 6121, 3.4, is optional).
      for (const [one, other] of [
        [alice, bob],
        [bob, alice],
        [alice, bob],
      ] as const)
        await one.befriend(other.address);
      return [alice, bob] as const;
    });
    const [alice, bob] = pair;
    const joined = async (chat: Conversation): Promise<Conversation> => {
      await bob.join(chat, { what: "bob to be in the chat", withinMs: 30_000 });
      return chat;
    };
    const plain = await ctx.step("everything once in plain", () =>
      goThrough(ctx, pair, wordsOf(ctx, "plain", "🦤"), false, async () => ({
        chat: await joined(await alice.openDirect(bob.address)),
        group: await alice.createGroup(ctx.random.id("group")),
      })),
    );
    const sealed = await ctx.step("the same in an encrypted chat and group", () =>
      goThrough(ctx, pair, wordsOf(ctx, "sealed", "🪸"), true, async () => {
        const chat = await joined(await alice.openEncryptedDirect(bob.address));
        const hello = ctx.random.id("hello");
        // Both have written once, so that both treat the chat as encrypted.
        await say(bob, alice, chat, hello, true);
        return { chat, group: await alice.createEncryptedGroup(ctx.random.id("group")) };
      }),
    );
    const needles = Object.fromEntries(
      [plain, sealed].flatMap((half) =>
        Object.entries(needlesOf(half.words)).map(([field, word]) => [
          `${half.encrypted ? "sealed" : "plain"} ${field}`,
          word,
        ]),
      ),
    );
    const stores = await ctx.step("search database, files and media", () =>
      server.search(needles, { holds: ["database", "files", "media"] }),
    );
    const hits = stores.hits.filter(certain);
    const [inPlain, inSealed] = [placesOf(plain, pair, hits), placesOf(sealed, pair, hits)];
    const hidden = metadataFields.filter((field) => !inSealed.has(field));
    const encrypted = hidden.filter((field) => ofTheText.includes(field) || sealed.seen.has(field));
    await ctx.evidence(
      "metadata.json",
      JSON.stringify(
        metadataFields.map((field) => ({
          field,
          inPlainChat: inPlain.get(field) ?? "nowhere",
          inEncryptedChat: inSealed.get(field) ?? "nowhere",
          shownToTheOther: ofTheText.includes(field) || sealed.seen.has(field),
        })),
        null,
        2,
      ),
    );
    const unused = hidden.filter((field) => !encrypted.includes(field));
    ctx.measure("metadata.fields-encrypted", encrypted.length, {
      total: metadataFields.length,
      note: `${encrypted.join(", ") || "none"}${unused.length === 0 ? "" : `; not carried over: ${unused.join(", ")}`}`,
    });
    const missed = metadataFields.filter(
      (field) => !inPlain.has(field) && (plain.files || !fileFields.includes(field)),
    );
    ctx.control(
      "positive",
      ["reaction", "reply", "read-marker"].every((field) => plain.seen.has(field as MetadataField)),
      `in the plain chat the other side shows: ${[...plain.seen].join(", ")}`,
    );
    ctx.control(
      "negative",
      missed.length === 0,
      missed.length === 0 ? "the same look finds every field of the plain chat" : `not found: ${missed.join(", ")}`,
    );
  },
});
