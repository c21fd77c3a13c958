import { randomBytes } from "node:crypto";
import type { HostileScene } from "../../model/hostile.ts";
import type { Identity } from "../text-stream.ts";
import type { PeerServer } from "./server.ts";
import { OutgoingStream } from "./stream.ts";

// What a hostile server can claim about where a stanza comes from (RFC 6120 4.7.1 and 8.1.2, XEP-0220; catalogue F-09, incidents
// S2S-SPOOF: CVE-2016-0756, CVE-2016-1232, CVE-2021-32919). Each trick carries its own text: who sees it was deceived.

export interface Forger {
  readonly own: string;
  /** The authority it pretends to be. */
  readonly other: string;
  /** What it shows in TLS when it speaks as this domain. */
  identityFor(domain: string): Identity;
  readonly server: PeerServer;
}

interface Trick {
  readonly what: string;
  run(forger: Forger, scene: HostileScene, marker: string): Promise<string>;
}

const message = (from: string | undefined, to: string, marker: string, type = "chat"): string =>
  `<message${from === undefined ? "" : ` from='${from}'`} to='${to}' type='${type}' id='${marker}'><body>${marker}</body></message>`;

/** A stream properly authenticated under the forger's own name. */
async function ownStream(forger: Forger, scene: HostileScene): Promise<OutgoingStream> {
  const stream = await OutgoingStream.open(scene.server, {
    from: forger.own,
    identity: forger.identityFor(forger.own),
  });
  await stream.external();
  return stream;
}

/** A stanza with somebody else's address on the own, authenticated stream. */
const foreignFrom = (what: string, stanza: (forger: Forger, scene: HostileScene, marker: string) => string): Trick => ({
  what: `own stream: ${what}`,
  async run(forger, scene, marker) {
    const stream = await ownStream(forger, scene);
    try {
      return await stream.say(stanza(forger, scene, marker));
    } finally {
      stream.close();
    }
  },
});

/** Becoming somebody else before any stanza; the stanza follows in any case. */
const falseStream = (
  what: string,
  open: (forger: Forger) => { readonly from: string; readonly as: string; readonly plain?: boolean },
  authenticate: (stream: OutgoingStream, forger: Forger, scene: HostileScene) => Promise<string>,
): Trick => ({
  what,
  async run(forger, scene, marker) {
    const { from, as, plain } = open(forger);
    const stream = await OutgoingStream.open(scene.server, {
      from,
      identity: forger.identityFor(as),
      ...(plain === undefined ? {} : { plain }),
    });
    try {
      const answer = await authenticate(stream, forger, scene);
      const after = await stream.say(message(`yves@${forger.other}`, scene.victim.address, marker));
      return `${answer}; then ${after}`;
    } finally {
      stream.close();
    }
  },
});

const key = (): string => randomBytes(32).toString("hex");
const victim = ({ victim: { address } }: HostileScene): string => address;
const nickIn = (scene: HostileScene, person: string): string => `${scene.group.id}/${person}`;

const tricks: readonly Trick[] = [
  foreignFrom("message of a person of another authority", (forger, scene, marker) =>
    message(`yves@${forger.other}`, victim(scene), marker),
  ),
  foreignFrom("message of another authority's server", (forger, scene, marker) =>
    message(forger.other, victim(scene), marker),
  ),
  foreignFrom("message into the group as a member of another authority", (forger, scene, marker) =>
    message(`yves@${forger.other}/client`, scene.group.id, marker, "groupchat"),
  ),
  foreignFrom(
    "contact request of a person of another authority",
    (forger, scene, marker) =>
      `<presence from='yves@${forger.other}' to='${victim(scene)}' type='subscribe'><status>${marker}</status></presence>`,
  ),
  foreignFrom("message of a colleague of the victim", (_forger, scene, marker) =>
    message(`colleague@${scene.server.domain}`, victim(scene), marker),
  ),
  foreignFrom("message of the victim's own server", (_forger, scene, marker) =>
    message(scene.server.domain, victim(scene), marker, "headline"),
  ),
  foreignFrom("message of the victim to itself", (_forger, scene, marker) =>
    message(victim(scene), victim(scene), marker),
  ),
  foreignFrom("message into the group as the victim", (_forger, scene, marker) =>
    message(`${victim(scene)}/client`, scene.group.id, marker, "groupchat"),
  ),
  foreignFrom("message of the group itself, past the group", (_forger, scene, marker) =>
    message(nickIn(scene, victim(scene)), victim(scene), marker, "groupchat"),
  ),
  foreignFrom("message of a name below the own one, not in the certificate", (forger, scene, marker) =>
    message(`mallory@sub.${forger.own}`, victim(scene), marker),
  ),
  foreignFrom("message of a name that ends like the own one", (forger, scene, marker) =>
    message(`mallory@evil${forger.own}`, victim(scene), marker),
  ),
  foreignFrom("message of the parent domain", (forger, scene, marker) =>
    message(`mallory@${forger.own.split(".").slice(1).join(".")}`, victim(scene), marker),
  ),
  foreignFrom("message without a sender", (_forger, scene, marker) => message(undefined, victim(scene), marker)),
  falseStream(
    "stream as the other authority, not authenticated",
    ({ own, other }) => ({ from: other, as: own }),
    async (stream) => stream.features.slice(-300),
  ),
  falseStream(
    "stream as the other authority without TLS",
    ({ own, other }) => ({ from: other, as: own, plain: true }),
    async (stream) => stream.features.slice(-300),
  ),
  falseStream(
    "SASL EXTERNAL as the other authority, own certificate",
    ({ other }) => ({ from: other, as: other }),
    async (stream) => (await stream.external()).answer,
  ),
  falseStream(
    "SASL EXTERNAL with the other authority's name on the own stream",
    ({ own, other }) => ({ from: own, as: other }),
    async (stream, { other }) => (await stream.external(other)).answer,
  ),
  falseStream(
    "dialback as the other authority with a made-up key",
    ({ own, other }) => ({ from: other, as: own }),
    async (stream, { other }) => (await stream.dialback(other, key())).answer,
  ),
  falseStream(
    "dialback as the other authority with the key of another stream",
    ({ own, other }) => ({ from: other, as: own }),
    async (stream, { other, server }) => {
      const used = key();
      server.vouchFor(`not-${stream.id}`, used);
      return (await stream.dialback(other, used)).answer;
    },
  ),
  falseStream(
    "dialback as the other authority on the own, authenticated stream",
    ({ own }) => ({ from: own, as: own }),
    async (stream, { other }) => {
      await stream.external();
      return (await stream.dialback(other, key())).answer;
    },
  ),
];

/** The first `count` tricks, in turn. */
export async function forgeOrigins(
  forger: Forger,
  scene: HostileScene,
  count: number,
): Promise<
  readonly { readonly what: string; readonly answer: string; readonly tookMs: number; readonly marker: string }[]
> {
  const done = [];
  for (let index = 0; index < count; index += 1) {
    const trick = tricks[index % tricks.length];
    if (trick === undefined) continue;
    const marker = scene.marker("forged");
    const started = performance.now();
    const answer = await trick.run(forger, scene, marker);
    done.push({ what: trick.what, answer: answer.slice(-2_000), tookMs: performance.now() - started, marker });
  }
  return done;
}
