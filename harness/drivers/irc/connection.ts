import { connect, type TLSSocket } from "node:tls";
import { HarnessError } from "../../model/errors.ts";
import type { RunningServer } from "../../model/server.ts";
import type { SessionEnd } from "../../model/session.ts";
import { makeLine, parseLine, type Line } from "./line.ts";

const answerWithinMs = 30_000;
/** Lines are short (8 191 bytes of tags, 512 of message); a server that sends more is not one we talk to. */
const maxPending = 64 * 1024;
/** A session keeps what it is given: more than this ends it, or a hostile server could fill our memory. */
const maxReceived = 64 * 1024 * 1024;
/** The same for answers that the server asks for and does not read. */
const maxWaiting = 1024 * 1024;

interface Waiting {
  readonly wanted: (line: Line) => boolean;
  readonly resolve: (line: Line) => void;
  readonly reject: (error: Error) => void;
}

/** Verified TLS to a server's client port, line by line. */
export class IrcConnection {
  readonly ended: Promise<SessionEnd>;
  readonly #socket: TLSSocket;
  readonly #listeners = new Set<(line: Line) => void>();
  readonly #waiting = new Set<Waiting>();
  #pending = "";
  #received = 0;
  #closing = false;
  #over: Error | undefined;
  #labels = 0;

  private constructor(socket: TLSSocket, domain: string) {
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<SessionEnd>();
    this.ended = promise;
    let cause: Error | undefined;
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => this.#read(chunk)).on("error", (error) => (cause = error));
    socket.once("close", () => {
      const why = cause === undefined ? "" : `: ${cause.message}`;
      const error = new HarnessError("disconnected", `the connection to ${domain} ended${why}`, { cause });
      this.#over = error;
      for (const { reject } of this.#waiting) reject(error);
      this.#waiting.clear();
      resolve({ at: performance.now(), ...(this.#closing ? {} : { error }) });
    });
  }

  /** Throws `disconnected` if it does not come to a verified TLS connection, `unsupported` without a port for it. */
  static async open(server: RunningServer, withinMs = answerWithinMs): Promise<IrcConnection> {
    const endpoint = server.endpoint("irc-tls");
    if (endpoint === undefined) throw new HarnessError("unsupported", `${server.domain} declares no irc-tls endpoint`);
    const { host, port, servername } = endpoint;
    const socket = connect({ host, port, servername, ca: server.ca, minVersion: "TLSv1.2" });
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    socket.once("secureConnect", () => resolve(undefined)).once("error", reject);
    // Not an idle time-out: a server that drips never is idle.
    const timer = setTimeout(() => reject(new Error("no answer in time")), withinMs);
    try {
      await promise;
    } catch (cause) {
      socket.destroy();
      const words = `expected a verified TLS connection to ${servername}, got: ${(cause as Error).message}`;
      throw new HarnessError("disconnected", words, { cause });
    } finally {
      clearTimeout(timer);
    }
    return new IrcConnection(socket, server.domain);
  }

  #read(chunk: string): void {
    // What was in our hands when the connection was ended is read no further.
    if (this.#socket.destroyed) return;
    this.#received += chunk.length;
    if (this.#received > maxReceived) return this.#giveUp("at most 64 MiB in one session, got more");
    const lines = (this.#pending + chunk).split(/\r?\n/u);
    this.#pending = lines.pop() ?? "";
    if (this.#pending.length > maxPending) return this.#giveUp("lines of at most 64 KiB, got a longer one");
    for (const text of lines) if (text !== "") this.#handle(parseLine(text));
  }

  #giveUp(expected: string): void {
    this.#socket.destroy(new Error(`expected ${expected}`));
  }

  #handle(line: Line): void {
    if (line.command === "PING") this.send("PONG", line.params);
    for (const listener of this.#listeners) listener(line);
    for (const one of this.#waiting) {
      if (!one.wanted(line)) continue;
      this.#waiting.delete(one);
      one.resolve(line);
    }
  }

  /** Returns what ends the listening. */
  onLine(listener: (line: Line) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  send(command: string, params: readonly string[], tags: Readonly<Record<string, string>> = {}): void {
    this.#socket.write(makeLine(tags, command, params));
    if (this.#socket.writableLength > maxWaiting) this.#giveUp("a server that reads, got 1 MiB waiting to be taken");
  }

  /** The next line that is wanted. Throws `deadline` or `disconnected`. */
  async next(what: string, wanted: (line: Line) => boolean, withinMs = answerWithinMs): Promise<Line> {
    if (this.#over !== undefined) throw this.#over;
    const { promise, resolve, reject } = Promise.withResolvers<Line>();
    const waiting = { wanted, resolve, reject };
    this.#waiting.add(waiting);
    const late = new HarnessError("deadline", `Waited ${withinMs} ms in vain: ${what}.`);
    const timer = setTimeout(() => reject(late), withinMs);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(waiting);
    });
  }

  /** Sends with a label (IRCv3 labeled-response) and gives the first line of the answer; throws `refused` for an error. */
  async ask(command: string, params: readonly string[]): Promise<Line> {
    if (this.#over !== undefined) throw this.#over;
    const label = `p${++this.#labels}`;
    const answer = this.next(`an answer to ${command}`, (line) => line.tags["label"] === label);
    this.send(command, params, { label });
    const line = await answer;
    if (/^[45]\d\d$/u.test(line.command) || line.command === "FAIL") {
      const condition = line.command === "FAIL" ? (line.params[1] ?? "") : line.command;
      const words = `expected ${command} to be accepted, got ${line.command} ${line.params.slice(1).join(" ")}`;
      throw new HarnessError("refused", words.slice(0, 500), { context: { condition } });
    }
    return line;
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#over === undefined) {
      this.send("QUIT", ["bye"]);
      this.#socket.end();
      setTimeout(() => this.#socket.destroy(), 1_000).unref();
    }
    await this.ended;
  }
}
