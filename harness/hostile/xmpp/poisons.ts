import { HarnessError } from "../../model/errors.ts";
import type { HostileScene } from "../../model/hostile.ts";
import type { RunningServer } from "../../model/server.ts";
import { TextStream } from "../text-stream.ts";
import { header } from "./stream.ts";

// Malformed and oversized input of another server (incidents XML-BOMB: CVE-2011-1755, CVE-2022-0217, CVE-2026-43507; SMUGGLE:
// CVE-2022-25236; XMPP-CARBON: CVE-2017-5589; XMPP-PUSH: CVE-2016-9928; XMPP-DUP). The server may end the stream it came on; other
// messages have to arrive as before. Where the text of an input names a forged id or sender, its showing at the victim's client
// means that the server handed it on: each client then has to know better.

export interface PoisonScene {
  readonly scene: HostileScene;
  readonly marker: string;
  /** Addresses of a person of the sending authority and of the other one. */
  readonly own: string;
  readonly other: string;
}

export interface Poison {
  readonly what: string;
  /** The first bytes of a connection, before TLS and before any login. */
  readonly early?: true;
  /** The text must not reach the victim's client. */
  readonly trick?: true;
  bytes(scene: PoisonScene): string | Uint8Array;
}

const levels = 9;
const entities = Array.from(
  { length: levels },
  (_, level) => `<!ENTITY e${level + 1} "${`&e${level};`.repeat(10)}">`,
).join("");
/** Ten to the ninth words when expanded ("billion laughs"). */
const bombType = `<!DOCTYPE bomb [<!ENTITY e0 "laugh">${entities}]>`;

const message = ({ own, scene }: PoisonScene, inside: string): string =>
  `<message from='${own}/client' to='${scene.group.id}' type='groupchat'>${inside}</message>`;
const direct = ({ own, scene }: PoisonScene, inside: string): string =>
  `<message from='${own}/client' to='${scene.victim.address}' type='chat'>${inside}</message>`;

/** A message that somebody else is said to have written, as carbons and archives carry it. */
const wrapped = ({ other, marker, scene }: PoisonScene): string =>
  `<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='${other}/phone' to='${scene.victim.address}' type='chat'><body>${marker}</body></message></forwarded>`;

/** `parts` as bytes, numbers as they are: what no encoding allows. */
const bytesOf = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

export const poisons: readonly Poison[] = [
  {
    what: "XML-BOMB: entities that multiply, before TLS",
    early: true,
    bytes: ({ scene }) =>
      `<?xml version='1.0'?>${bombType}${header("x", scene.server.domain).replace(/^<\?xml[^>]*>/, "")}<message><body>&e${levels};</body></message>`,
  },
  {
    what: "XML-BOMB: a header that never ends, before TLS",
    early: true,
    bytes: () => `<?xml version='1.0'?><stream:stream to='${"x".repeat(4 * 1024 * 1024)}`,
  },
  {
    what: "XML-BOMB: a million levels, before TLS",
    early: true,
    bytes: ({ scene }) => header("x", scene.server.domain) + "<a>".repeat(1_000_000),
  },
  {
    what: "XML-BOMB: entities that multiply",
    bytes: (scene) => `${bombType}${message(scene, `<body>${scene.marker}&e${levels};</body>`)}`,
  },
  {
    what: "XML-BOMB: a header with 100,000 attributes, before TLS",
    early: true,
    bytes: ({ scene }) => {
      const attributes = Array.from({ length: 100_000 }, (_, at) => `a${at}=''`).join(" ");
      return header("x", scene.server.domain, ` ${attributes}`);
    },
  },
  {
    what: "XML-BOMB: a stanza of 20 MB, before TLS",
    early: true,
    bytes: ({ scene }) =>
      `${header("x", scene.server.domain)}<message><body>${"x".repeat(20_000_000)}</body></message>`,
  },
  {
    what: "SMUGGLE: invalid UTF-8",
    bytes: (scene) =>
      bytesOf(
        message(scene, `<body>${scene.marker}`).replace("</message>", ""),
        [0xff, 0xfe, 0xc0, 0x80],
        "</body></message>",
      ),
  },
  {
    what: "SMUGGLE: the first of three bytes before a tag",
    trick: true,
    bytes: (scene) =>
      bytesOf(
        `<message from='${scene.own}/client' to='${scene.scene.group.id}' type='groupchat'><body>`,
        [0xe0],
        `</body></message>${message({ ...scene, own: scene.other }, `<body>${scene.marker}</body>`)}`,
      ),
  },
  {
    what: "SMUGGLE: a section that never ends around another one's message",
    trick: true,
    bytes: (scene) =>
      `${message(scene, "<body><![CDATA[</body>")}${message({ ...scene, own: scene.other }, `<body>${scene.marker}</body>`)}`,
  },
  {
    what: "SMUGGLE: a separator inside a namespace",
    bytes: (scene) => message(scene, `<body xmlns='jabber:server|message'>${scene.marker}</body>`),
  },
  { what: "a zero byte by reference", bytes: (scene) => message(scene, `<body>${scene.marker}&#0;</body>`) },
  {
    what: "XMPP-DUP: ids that only the room may give, twice",
    bytes: (scene) => {
      const { group } = scene.scene;
      const ids = `<occupant-id xmlns='urn:xmpp:occupant-id:0' id='${scene.marker}'/><stanza-id xmlns='urn:xmpp:sid:0' by='${group.id}' id='${scene.marker}'/>`;
      return message(scene, `<body>ids</body>${ids}${ids}`);
    },
  },
  {
    what: "XMPP-CARBON: a copy of another one's message (XEP-0280)",
    bytes: (scene) => direct(scene, `<received xmlns='urn:xmpp:carbons:2'>${wrapped(scene)}</received>`),
  },
  {
    what: "XMPP-CARBON: an answer of the archive (XEP-0313)",
    bytes: (scene) => direct(scene, `<result xmlns='urn:xmpp:mam:2' id='1' queryid='b1'>${wrapped(scene)}</result>`),
  },
  {
    what: "XMPP-PUSH: a change of the victim's contacts",
    trick: true,
    bytes: ({ own, scene, marker }) =>
      `<iq type='set' id='push' from='${own}/client' to='${scene.victim.address}'><query xmlns='jabber:iq:roster'><item jid='${marker}@${scene.server.domain}' subscription='both'/></query></iq>`,
  },
];

const answerMs = 2_000;

/** The first bytes of a new connection, and what the server says to them. */
export async function sayFirst(server: RunningServer, data: string | Uint8Array): Promise<string> {
  const endpoint = server.endpoint("xmpp-server");
  if (endpoint === undefined || endpoint.port === 0) {
    throw new HarnessError("lab-fault", `expected ${server.domain} to have a port for other servers, got none`);
  }
  const stream = await TextStream.connect(endpoint.host, endpoint.port);
  try {
    stream.write(data);
    const { ending, text } = await stream.hear(/<\/stream:error>|<\/stream:stream>/, answerMs);
    return text === "" ? `no answer (${ending})` : text;
  } finally {
    stream.close();
  }
}
