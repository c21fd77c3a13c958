import { hasCode, HarnessError } from "../../model/errors.ts";
import type {
  HostileOptions,
  HostilePeers,
  HostileScene,
  MarkedAttempt,
  PoisonAttempt,
  PushService,
  RoomAct,
  Seat,
} from "../../model/hostile.ts";
import type { RunningServer } from "../../model/server.ts";
import type { Conversation } from "../../model/session.ts";
import { forgeOrigins } from "./forgeries.ts";
import { poisons, sayFirst } from "./poisons.ts";
import { askEverything } from "./questions.ts";
import { PeerServer } from "./server.ts";
import { OutgoingStream } from "./stream.ts";

const answerMs = 15_000;
/** Each notification has one (XEP-0357, 7). */
const notificationTag = "<notification";
const clients: Readonly<Record<"attacker" | "impersonated", string>> = { attacker: "mallory", impersonated: "yves" };

type Who = keyof typeof clients;

/** Two XMPP authorities played by the bench. */
export class XmppPeers implements HostilePeers {
  readonly attacker: HostilePeers["attacker"];
  readonly impersonated: HostilePeers["impersonated"];
  readonly #seats: Readonly<Record<Who, Seat>>;
  readonly #server: PeerServer;
  readonly #options: HostileOptions;
  readonly #streams = new Map<string, OutgoingStream>();

  private constructor(seats: Readonly<Record<Who, Seat>>, server: PeerServer, options: HostileOptions) {
    this.#seats = seats;
    this.#server = server;
    this.#options = options;
    const of = (who: Who): HostilePeers["attacker"] => ({
      domain: seats[who].domain,
      person: `${clients[who]}@${seats[who].domain}`,
    });
    this.attacker = of("attacker");
    this.impersonated = of("impersonated");
  }

  static async open(seats: readonly Seat[], options: HostileOptions): Promise<XmppPeers> {
    const [attacker, impersonated] = seats;
    if (attacker === undefined || impersonated === undefined) {
      throw new HarnessError("lab-fault", `expected two seats for hostile peers, got ${seats.length}`);
    }
    return new XmppPeers({ attacker, impersonated }, await PeerServer.start(seats), options);
  }

