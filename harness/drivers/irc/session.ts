import { randomBytes } from "node:crypto";
import { HarnessError } from "../../model/errors.ts";
import type { Person } from "../../model/server.ts";
import type { Conversation, Deadline, ReceivedMessage, SentMessage, Session } from "../../model/session.ts";
import { destinationOf } from "../../model/session.ts";
import { Conditions } from "../conditions.ts";
import { Inbox } from "../inbox.ts";
import type { IrcConnection } from "./connection.ts";
import type { Line } from "./line.ts";

const nickOf = (address: string): string => address.split("@")[0] ?? address;

/** A logged-in IRC client. One network is one authority: nobody outside of it can be written to. */
export class IrcSession implements Session {
  readonly protocol = "irc";
  readonly person: Person;
  readonly address: string;
  readonly ended: Session["ended"];
  readonly #connection: IrcConnection;
  readonly #conditions = new Conditions();
  readonly #inbox = new Inbox(this.#conditions);
  readonly #invited = new Set<string>();
  readonly #joined = new Set<string>();
  #listener: ((message: ReceivedMessage) => void) | undefined;

  constructor(connection: IrcConnection, person: Person) {
    this.#connection = connection;
    this.person = person;
    this.address = person.address;
    this.ended = connection.ended;
    void this.#conditions.failAfter(this.ended, this.address);
    connection.onLine((line) => this.#handle(line));
  }

  #handle(line: Line): void {
    if (line.command === "INVITE") this.#invited.add(line.params[1] ?? "");
    if (line.command !== "PRIVMSG" || line.tags["batch"] !== undefined) return;
    // echo-message: what we send comes back to us.
    if (line.from.toLowerCase() === this.person.name) return;
    const message = this.#messageOf(line);
    this.#inbox.add(message);
    this.#listener?.(message);
  }

  /** Called for every message from now on. */
  onMessage(listener: (message: ReceivedMessage) => void): void {
    this.#listener = listener;
  }

  #addressOf(nick: string): string {
    return `${nick}@${this.person.server.domain}`;
  }

  #messageOf({ from, params, tags }: Line): ReceivedMessage {
    const [target = "", text = ""] = params;
    const address = this.#addressOf(from);
    const conversation: Conversation = target.startsWith("#")
      ? { kind: "group", id: target }
      : this.#direct(from.toLowerCase() === this.person.name ? this.#addressOf(target) : address);
    return { id: tags["msgid"] ?? "", conversation, from: address, text, encrypted: false, at: performance.now() };
  }

  #direct(peer: string): Conversation {
    return { kind: "direct", id: peer, between: [this.address, peer] };
  }

  #targetOf(conversation: Conversation): string {
    return conversation.kind === "group" ? conversation.id : nickOf(destinationOf(conversation, this.address));
  }

  openDirect(peer: string): Promise<Conversation> {
    if (peer.endsWith(`@${this.person.server.domain}`)) return Promise.resolve(this.#direct(peer));
    const words = `expected a person of ${this.person.server.domain}: IRC networks do not federate, got ${peer}`;
    return Promise.reject(new HarnessError("refused", words));
  }

  async createGroup(_name: string): Promise<Conversation> {
    const channel = `#group-${randomBytes(6).toString("hex")}`;
    await this.#enter(channel);
    await this.#connection.ask("MODE", [channel, "+i"]);
    return { kind: "group", id: channel };
  }

  async #enter(channel: string): Promise<void> {
    await this.#connection.ask("JOIN", [channel]);
    this.#joined.add(channel);
  }

  async invite(conversation: Conversation, address: string): Promise<void> {
    await this.#connection.ask("INVITE", [nickOf(address), conversation.id]);
  }

  async join(conversation: Conversation, deadline: Deadline): Promise<void> {
    if (conversation.kind === "direct" || this.#joined.has(conversation.id)) return;
    if (!this.#invited.has(conversation.id)) {
      const invitation = (line: Line): boolean => line.command === "INVITE" && line.params[1] === conversation.id;
      await this.#connection.next(deadline.what, invitation, deadline.withinMs);
    }
    await this.#enter(conversation.id);
  }

  async leave(conversation: Conversation): Promise<void> {
    if (conversation.kind === "direct") return;
    await this.#connection.ask("PART", [conversation.id]);
    this.#joined.delete(conversation.id);
  }

  /** The echo (IRCv3 echo-message) is the server's acknowledgement and carries the message's id. */
  async send(conversation: Conversation, text: string): Promise<SentMessage> {
    const echo = await this.#connection.ask("PRIVMSG", [this.#targetOf(conversation), text]);
    return { id: echo.tags["msgid"] ?? "", acknowledgedAt: performance.now() };
  }

  received(predicate: (message: ReceivedMessage) => boolean, deadline: Deadline): Promise<ReceivedMessage> {
    return this.#inbox.first(predicate, deadline);
  }

  inbox(): readonly ReceivedMessage[] {
    return this.#inbox.all();
  }

  /** CHATHISTORY LATEST (IRCv3 draft/chathistory): one batch, oldest first. */
  async history(conversation: Conversation, limit: number): Promise<readonly ReceivedMessage[]> {
    const found: ReceivedMessage[] = [];
    let batch: string | undefined;
    const stop = this.#connection.onLine((line) => {
      const [id = "", type] = line.params;
      if (line.command === "BATCH" && batch === undefined && type === "chathistory") batch = id.slice(1);
      if (line.command === "PRIVMSG" && batch !== undefined && line.tags["batch"] === batch)
        found.push(this.#messageOf(line));
    });
    const target = this.#targetOf(conversation);
    const opened = this.#connection.ask("CHATHISTORY", ["LATEST", target, "*", String(limit)]);
    const closed = this.#connection.next(
      `the history with ${target}`,
      (line) => line.command === "BATCH" && batch !== undefined && line.params[0] === `-${batch}`,
    );
    // A refusal ends the wait for a batch that will never come.
    closed.catch(() => undefined);
    try {
      await opened;
      await closed;
    } finally {
      stop();
    }
    return found;
  }

  async ping(): Promise<void> {
    await this.#connection.ask("PING", [randomBytes(4).toString("hex")]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#connection.close();
  }
}
