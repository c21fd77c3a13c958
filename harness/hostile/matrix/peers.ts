import type { HttpAnswer } from "../../model/candidate.ts";
import { hasCode, HarnessError } from "../../model/errors.ts";
import type {
  HostileOptions,
  HostilePeers,
  HostileScene,
  MarkedAttempt,
  PoisonAttempt,
  RoomAct,
  Seat,
} from "../../model/hostile.ts";
import type { RunningServer } from "../../model/server.ts";
import type { Conversation } from "../../model/session.ts";
import { createSigningKey, eventId, type Json, type SigningKey } from "./events.ts";
import {
  call,
  draft,
  finish,
  isOk,
  joinRoom,
  sendPath,
  shown,
  textMessage,
  transaction,
  type Caller,
  type JoinedRoom,
} from "./federation.ts";
import { forgeOrigins } from "./forgeries.ts";
import { poisons, type Handed, type Poison, type PoisonBench } from "./poisons.ts";
import { askEverything } from "./questions.ts";
import { PushGateway } from "./push-gateway.ts";
import { PeerServer } from "./server.ts";

const people: Readonly<Record<"attacker" | "impersonated", string>> = { attacker: "mallory", impersonated: "yves" };

type Who = keyof typeof people;

interface Authority {
  readonly seat: Seat;
  readonly key: SigningKey;
}

/** Two Matrix homeservers played by the bench. */
export class MatrixPeers implements HostilePeers {
  readonly attacker: HostilePeers["attacker"];
  readonly impersonated: HostilePeers["impersonated"];
  readonly #authorities: Readonly<Record<Who, Authority>>;
  readonly #server: PeerServer;
  readonly #options: HostileOptions;
  readonly #rooms = new Map<string, JoinedRoom>();
  readonly #gateways: PushGateway[] = [];
  /** The last join while the group was open to all. */
  #openJoin: JoinedRoom | undefined;

  private constructor(authorities: Readonly<Record<Who, Authority>>, server: PeerServer, options: HostileOptions) {
    this.#authorities = authorities;
    this.#server = server;
    this.#options = options;
    const of = (who: Who): HostilePeers["attacker"] => {
      const { domain } = authorities[who].seat;
      return { domain, person: `@${people[who]}:${domain}` };
    };
    this.attacker = of("attacker");
    this.impersonated = of("impersonated");
  }

  static async open(seats: readonly Seat[], options: HostileOptions): Promise<MatrixPeers> {
    const [attacker, impersonated] = seats.map((seat) => ({ seat, key: createSigningKey("bench") }));
    if (attacker === undefined || impersonated === undefined) {
      throw new HarnessError("lab-fault", `expected two seats for hostile peers, got ${seats.length}`);
    }
    const server = await PeerServer.start([attacker, impersonated]);
    return new MatrixPeers({ attacker, impersonated }, server, options);
  }

