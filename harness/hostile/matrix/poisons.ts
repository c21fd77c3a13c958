import { createSigningKey, signEvent, withHash, type Json } from "./events.ts";
import { draft, finish, textMessage, type Caller, type JoinedRoom } from "./federation.ts";

// Malformed and oversized events beside a proper one (incidents FED-POISON: CVE-2025-30355, CVE-2024-52815, CVE-2025-61672; and
// FED-SIZE). One bad event must not keep the others of its transaction from arriving.

export interface PoisonBench {
  readonly room: JoinedRoom;
  readonly person: string;
  readonly caller: Caller;
  readonly marker: string;
  /** Address of a person of the server, a member of the room. */
  readonly victim: string;
}

export interface Poison {
  readonly what: string;
  /** The server has to refuse the transaction as a whole: the proper message then comes in one of its own. */
  readonly whole?: true;
  pdus?(bench: PoisonBench): readonly unknown[];
  edus?(bench: PoisonBench): readonly unknown[];
  /** A request of its own before the proper message: what it hands in must neither be signed nor shown. */
  trick?(bench: PoisonBench): Handed;
}

/** What is handed in at one of the doors for memberships. */
export interface Handed {
  readonly door: string;
  readonly event: Json;
  /** The invitation's door wants the event inside of an envelope. */
  readonly envelope?: true;
}

const signedDraft = (
  { room, person, caller }: PoisonBench,
  content: Json,
  more: Json = {},
  type = "m.room.message",
): Json => finish(draft(room, person, type, content, more), caller, room.version);

const event = (what: string, make: (bench: PoisonBench) => unknown): Poison => ({
  what,
  pdus: (bench) => [make(bench)],
});

const signal = (what: string, edu_type: string, content: (bench: PoisonBench) => unknown): Poison => ({
  what,
  edus: (bench) => [{ edu_type, content: content(bench) }],
});

/** Largest event a server takes (server-server specification, "Size limits"). */
const eventLimit = 65_536;
const pdusPerTransaction = 50;
const edusPerTransaction = 100;

/** A message whose canonical form has exactly so many bytes. */
function ofSize(bench: PoisonBench, bytes: number): Json {
  const make = (fill: number): Json => signedDraft(bench, textMessage(bench.marker + "x".repeat(fill)));
  // Signatures and hashes have the same length every time, so the rest can be computed from one try.
  const rest = Buffer.byteLength(JSON.stringify(make(0)), "utf8");
  return make(Math.max(0, bytes - rest));
}

function nested(depth: number): unknown {
  let value: unknown = "end";
  for (let level = 0; level < depth; level += 1) value = { deeper: value };
  return value;
}

/** Incidents FED-KNOCK (Complement: TestCannotSendNonKnockViaSendKnock and its siblings). */
const handedIn = (what: string, trick: (bench: PoisonBench) => Handed): Poison => ({
  what: `FED-KNOCK: ${what}`,
  whole: true,
  trick,
});

const membership = (bench: PoisonBench, of: string, value: string): Json =>
  signedDraft(bench, { membership: value, reason: bench.marker }, { state_key: of }, "m.room.member");