  /** An authenticated stream of one of the two, made again when the server has closed it. Throws `refused` with the server's words. */
  async #stream(server: RunningServer, who: Who): Promise<OutgoingStream> {
    const key = `${server.id} ${who}`;
    const known = this.#streams.get(key);
    if (known !== undefined && (await known.stream.hear(/<\/stream:/, 1)).ending === "silent") return known;
    known?.close();
    const seat = this.#seats[who];
    const stream = await OutgoingStream.open(server, { from: seat.domain, identity: seat });
    const { accepted, answer } = await stream.external();
    if (!accepted) {
      stream.close();
      throw new HarnessError(
        "refused",
        `expected ${server.domain} to take ${seat.domain} by its certificate, got ${answer}`,
      );
    }
    this.#streams.set(key, stream);
    return stream;
  }

  /** Throws `refused` where the group lets nobody in. */
  async join(server: RunningServer, group: Conversation, who: Who): Promise<void> {
    const answer = await this.#enter(server, group.id, this[who].person, who);
    if (!answer.entered)
      throw new HarnessError("refused", `expected ${this[who].person} to enter ${group.id}, got ${answer.words}`);
  }

  async #enter(
    server: RunningServer,
    room: string,
    person: string,
    who: Who,
  ): Promise<{ readonly entered: boolean; readonly words: string }> {
    const stream = await this.#stream(server, who);
    const id = crypto.randomUUID();
    const said = await stream.say(
      `<presence id='${id}' from='${person}/client' to='${room}/${person}'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>`,
      50,
    );
    const own = escaped(`${room}/${person}`);
    // No part runs past the next "<presence" or a tag's end: what comes is not ours, and is looked at again and again.
    const within = "[^<>]{0,2000}";
    const rest = String.raw`(?:(?!<presence\b)[\s\S])*?`;
    const failed = `${within}type=['"]error['"]`;
    const named = `${within}from=['"]${own}['"]`;
    const refusal = String.raw`<presence\b(?:${failed}${named}|${named}${failed})${rest}</presence>`;
    const entry = String.raw`<presence\b${named}${rest}code=['"]110['"]`;
    const answer = await this.#server.hear(new RegExp(`${refusal}|${entry}`), answerMs);
    if (answer === undefined) return { entered: false, words: `no answer; the stream said: ${said}` };
    return { entered: /code=['"]110['"]/.test(answer), words: answer };
  }

  async sendGenuine(scene: HostileScene, who: Who, text: string): Promise<void> {
    const stream = await this.#stream(scene.server, who);
    const { person } = this[who];
    await stream.say(
      `<message from='${person}/client' to='${scene.group.id}' type='groupchat' id='${text}'><body>${text}</body></message>`,
      50,
    );
  }

  async forgeOrigins(scene: HostileScene, count: number): Promise<readonly MarkedAttempt[]> {
    const { attacker, impersonated } = this.#seats;
    const identityFor = (domain: string): Seat =>
      this.#options.stolenIdentity && domain === impersonated.domain ? impersonated : attacker;
    const forger = { own: attacker.domain, other: impersonated.domain, identityFor, server: this.#server };
    const done = await forgeOrigins(forger, scene, count);
    return done.map((one) => ({ ...one, outcome: "refused" as const }));
  }

  async actInRoom(scene: HostileScene, act: RoomAct): Promise<MarkedAttempt> {
    const { server, group } = scene;
    const marker = scene.marker(act);
    const started = performance.now();
    const end = (what: string, accepted: boolean, answer: string): MarkedAttempt => ({
      what,
      outcome: accepted ? "accepted" : "refused",
      answer: answer.slice(0, 2_000),
      tookMs: performance.now() - started,
      marker,
    });
    const { domain, person } = this.attacker;
    if (act === "join") {
      const { entered, words } = await this.#enter(server, group.id, `${marker}@${domain}`, "attacker");
      return end("entering the group", entered, words);
    }
    const stream = await this.#stream(server, "attacker");
    const from = `${person}/client`;
    const stanzas: Readonly<Record<Exclude<RoomAct, "join">, string>> = {
      message: `<message from='${from}' to='${group.id}' type='groupchat' id='${marker}'><body>${marker}</body></message>`,
      private: `<message from='${from}' to='${group.id}/${scene.victim.address}' type='chat' id='${marker}'><body>${marker}</body><x xmlns='http://jabber.org/protocol/muc#user'/></message>`,
      signal: `<presence from='${from}' to='${group.id}/${person}'><status>${marker}</status></presence>`,
    };
    return end(`${act} in the group`, false, await stream.say(stanzas[act], 100));
  }

  async ask(
    server: RunningServer,
    person: { readonly address: string },
    facts: { readonly planted: Readonly<Record<string, string>>; readonly unknown: string },
  ): ReturnType<HostilePeers["ask"]> {
    const stream = await this.#stream(server, "attacker");
    return askEverything(stream, this.#server, this.attacker.person, server, { person: person.address, ...facts });
  }

  /** Each on a stream of its own, which the server may well end; the proper message follows on the ordinary one. */
  async poison(scene: HostileScene, goesOn: Parameters<HostilePeers["poison"]>[1]): ReturnType<HostilePeers["poison"]> {
    const { domain } = this.#seats.attacker;
    const places = { own: this.attacker.person, other: this.impersonated.person };
    const done: PoisonAttempt[] = [];
    for (const { what, early, trick, bytes } of poisons) {
      const [marker, good] = [scene.marker("malformed"), scene.marker("good")];
      const started = performance.now();
      const data = bytes({ ...places, scene, marker });
      const said = early === true ? sayFirst(scene.server, data) : this.#sayAlone(scene.server, data);
      const answer = await said.catch(wordsOf);
      const tookMs = performance.now() - started;
      const unsent = await this.sendGenuine(scene, "attacker", good).catch(wordsOf);
      const outcome = unsent === undefined ? ("refused" as const) : ("failed" as const);
      const facts = { outcome, answer: [answer.slice(-2_000), unsent ?? ""].join(" ").trim(), tookMs, marker, good };
      const attempt = { what: `${what} (${domain})`, ...facts, ...(trick === undefined ? {} : { trick }) };
      done.push(attempt);
      if (!(await goesOn(attempt))) break;
    }
    return done;
  }

  async #sayAlone(server: RunningServer, data: string | Uint8Array): Promise<string> {
    const { attacker } = this.#seats;
    const stream = await OutgoingStream.open(server, { from: attacker.domain, identity: attacker });
    try {
      const { accepted, answer } = await stream.external();
      return accepted ? await stream.say(data, 1_000) : `not let in: ${answer}`;
    } finally {
      stream.close();
    }
  }

  /** The authority's own name: servers bring notifications over their ordinary streams (XEP-0357, 7). */
  openPushService(): Promise<PushService> {
    const notifications = (): number => this.#server.received().split(notificationTag).length - 1;
    return Promise.resolve({
      addresses: [this.attacker.domain],
      canaries: [],
      notifications,
      received: () => this.#server.received(),
    });
  }

  received(): string {
    return this.#server.received();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of this.#streams.values()) stream.close();
    await this.#server[Symbol.asyncDispose]();
  }
}

/** A server that no longer lets anybody in, or hangs up, is a finding, not our fault; our own faults go on. */
function wordsOf(error: unknown): string {
  const hungUp = error instanceof Error && "code" in error && /^E[A-Z]+$|^ERR_SSL_/.test(String(error.code));
  if (!hungUp && !hasCode(error, "refused", "lab-fault")) throw error;
  return `no stream: ${(error as Error).message}`;
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
