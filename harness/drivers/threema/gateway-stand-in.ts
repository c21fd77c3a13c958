import { createHmac, randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import nacl from "tweetnacl";

// A LOCAL STAND-IN for Threema Gateway, for tests only: it is not Threema. It really opens every box with the recipient's key,
// refuses what is not sealed properly, and posts callbacks as the gateway documents them. It shares no code with the driver.

export interface StandInIdentity {
  readonly identity: string;
  readonly secret: string;
  readonly keys: nacl.BoxKeyPair;
}

export interface StandInOptions {
  readonly certificate: string;
  readonly key: string;
  /** Authority that the driver's callback presents. */
  readonly ca: string;
  readonly identities: readonly StandInIdentity[];
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytes = (text: string | null): Uint8Array => new Uint8Array(Buffer.from(text ?? "", "hex"));

export const newIdentity = (identity: string): StandInIdentity => ({
  identity,
  secret: randomBytes(12).toString("hex"),
  keys: nacl.box.keyPair(),
});

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** The stand-in, listening on a port of loopback. */
export class GatewayStandIn {
  /** What it found inside the boxes: type byte, text, length of what was sealed. */
  readonly opened: { readonly to: string; readonly type: number; readonly text: string; readonly sealed: number }[] =
    [];
  /** Everything that came over the wire, to search for what must not be in it. */
  readonly wire: string[] = [];
  /** Callback of each identity, by port. */
  readonly callbacks = new Map<string, number>();
  credits = 100;
  readonly #options: StandInOptions;
  readonly #nonces = new Set<string>();
  #posting: Promise<unknown> = Promise.resolve();
  readonly #server;

  constructor(options: StandInOptions) {
    this.#options = options;
    const { certificate: cert, key } = options;
    this.#server = createServer({ cert, key }, (incoming, answer) => void this.#handle(incoming, answer));
  }

  async listen(): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.listen(0, "127.0.0.1", resolve);
    await promise;
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  #identity(name: string | null): StandInIdentity | undefined {
    return this.#options.identities.find(({ identity }) => identity === name);
  }

  async #handle(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", "https://stand-in");
    const body = await bodyOf(incoming);
    this.wire.push(body);
    const given = incoming.method === "POST" ? new URLSearchParams(body) : url.searchParams;
    const own = this.#identity(given.get("from"));
    const reply = (status: number, text = ""): void => void answer.writeHead(status).end(text);
    if (own === undefined || own.secret !== given.get("secret")) return reply(401);
    if (url.pathname === "/credits") return reply(200, String(this.credits));
    if (url.pathname.startsWith("/pubkeys/")) {
      const peer = this.#identity(decodeURIComponent(url.pathname.slice("/pubkeys/".length)));
      return peer === undefined ? reply(404) : reply(200, hex(peer.keys.publicKey));
    }
    if (url.pathname === "/send_e2e" && incoming.method === "POST") return this.#take(own, given, reply);
    return reply(404);
  }

  async #take(
    own: StandInIdentity,
    given: URLSearchParams,
    reply: (status: number, text?: string) => void,
  ): Promise<void> {
    const to = this.#identity(given.get("to"));
    const [nonce, box] = [bytes(given.get("nonce")), bytes(given.get("box"))];
    if (this.credits <= 0) return reply(402);
    if (to === undefined || nonce.length !== 24 || this.#nonces.has(hex(nonce))) return reply(400);
    this.#nonces.add(hex(nonce));
    const inside = nacl.box.open(box, nonce, own.keys.publicKey, to.keys.secretKey);
    if (!inside) return reply(400);
    const padding = inside.at(-1) ?? 0;
    const padded = inside.slice(1);
    const rightlyPadded =
      padding > 0 && padded.length >= 32 && padded.slice(-padding).every((byte) => byte === padding);
    if (!rightlyPadded) return reply(400);
    const text = Buffer.from(padded.slice(0, -padding)).toString("utf8");
    this.opened.push({ to: to.identity, type: inside[0] ?? 0, text, sealed: box.length });
    this.credits -= 1;
    const messageId = randomBytes(8).toString("hex");
    reply(200, messageId);
    // One after the other, as a queue would: the order of messages is part of what is tested.
    this.#posting = this.#posting.then(() => this.post(to, { from: own.identity, messageId, nonce, box }));
    await this.#posting;
  }

  /** Posts a callback as the gateway does; `mac` replaces the right one. Returns the status, or undefined without a callback. */
  async post(
    to: StandInIdentity,
    message: {
      readonly from: string;
      readonly messageId: string;
      readonly nonce: Uint8Array;
      readonly box: Uint8Array;
    },
    mac?: string,
  ): Promise<number | undefined> {
    const port = this.callbacks.get(to.identity);
    if (port === undefined) return undefined;
    const { from, messageId, nonce, box } = message;
    const values = [from, to.identity, messageId, "1764000000", hex(nonce), hex(box)];
    const right = createHmac("sha256", to.secret).update(values.join("")).digest("hex");
    const names = ["from", "to", "messageId", "date", "nonce", "box"];
    const fields = new URLSearchParams(names.map((name, index): [string, string] => [name, values[index] ?? ""]));
    fields.set("mac", mac ?? right);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    request(
      {
        host: "127.0.0.1",
        port,
        servername: "callback.stand-in.test",
        ca: this.#options.ca,
        method: "POST",
        path: "/",
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    )
      .once("error", reject)
      .end(fields.toString());
    return promise;
  }
}
