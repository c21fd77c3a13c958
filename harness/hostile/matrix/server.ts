import { createServer, type Server } from "node:https";
import net from "node:net";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createSecureContext } from "node:tls";
import { HarnessError } from "../../model/errors.ts";
import type { Seat } from "../../model/hostile.ts";
import { askedName, outdated } from "../outdated-tls.ts";
import { signEvent, signJson, type Json, type SigningKey } from "./events.ts";

// The listening half of the Matrix stand-in: publishes keys, accepts invitations and transactions for the names of all seats, and
// knows nothing else. Requests are not checked: who talks to a stand-in is not what is measured.

export const port = 8448;
const bodyLimit = 2 * 1024 * 1024;
const keptBytes = 4 * 1024 * 1024;
const validForMs = 60 * 60 * 1000;

export interface ServedSeat {
  readonly seat: Seat;
  readonly key: SigningKey;
}

export class PeerServer implements AsyncDisposable {
  readonly #seats: readonly ServedSeat[];
  readonly #servers: net.Server[] = [];
  readonly #https: Server[] = [];
  readonly #sockets = new Set<net.Socket>();
  /** Names of seats, one for each TLS handshake that came to an end. */
  readonly #handshakes: string[] = [];
  /** Names that were asked for in TLS handshakes, ended or not. */
  readonly asked = new Set<string>();
  #received = "";

  private constructor(seats: readonly ServedSeat[]) {
    this.#seats = seats;
  }

  /** Listens where the names of the seats lead. Throws `lab-fault` when the port is taken. */
  static async start(seats: readonly ServedSeat[]): Promise<PeerServer> {
    const peer = new PeerServer(seats);
    for (const address of new Set(seats.map(({ seat }) => seat.address))) await peer.#listen(address);
    return peer;
  }

  async #listen(address: string): Promise<void> {
    const modern = this.#modern();
    const old = new Map(
      this.#seats.flatMap((served) =>
        served.seat.onlyTls === undefined ? [] : [[served.seat.domain, this.#outdated(served)] as const],
      ),
    );
    this.#https.push(modern, ...old.values());
    // TLS settles the version before it looks at the name, so the name is read first.
    const server = net.createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      askedName(socket, (name) => {
        if (name !== undefined) this.asked.add(name);
        (old.get(name ?? "") ?? modern).emit("connection", socket);
      });
    });
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

  #modern(): Server {
    const [first] = this.#seats;
    const contexts = new Map(
      this.#seats.map(({ seat }) => [seat.domain, createSecureContext({ cert: seat.chain, key: seat.key })]),
    );
    return createServer(
      {
        ...(first === undefined ? {} : { cert: first.seat.chain, key: first.seat.key }),
        SNICallback: (name, done) => done(null, contexts.get(name)),
      },
      (request, response) => this.#onRequest(request, response),
    );
  }

  #outdated({ seat }: ServedSeat): Server {
    const versions = seat.onlyTls === undefined ? {} : outdated(seat.onlyTls);
    const server = createServer({ cert: seat.chain, key: seat.key, ...versions }, (request, response) =>
      this.#onRequest(request, response),
    );
    return server.on("secureConnection", () => this.#handshakes.push(seat.domain));
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    void this.#serve(request, response).catch(() => response.destroy());
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const host = (request.headers.host ?? "").split(":")[0];
    const served = this.#seats.find(({ seat }) => seat.domain === host);
    const body = await bodyOf(request);
    this.#received = `${this.#received}${request.method} ${host} ${request.url} ${body}\n`.slice(-keptBytes);
    const [status, answer] = served === undefined ? notFound : this.#answer(served, request, body);
    const text = JSON.stringify(answer);
    response.writeHead(status, { "content-type": "application/json" }).end(text);
  }

  #answer(served: ServedSeat, request: IncomingMessage, body: string): readonly [number, Json] {
    const path = decodeURIComponent((request.url ?? "").split("?")[0] ?? "");
    if (path.startsWith("/_matrix/key/v2/server")) return [200, keysOf(served)];
    if (path.startsWith("/_matrix/federation/v1/version")) return [200, { server: { name: "Pruefstand stand-in" } }];
    if (path.startsWith("/_matrix/federation/v2/invite/")) return this.#invited(served, parse(body));
    if (path.startsWith("/_matrix/federation/v1/send/")) return [200, { pdus: {} }];
    if (path.startsWith("/_matrix/federation/v1/get_missing_events/")) return [200, { events: [] }];
    if (path.startsWith("/_matrix/federation/v1/user/devices/"))
      return [200, { user_id: path.split("/").at(-1), stream_id: 1, devices: [] }];
    return notFound;
  }

  /** Accepts every invitation: signs it and gives it back. */
  #invited({ seat, key }: ServedSeat, invitation: Json): readonly [number, Json] {
    const event = (invitation["event"] ?? {}) as Json;
    return [200, { event: signEvent(event, seat.domain, key, Number(invitation["room_version"])) }];
  }

  received(): string {
    return this.#received;
  }

  handshakes(domain: string): number {
    return this.#handshakes.filter((name) => name === domain).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#https) server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }
}

const notFound: readonly [number, Json] = [404, { errcode: "M_NOT_FOUND", error: "a stand-in knows nothing" }];

const keysOf = ({ seat, key }: ServedSeat): Json =>
  signJson(
    {
      server_name: seat.domain,
      verify_keys: { [key.id]: { key: key.published } },
      old_verify_keys: {},
      valid_until_ts: Date.now() + validForMs,
    },
    seat.domain,
    key,
  );

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return {};
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