export const poisons: readonly Poison[] = [
  handedIn("a message as a knock", (bench) => ({
    door: "v1/send_knock",
    event: signedDraft(bench, textMessage(bench.marker)),
  })),
  handedIn("a message as a leave", (bench) => ({
    door: "v2/send_leave",
    event: signedDraft(bench, textMessage(bench.marker)),
  })),
  handedIn("a message as a join", (bench) => ({
    door: "v2/send_join",
    event: signedDraft(bench, textMessage(bench.marker)),
  })),
  handedIn("a ban as a leave", (bench) => ({
    door: "v2/send_leave",
    event: membership(bench, `@nobody:${bench.caller.domain}`, "ban"),
  })),
  handedIn("somebody else's leave", (bench) => ({
    door: "v2/send_leave",
    event: membership(bench, bench.victim, "leave"),
  })),
  handedIn("a message as an invitation", (bench) => ({
    door: "v2/invite",
    event: signedDraft(bench, textMessage(bench.marker)),
    envelope: true,
  })),
  handedIn("a join of the victim as an invitation", (bench) => ({
    door: "v2/invite",
    event: membership(bench, bench.victim, "join"),
    envelope: true,
  })),
  event("depth of 2^63-1", (bench) =>
    signedDraft(bench, textMessage(bench.marker), { depth: 9_223_372_036_854_775_807n }),
  ),
  event("depth below zero", (bench) => signedDraft(bench, textMessage(bench.marker), { depth: -1 })),
  event("depth as text", (bench) => signedDraft(bench, textMessage(bench.marker), { depth: "deep" })),
  event("a fraction where only integers are allowed", (bench) =>
    signedDraft(bench, { ...textMessage(bench.marker), share: 0.5 }),
  ),
  event("an integer beyond 2^53", (bench) =>
    signedDraft(bench, { ...textMessage(bench.marker), size: 9_007_199_254_740_993n }),
  ),
  event("content is null", (bench) => ({ ...signedDraft(bench, textMessage(bench.marker)), content: null })),
  event("content is a list", (bench) => ({
    ...signedDraft(bench, textMessage(bench.marker)),
    content: [bench.marker],
  })),
  event("a zero byte in the text", (bench) => signedDraft(bench, textMessage(`${bench.marker}\u0000`))),
  event("half of a surrogate pair in the text", (bench) => signedDraft(bench, textMessage(`${bench.marker}\ud800`))),
  event("type is a number", (bench) => ({ ...signedDraft(bench, textMessage(bench.marker)), type: 7 })),
  event("no signatures at all", (bench) => ({ ...signedDraft(bench, textMessage(bench.marker)), signatures: null })),
  event("previous events are a text", (bench) => ({
    ...signedDraft(bench, textMessage(bench.marker)),
    prev_events: "none",
  })),
  event("authorising events are null", (bench) => ({
    ...signedDraft(bench, textMessage(bench.marker)),
    auth_events: null,
  })),
  event("only a room", ({ room }) => ({ room_id: room.id })),
  event("not even an object", () => "event"),
  event("signed with a key that does not exist", (bench) =>
    signEvent(
      withHash(draft(bench.room, bench.person, "m.room.message", textMessage(bench.marker))),
      bench.caller.domain,
      createSigningKey("expired"),
      bench.room.version,
    ),
  ),
  event("1000 levels of nesting", (bench) => signedDraft(bench, { ...textMessage(bench.marker), more: nested(1_000) })),
  event("type of 256 characters", (bench) => signedDraft(bench, textMessage(bench.marker), {}, "t".repeat(256))),
  event("sender of 300 characters", (bench) =>
    signedDraft(bench, textMessage(bench.marker), { sender: `@${"s".repeat(300)}:${bench.caller.domain}` }),
  ),
  // Well below the limit: shows that events of this kind arrive at all.
  event("event of 65000 bytes", (bench) => ofSize(bench, 65_000)),
  event("event of exactly 65536 bytes", (bench) => ofSize(bench, eventLimit)),
  event("event of 65537 bytes", (bench) => ofSize(bench, eventLimit + 1)),
  {
    what: "51 events in one transaction",
    whole: true,
    pdus: (bench) =>
      Array.from({ length: pdusPerTransaction + 1 }, (_, index) =>
        signedDraft(bench, textMessage(`${bench.marker}-${index}`)),
      ),
  },
  {
    what: "101 signals in one transaction",
    whole: true,
    edus: ({ caller }) =>
      Array.from({ length: edusPerTransaction + 1 }, (_, index) => ({
        edu_type: "m.presence",
        content: { push: [{ user_id: `@p${index}:${caller.domain}`, presence: "online", last_active_ago: 1 }] },
      })),
  },
  signal("device keys that are none", "m.device_list_update", ({ person }) => ({
    user_id: person,
    device_id: "BENCH",
    stream_id: 2,
    prev_id: [1],
    keys: { user_id: person, device_id: "BENCH", algorithms: "none", keys: null, signatures: 7 },
  })),
  signal("a receipt without a shape", "m.receipt", ({ room }) => ({ [room.id]: { "m.read": { "@nobody": null } } })),
  signal("typing without a room", "m.typing", ({ person }) => ({ user_id: person, typing: "yes" })),
  signal("presence that is a list", "m.presence", ({ person }) => ({ push: { user_id: person } })),
  signal("a note to a device that is null", "m.direct_to_device", ({ person }) => ({
    sender: person,
    type: "test.pruefstand.note",
    message_id: "1",
    messages: null,
  })),
  signal("an unknown kind", "org.example.unknown", () => null),
];
