import net from "node:net";
import { HarnessError } from "../../model/errors.ts";
import type { Seat } from "../../model/hostile.ts";
import { TextStream } from "../text-stream.ts";
import { header, saslNs, streamEnd, tlsNs } from "./stream.ts";

// The listening half of the XMPP stand-in: takes streams of other servers for the names of all seats, keeps what comes, and
// vouches for dialback keys that are its own (XEP-0220).

export const port = 5269;
const keptBytes = 4 * 1024 * 1024;
const answerMs = 20_000;

export class PeerServer implements AsyncDisposable {
  readonly #seats: readonly Seat[];
  readonly #servers: net.Server[] = [];
  readonly #streams = new Set<TextStream>();
  /** Dialback keys this authority really gave out. */
  readonly #keys = new Set<string>();
  /** Names of seats, one for each TLS handshake that came to an end. */
  readonly #handshakes: string[] = [];
  #received = "";
  #changed = Promise.withResolvers<void>();

  private constructor(seats: readonly Seat[]) {
    this.#seats = seats;
  }

  /** Listens where the names of the seats lead. Throws `lab-fault` when the port is taken. */
  static async start(seats: readonly Seat[]): Promise<PeerServer> {
    const peer = new PeerServer(seats);
    for (const address of new Set(seats.map((seat) => seat.address))) await peer.#listen(address);
    return peer;
  }

  async #listen(address: string): Promise<void> {
    const server = net.createServer({ noDelay: true }, (socket) => void this.#serve(socket).catch(() => undefined));
    this.#servers.push(server);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("listening", resolve).once("error", reject).listen(port, address);
    try {
      await promise;
    } catch (cause) {
      throw new HarnessError(
        "lab-fault",
        `expected to listen on ${address}:${port}, got: ${(cause as Error).message}`,
        {
          cause,
        },
      );
    }
  }

  /** STARTTLS, certificate of the seat that was asked for, EXTERNAL for everybody who showed a certificate. */
  async #serve(socket: net.Socket): Promise<void> {
    const stream = new TextStream(socket, (text) => this.#keep(text));
    this.#streams.add(stream);
    try {
      const opening = await stream.hear(/<stream:stream\b[^<>]*>/, answerMs);
      const to = attributeOf(opening.text, "to");
      const from = attributeOf(opening.text, "from") ?? "";
      const seat = this.#seats.find(({ domain }) => domain === to);
      if (seat === undefined) return;
      const answer = (features: string): void =>
        stream.write(
          `${header(seat.domain, from, ` id='${crypto.randomUUID()}'`)}<stream:features>${features}</stream:features>`,
        );
      stream.forget();
      answer(`<starttls xmlns='${tlsNs}'><required/></starttls>`);
      if ((await stream.hear(/<starttls\b/, answerMs)).ending !== "matched") return;
      stream.write(`<proceed xmlns='${tlsNs}'/>`);
      await stream.accept(seat, seat.onlyTls);
      this.#handshakes.push(seat.domain);
      await stream.hear(/<stream:stream\b[^<>]*>/, answerMs);
      stream.forget();
      answer(`<mechanisms xmlns='${saslNs}'><mechanism>EXTERNAL</mechanism></mechanisms>`);
      await this.#converse(stream, seat, answer);
    } finally {
      this.#streams.delete(stream);
      stream.close();
    }
  }

  async #converse(stream: TextStream, seat: Seat, answer: (features: string) => void): Promise<void> {
    const element = new RegExp(
      `<auth\\b[^<>]*?(/>|>[^<]*</auth>)|<db:verify\\b[^<>]*>[^<]*</db:verify>|<db:result\\b[^<>]*>[^<]*</db:result>|${streamEnd.source}`,
    );
    for (;;) {
      const heard = await stream.hear(element, 600_000);
      const found = element.exec(heard.text)?.[0];
      if (found === undefined || streamEnd.test(found)) return;
      stream.forget();
      if (found.startsWith("<auth")) {
        stream.write(`<success xmlns='${saslNs}'/>`);
        await stream.hear(/<stream:stream\b[^<>]*>/, answerMs);
        stream.forget();
        answer("");
      } else {
        stream.write(this.#dialback(found, seat));
      }
    }
  }

  /** A key is valid for the stream it was made for and no other (XEP-0220, 2.4). */
  #dialback(element: string, seat: Seat): string {
    const from = attributeOf(element, "from") ?? "";
    const id = attributeOf(element, "id");
    const key = /<db:\w+\b[^<>]*>([^<]*)</.exec(element)?.[1] ?? "";
    if (element.startsWith("<db:result")) return `<db:result type='valid' from='${seat.domain}' to='${from}'/>`;
    const known = this.#keys.has(`${id} ${key}`);
    return `<db:verify type='${known ? "valid" : "invalid"}' id='${id}' from='${seat.domain}' to='${from}'/>`;
  }

  /** From now on the key is vouched for, for this stream. */
  vouchFor(streamId: string, key: string): void {
    this.#keys.add(`${streamId} ${key}`);
  }

  #keep(text: string): void {
    this.#received = (this.#received + text).slice(-keptBytes);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  received(): string {
    return this.#received;
  }

  /** Whatever came so far. */
  forget(): void {
    this.#received = "";
  }

  handshakes(domain: string): number {
    return this.#handshakes.filter((name) => name === domain).length;
  }

  /** The first match in all that came; undefined if none came in time. */
  async hear(pattern: RegExp, withinMs: number): Promise<string | undefined> {
    const end = performance.now() + withinMs;
    for (;;) {
      const found = pattern.exec(this.#received)?.[0];
      if (found !== undefined) return found;
      const left = end - performance.now();
      if (left <= 0) return undefined;
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, left);
      await Promise.race([this.#changed.promise, late.promise]);
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of this.#streams) stream.close();
    await Promise.all(this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }
}

const attributeOf = (element: string, name: string): string | undefined =>
  new RegExp(`\\s${name}\\s*=\\s*(?:'([^']*)'|"([^"]*)")`)
    .exec(element)
    ?.slice(1)
    .find((value) => value !== undefined);
