import { HarnessError } from "../../model/errors.ts";
import type { StrangerAnswer } from "../../model/hostile.ts";
import type { RunningServer } from "../../model/server.ts";
import type { PeerServer } from "./server.ts";
import type { OutgoingStream } from "./stream.ts";

// Everything a stranger's server may ask about a person and about a server (F-12). Answers come on a stream that the asked
// server opens to the stand-in.

const answerMs = 5_000;

interface Question {
  readonly what: string;
  /** Whom: the person, the server, or a name without an account. */
  readonly whom: "person" | "server" | "unknown";
  readonly payload: string;
  /** Facts in an answer besides the planted ones: name and how to see it. */
  readonly shows?: readonly (readonly [field: string, seen: RegExp])[];
}

const pubsub = (node: string): string =>
  `<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='${node}'/></pubsub>`;
const disco = (kind: "info" | "items"): string => `<query xmlns='http://jabber.org/protocol/disco#${kind}'/>`;

const questions: readonly Question[] = [
  {
    what: "vCard (XEP-0054)",
    whom: "person",
    payload: "<vCard xmlns='vcard-temp'/>",
    shows: [["picture", /<PHOTO>/]],
  },
  { what: "vCard of an unknown name", whom: "unknown", payload: "<vCard xmlns='vcard-temp'/>" },
  { what: "vCard (XEP-0292)", whom: "person", payload: pubsub("urn:xmpp:vcard4") },
  { what: "nickname (XEP-0172)", whom: "person", payload: pubsub("http://jabber.org/protocol/nick") },
  {
    what: "picture (XEP-0084)",
    whom: "person",
    payload: pubsub("urn:xmpp:avatar:metadata"),
    shows: [["picture", /<metadata\b/]],
  },
  {
    what: "bookmarks (XEP-0402)",
    whom: "person",
    payload: pubsub("urn:xmpp:bookmarks:1"),
    shows: [["groups", /<conference\b/]],
  },
  {
    what: "devices (OMEMO)",
    whom: "person",
    payload: pubsub("eu.siacs.conversations.axolotl.devicelist"),
    shows: [["devices", /<device\b/]],
  },
  {
    what: "contacts (RFC 6121)",
    whom: "person",
    payload: "<query xmlns='jabber:iq:roster'/>",
    shows: [["contacts", /<item\b/]],
  },
  {
    what: "last activity (XEP-0012)",
    whom: "person",
    payload: "<query xmlns='jabber:iq:last'/>",
    shows: [["last activity", /seconds=/]],
  },
  { what: "features of the account (XEP-0030)", whom: "person", payload: disco("info") },
  {
    what: "devices online (XEP-0030)",
    whom: "person",
    payload: disco("items"),
    shows: [["devices online", /<item\b[^<>]*jid=['"][^'"]*\//]],
  },
  {
    what: "software version (XEP-0092)",
    whom: "server",
    payload: "<query xmlns='jabber:iq:version'/>",
    shows: [["software version", /<version>[^<]+</]],
  },
  {
    what: "uptime (XEP-0012)",
    whom: "server",
    payload: "<query xmlns='jabber:iq:last'/>",
    shows: [["uptime of the server", /seconds=/]],
  },
  {
    what: "clock (XEP-0202)",
    whom: "server",
    payload: "<time xmlns='urn:xmpp:time'/>",
    shows: [["time zone of the server", /<tzo>/]],
  },
  {
    what: "accounts (XEP-0133)",
    whom: "server",
    payload:
      "<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/admin#get-registered-users-num' action='execute'/>",
    shows: [["number of accounts", /status=['"](?:executing|completed)['"]/]],
  },
  {
    what: "statistics (XEP-0039)",
    whom: "server",
    payload: "<query xmlns='http://jabber.org/protocol/stats'/>",
    shows: [["statistics", /<stat\b/]],
  },
  {
    what: "directory of people (XEP-0055)",
    whom: "server",
    payload: "<query xmlns='jabber:iq:search'/>",
    shows: [["directory of people", /<instructions>|<item\b/]],
  },
];

/** The answer without what differs by itself: name and ids. */
const shapeOf = (answer: string, name: string): string =>
  answer.replaceAll(name, "<name>").replaceAll(/\b(?:id|from|to)=(?:'[^']*'|"[^"]*")/g, "");

/**
 * Asks one after the other. A refusal is an answer; silence counts as nothing learnt, but if no question at all is answered the
 * way back is broken: that throws `lab-fault`.
 */
export async function askEverything(
  stream: OutgoingStream,
  peer: PeerServer,
  asker: string,
  server: RunningServer,
  facts: { readonly person: string; readonly planted: Readonly<Record<string, string>>; readonly unknown: string },
): Promise<readonly StrangerAnswer[]> {
  const answers: StrangerAnswer[] = [];
  const shapes = new Map<string, string>();
  for (const { what, whom, payload, shows = [] } of questions) {
    const to = { person: facts.person, server: server.domain, unknown: `${facts.unknown}@${server.domain}` }[whom];
    const id = crypto.randomUUID();
    const started = performance.now();
    const said = await stream.say(`<iq type='get' id='${id}' from='${asker}/ask' to='${to}'>${payload}</iq>`, 1);
    const pattern = new RegExp(`<iq\\b[^<>]*\\sid=['"]${id}['"][^<>]*?(/>|>(?:(?!<iq\\b)[\\s\\S])*?</iq>)`);
    const answer = (await peer.hear(pattern, answerMs)) ?? "";
    const result = /<iq\b[^<>]*\stype=['"]result['"]/.test(answer);
    const fields = result
      ? [
          ...Object.entries(facts.planted).flatMap(([name, value]) => (answer.includes(value) ? [name] : [])),
          ...shows.flatMap(([field, seen]) => (seen.test(answer) ? [field] : [])),
        ]
      : [];
    if (what.startsWith("vCard of an") || what === "vCard (XEP-0054)") shapes.set(whom, shapeOf(answer, to));
    const words = answer === "" ? `no answer; the stream said: ${said}` : answer;
    answers.push({
      what,
      outcome: result ? "accepted" : "refused",
      answer: words.slice(0, 2_000),
      tookMs: performance.now() - started,
      fields,
    });
  }
  if (answers.every(({ answer }) => answer.startsWith("no answer"))) {
    throw new HarnessError("lab-fault", `expected ${server.domain} to answer a stranger's questions, got nothing`);
  }
  return [...answers, existence(shapes), await probePresence(stream, peer, asker, facts.person)];
}

/** An unknown name and a known one answered differently tell which accounts there are. */
function existence(shapes: ReadonlyMap<string, string>): StrangerAnswer {
  const told = shapes.get("person") !== shapes.get("unknown");
  return {
    what: "whether an account exists (answers to the same question about a known and an unknown name)",
    outcome: told ? "accepted" : "refused",
    answer: told
      ? `known: ${shapes.get("person")}; unknown: ${shapes.get("unknown")}`.slice(0, 2_000)
      : "no difference",
    tookMs: 0,
    fields: told ? ["existence of the account"] : [],
  };
}

/** RFC 6121 4.3: a probe of somebody without a subscription must tell nothing. */
async function probePresence(
  stream: OutgoingStream,
  peer: PeerServer,
  asker: string,
  person: string,
): Promise<StrangerAnswer> {
  const started = performance.now();
  await stream.say(`<presence type='probe' from='${asker}' to='${person}'/>`, 1);
  const pattern = new RegExp(`<presence\\b[^<>]*\\sfrom=['"]${person}/[^<>]*>`);
  const answer = await peer.hear(pattern, 2_000);
  const told = answer !== undefined && !/type=['"](?:unsubscribed|error|unavailable)['"]/.test(answer);
  return {
    what: "presence probe (RFC 6121)",
    outcome: told ? "accepted" : "refused",
    answer: answer ?? "no presence",
    tookMs: performance.now() - started,
    fields: told ? ["presence"] : [],
  };
}
