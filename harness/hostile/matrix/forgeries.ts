import { randomBytes } from "node:crypto";
import type { HostileScene } from "../../model/hostile.ts";
import { authorization, createSigningKey, signEvent, withHash, type Json } from "./events.ts";
import {
  call,
  draft,
  finish,
  sendPath,
  shown,
  textMessage,
  transaction,
  type Caller,
  type JoinedRoom,
  type Request,
} from "./federation.ts";

// What a hostile homeserver can claim about who asks and who wrote (server-server specification, "Request authentication" and
// "Checks performed on receipt of a PDU"; catalogue F-09, incidents FED-SIG). Forged requests carry a to-device message, which
// nothing but the request authenticates; forged events carry a text in a room that both members are in.

export interface Forger {
  readonly own: Caller;
  /** The authority it pretends to be; its key is the attacker's own, unless a control hands out the true one. */
  readonly other: { readonly domain: string; readonly person: string; readonly room: JoinedRoom };
  readonly keyForOther: Caller["key"];
  readonly person: string;
  readonly room: JoinedRoom;
}

interface Trick {
  readonly what: string;
  run(forger: Forger, scene: HostileScene, marker: string): Promise<string>;
}

const toDevice = (sender: string, scene: HostileScene, marker: string): Json => ({
  edu_type: "m.direct_to_device",
  content: {
    sender,
    type: "test.pruefstand.note",
    message_id: randomBytes(8).toString("hex"),
    messages: { [scene.victim.address]: { "*": { note: marker } } },
  },
});

/** A transaction that claims to come from the other authority, with a request that is wrong in one way. */
const forgedRequest = (
  what: string,
  wrong: (forger: Forger, scene: HostileScene, uri: string, content: Json) => Partial<Request>,
): Trick => ({
  what: `request: ${what}`,
  async run(forger, scene, marker) {
    const uri = sendPath();
    const content = transaction(forger.other.domain, [], [toDevice(forger.other.person, scene, marker)]);
    const request = { method: "PUT", uri, content, ...wrong(forger, scene, uri, content) };
    return shown(await call(scene.server, forger.own, request));
  },
});

const signed = (
  { key }: { readonly key: Caller["key"] },
  origin: string,
  destination: string,
  uri: string,
  content: unknown,
  method = "PUT",
): string => authorization(key, { method, uri, origin, destination, content });

/** An event inside a proper transaction of the attacker. */
const forgedEvent = (what: string, make: (forger: Forger, scene: HostileScene, marker: string) => Json): Trick => ({
  what: `event: ${what}`,
  async run(forger, scene, marker) {
    const content = transaction(forger.own.domain, [make(forger, scene, marker)]);
    return shown(await call(scene.server, forger.own, { method: "PUT", uri: sendPath(), content }));
  },
});

const asOther = (forger: Forger, marker: string): Json =>
  draft(forger.other.room, forger.other.person, "m.room.message", textMessage(marker));
const asSelf = (forger: Forger, marker: string): Json =>
  draft(forger.room, forger.person, "m.room.message", textMessage(marker));

