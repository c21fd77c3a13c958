import { createServer as createPlain, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecure } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { HarnessError } from "../../model/errors.ts";
import type { PushService, Seat } from "../../model/hostile.ts";

// A push gateway (push gateway specification, POST /_matrix/push/v1/notify) and, under every other path, a page that a preview of
// links may fetch. Over http, because a homeserver may believe public authorities only (Synapse), and over https, as the
// specification asks for and Dendrite insists on.

const bodyLimit = 256 * 1024;
const keptBytes = 2 * 1024 * 1024;
const notifyPath = "/_matrix/push/v1/notify";
const page = "<!doctype html><meta property='og:title' content='canary'><title>canary</title>";

type Listening = Server & { closeAllConnections(): void };

export class PushGateway implements PushService, AsyncDisposable {
  readonly addresses: readonly string[];
  readonly canaries: readonly string[];
  readonly #servers: readonly Listening[];
  readonly #kept: Kept;

  private constructor(servers: readonly Listening[], bases: readonly string[], kept: Kept) {
    this.#servers = servers;
    this.#kept = kept;
    this.addresses = bases.map((base) => `${base}${notifyPath}`);
    this.canaries = bases.map((base) => `${base}/canary`);
  }

  /** Listens where the name of the seat leads. Throws `lab-fault` when it cannot. */
  static async open({ address, domain, chain, key }: Seat): Promise<PushGateway> {
    const kept = new Kept();
    const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
      void kept.take(request, response).catch(() => response.destroy());
    const servers = [createSecure({ cert: chain, key }, onRequest), createPlain(onRequest)];
    const [secure, plain] = await Promise.all(servers.map((server) => listen(server, address)));
    return new PushGateway(servers, [`http://${domain}:${plain}`, `https://${domain}:${secure}`], kept);
  }

  notifications(): number {
    return this.#kept.notifications;
  }

  received(): string {
    return this.#kept.text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) server.closeAllConnections();
    await Promise.all(this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }
}

/** The port. */
async function listen(server: Server, address: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("listening", resolve).once("error", reject).listen(0, address);
  try {
    await promise;
  } catch (cause) {
    throw new HarnessError("lab-fault", `expected to listen on ${address}, got: ${(cause as Error).message}`, {
      cause,
    });
  }
  return (server.address() as AddressInfo).port;
}

/** What came, and the answers to it. */
class Kept {
  text = "";
  notifications = 0;

  async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    this.text = `${this.text}${request.method} ${request.url} ${body}\n`.slice(-keptBytes);
    if (request.url === notifyPath) {
      this.notifications += 1;
      response.writeHead(200, { "content-type": "application/json" }).end('{"rejected":[]}');
    } else response.writeHead(200, { "content-type": "text/html" }).end(page);
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