  #caller(who: Who): Caller {
    const { seat, key } = this.#authorities[who];
    return { domain: seat.domain, key };
  }

  async join(server: RunningServer, group: Conversation, who: Who): Promise<void> {
    this.#rooms.set(`${who} ${group.id}`, await joinRoom(server, this.#caller(who), group.id, this[who].person));
  }

  #room(group: Conversation, who: Who): JoinedRoom {
    const room = this.#rooms.get(`${who} ${group.id}`);
    if (room === undefined)
      throw new HarnessError("harness-fault", `expected ${this[who].person} to be in ${group.id}`);
    return room;
  }

  async sendGenuine(scene: HostileScene, who: Who, text: string): Promise<void> {
    const room = this.#room(scene.group, who);
    const caller = this.#caller(who);
    const event = finish(draft(room, this[who].person, "m.room.message", textMessage(text)), caller, room.version);
    await this.#send(scene.server, caller, [event]);
  }

  #send(server: RunningServer, caller: Caller, pdus: readonly unknown[], edus: readonly unknown[] = []) {
    return call(server, caller, { method: "PUT", uri: sendPath(), content: transaction(caller.domain, pdus, edus) });
  }

  async forgeOrigins(scene: HostileScene, count: number): Promise<readonly MarkedAttempt[]> {
    const { attacker, impersonated } = this.#authorities;
    const forger = {
      own: this.#caller("attacker"),
      other: {
        domain: impersonated.seat.domain,
        person: this.impersonated.person,
        room: this.#room(scene.group, "impersonated"),
      },
      keyForOther: this.#options.stolenIdentity ? impersonated.key : attacker.key,
      person: this.attacker.person,
      room: this.#room(scene.group, "attacker"),
    };
    const done = await forgeOrigins(forger, scene, count);
    return done.map((one) => ({ ...one, outcome: "refused" as const }));
  }

  async actInRoom(scene: HostileScene, act: RoomAct): Promise<MarkedAttempt> {
    const marker = scene.marker(act);
    const started = performance.now();
    const end = (what: string, accepted: boolean, answer: string): MarkedAttempt => ({
      what,
      outcome: accepted ? "accepted" : "refused",
      answer: answer.slice(0, 2_000),
      tookMs: performance.now() - started,
      marker,
    });
    const caller = this.#caller("attacker");
    const room = this.#room(scene.group, "attacker");
    const { server, group } = scene;
    if (act === "join") return this.#joinAct(scene, marker, end);
    if (act === "message") {
      const event = finish(
        draft(room, this.attacker.person, "m.room.message", textMessage(marker)),
        caller,
        room.version,
      );
      return end("message into the group", false, shown(await this.#send(server, caller, [event])));
    }
    if (act === "private") {
      // A join that was made without asking for a template, handed in directly.
      const person = `@${marker}:${caller.domain}`;
      // The rules under which somebody joined while the group was open; the attacker's own join knows only those before.
      const base = this.#openJoin ?? room;
      const more = { state_key: person, auth_events: base.joinAuth };
      const draftJoin = draft(base, person, "m.room.member", { membership: "join" }, more);
      const event = finish(draftJoin, caller, room.version);
      const id = encodeURIComponent(eventId(event, room.version));
      const uri = `/_matrix/federation/v2/send_join/${encodeURIComponent(group.id)}/${id}`;
      const answer = await call(server, caller, { method: "PUT", uri, content: event });
      return end("join handed in without a template", isOk(answer), shown(answer));
    }
    const typing = { room_id: group.id, user_id: `@${marker}:${caller.domain}`, typing: true };
    const answer = await this.#send(server, caller, [], [{ edu_type: "m.typing", content: typing }]);
    return end("typing in the group", false, shown(answer));
  }

  async #joinAct(
    { server, group }: HostileScene,
    marker: string,
    end: (what: string, accepted: boolean, answer: string) => MarkedAttempt,
  ): Promise<MarkedAttempt> {
    const person = `@${marker}:${this.attacker.domain}`;
    try {
      this.#openJoin = await joinRoom(server, this.#caller("attacker"), group.id, person);
      return end("joining the group", true, "joined");
    } catch (error) {
      if (!(error instanceof HarnessError) || error.code !== "refused") throw error;
      return end("joining the group", false, error.message);
    }
  }

  async ask(
    server: RunningServer,
    person: { readonly address: string },
    facts: { readonly planted: Readonly<Record<string, string>>; readonly unknown: string },
  ): ReturnType<HostilePeers["ask"]> {
    return askEverything(server, this.#caller("attacker"), { person: person.address, ...facts });
  }

  async poison(scene: HostileScene, goesOn: Parameters<HostilePeers["poison"]>[1]): ReturnType<HostilePeers["poison"]> {
    const room = this.#room(scene.group, "attacker");
    const caller = this.#caller("attacker");
    const text = (marker: string): Json =>
      finish(draft(room, this.attacker.person, "m.room.message", textMessage(marker)), caller, room.version);
    const done: PoisonAttempt[] = [];
    for (const one of poisons) {
      const { what, trick } = one;
      const marker = scene.marker("poison");
      const good = scene.marker("beside-poison");
      const started = performance.now();
      const bench = { room, person: this.attacker.person, caller, marker, victim: scene.victim.address };
      const answer = await this.#feed(scene.server, one, bench, text(good)).catch(noAnswer);
      const attempt = {
        what,
        outcome:
          typeof answer === "string"
            ? ("failed" as const)
            : isOk(answer)
              ? ("accepted" as const)
              : ("refused" as const),
        answer: typeof answer === "string" ? answer : shown(answer),
        tookMs: performance.now() - started,
        marker,
        good,
        ...(trick === undefined ? {} : { trick: true as const }),
      };
      done.push(attempt);
      if (!(await goesOn(attempt))) break;
    }
    return done;
  }

  /** One malformed input and the proper event, in one transaction or, where the server has to refuse it as a whole, in two. */
  async #feed(
    server: RunningServer,
    { pdus, edus, whole, trick }: Poison,
    bench: PoisonBench,
    good: Json,
  ): Promise<HttpAnswer> {
    const { caller, room } = bench;
    const beside = whole === true ? [] : [good];
    const answer =
      trick === undefined
        ? await this.#send(server, caller, [...(pdus?.(bench) ?? []), ...beside], edus?.(bench) ?? [])
        : await this.#handIn(server, caller, room, trick(bench));
    if (whole === true) await this.#send(server, caller, [good]);
    return answer;
  }

  /** Through a door that is meant for one kind of membership. */
  #handIn(
    server: RunningServer,
    caller: Caller,
    room: JoinedRoom,
    { door, event, envelope }: Handed,
  ): Promise<HttpAnswer> {
    const id = encodeURIComponent(eventId(event, room.version));
    return call(server, caller, {
      method: "PUT",
      uri: `/_matrix/federation/${door}/${encodeURIComponent(room.id)}/${id}`,
      content: envelope === true ? { event, room_version: String(room.version), invite_room_state: [] } : event,
    });
  }

  async openPushService(): Promise<PushGateway> {
    const gateway = await PushGateway.open(this.#authorities.attacker.seat);
    this.#gateways.push(gateway);
    return gateway;
  }

  received(): string {
    return this.#server.received();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#server, ...this.#gateways].map((each) => each[Symbol.asyncDispose]()));
  }
}

/** A server that gives no answer any more is a finding, not our fault; our own faults go on. */
function noAnswer(error: unknown): string {
  if (!hasCode(error, "lab-fault")) throw error;
  return `no answer: ${error.message}`;
}