const tricks: readonly Trick[] = [
  forgedRequest(
    "signed with a key the other authority does not publish",
    ({ other, keyForOther }, scene, uri, content) => ({
      authorization: signed({ key: keyForOther }, other.domain, scene.server.domain, uri, content),
    }),
  ),
  forgedRequest("signed with an unknown key", ({ other }, scene, uri, content) => ({
    authorization: signed({ key: createSigningKey("other") }, other.domain, scene.server.domain, uri, content),
  })),
  forgedRequest("random bytes as signature", ({ other, own }, scene) => ({
    authorization: `X-Matrix origin="${other.domain}",destination="${scene.server.domain}",key="${own.key.id}",sig="${randomBytes(64).toString("base64").replaceAll("=", "")}"`,
  })),
  forgedRequest("without a signature", ({ other, own }, scene) => ({
    authorization: `X-Matrix origin="${other.domain}",destination="${scene.server.domain}",key="${own.key.id}",sig=""`,
  })),
  forgedRequest("without authorisation", () => ({ authorization: "" })),
  forgedRequest("signed for another path", ({ other, keyForOther }, scene, _uri, content) => ({
    authorization: signed({ key: keyForOther }, other.domain, scene.server.domain, sendPath(), content),
  })),
  forgedRequest("two headers, the other authority's unsigned", ({ own, other }, scene, uri, content) => ({
    authorization: `${signed(own, own.domain, scene.server.domain, uri, content)}, X-Matrix origin="${other.domain}",key="${own.key.id}",sig=""`,
  })),
  {
    what: "request: own signature for another receiver",
    async run({ own, person }, scene, marker) {
      const uri = sendPath();
      const content = transaction(own.domain, [], [toDevice(person, scene, marker)]);
      const header = signed(own, own.domain, "elsewhere.pruefstand.test", uri, content);
      return shown(await call(scene.server, own, { method: "PUT", uri, content, authorization: header }));
    },
  },
  {
    what: "request: body changed after signing",
    async run({ own, person }, scene, marker) {
      const uri = sendPath();
      const content = transaction(own.domain, [], [toDevice(person, scene, "unchanged")]);
      const body = JSON.stringify(content).replace('"unchanged"', JSON.stringify(marker));
      return shown(await call(scene.server, own, { method: "PUT", uri, content, body }));
    },
  },
  {
    what: "request: own signature, body of the other authority",
    async run({ own, other }, scene, marker) {
      const content = transaction(other.domain, [], [toDevice(other.person, scene, marker)]);
      return shown(await call(scene.server, own, { method: "PUT", uri: sendPath(), content }));
    },
  },
  {
    what: "note to a device in the name of a person of another authority",
    async run({ own, other }, scene, marker) {
      const content = transaction(own.domain, [], [toDevice(other.person, scene, marker)]);
      return shown(await call(scene.server, own, { method: "PUT", uri: sendPath(), content }));
    },
  },
  {
    what: "note to a device in the name of the victim",
    async run({ own }, scene, marker) {
      const content = transaction(own.domain, [], [toDevice(scene.victim.address, scene, marker)]);
      return shown(await call(scene.server, own, { method: "PUT", uri: sendPath(), content }));
    },
  },
  {
    what: "typing in the name of a person of another authority",
    async run({ own, other }, scene, marker) {
      const edu = {
        edu_type: "m.typing",
        content: { room_id: scene.group.id, user_id: `@${marker}:${other.domain}`, typing: true },
      };
      const content = transaction(own.domain, [], [edu]);
      return shown(await call(scene.server, own, { method: "PUT", uri: sendPath(), content }));
    },
  },
  forgedEvent("of another authority's member, signed by the attacker alone", (forger, _scene, marker) =>
    finish(asOther(forger, marker), forger.own, forger.other.room.version),
  ),
  forgedEvent("of another authority's member, signed in its name with the attacker's key", (forger, _scene, marker) =>
    finish(
      asOther(forger, marker),
      { domain: forger.other.domain, key: forger.keyForOther },
      forger.other.room.version,
    ),
  ),
  forgedEvent("of the victim, signed by the attacker", (forger, scene, marker) =>
    finish(
      draft(forger.room, scene.victim.address, "m.room.message", textMessage(marker)),
      forger.own,
      forger.room.version,
    ),
  ),
  forgedEvent("without a signature", (forger, _scene, marker) => withHash(asSelf(forger, marker))),
  forgedEvent("with a signature over another text", (forger, _scene, marker) => {
    const genuine = finish(asSelf(forger, "unchanged"), forger.own, forger.room.version);
    return { ...genuine, content: textMessage(marker) };
  }),
  forgedEvent("with a key the server does not publish", (forger, _scene, marker) =>
    finish(asSelf(forger, marker), { domain: forger.own.domain, key: createSigningKey("other") }, forger.room.version),
  ),
  {
    what: "invitation in the name of a person of another authority",
    async run({ own, other }, scene, marker) {
      const room = `!${randomBytes(8).toString("hex")}:${own.domain}`;
      const event = signEvent(
        withHash({
          type: "m.room.member",
          room_id: room,
          sender: other.person,
          state_key: scene.victim.address,
          content: { membership: "invite", displayname: marker },
          origin_server_ts: Date.now(),
          depth: 2,
          prev_events: [],
          auth_events: [],
        }),
        own.domain,
        own.key,
        11,
      );
      const content = { event, room_version: "11", invite_room_state: [] };
      const uri = `/_matrix/federation/v2/invite/${encodeURIComponent(room)}/${encodeURIComponent(`$${marker}`)}`;
      return shown(await call(scene.server, own, { method: "PUT", uri, content }));
    },
  },
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
    done.push({ what: trick.what, answer: answer.slice(0, 2_000), tookMs: performance.now() - started, marker });
  }
  return done;
}
