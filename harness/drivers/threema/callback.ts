import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer as createPlainServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { HarnessError } from "../../model/errors.ts";
import type { Sealed } from "./box.ts";

/** A box has at most 4000 bytes; in hexadecimal, with the other fields, a callback stays well below this. */
const maximumBytes = 32 * 1024;

/** A message the gateway delivered; its box is still closed. */
export interface Delivered extends Sealed {
  readonly from: string;
  readonly to: string;
  readonly messageId: string;
}

const macFields = ["from", "to", "messageId", "date", "nonce", "box"] as const;

/** The MAC of a callback: HMAC-SHA256 over the values of these fields one after the other, keyed with the API secret. */
export function macOf(fields: URLSearchParams, secret: string): Buffer {
  const mac = createHmac("sha256", secret);
  for (const name of macFields) mac.update(fields.get(name) ?? "");
  return mac.digest();
}

const bytesOf = (hex: string | null): Uint8Array => new Uint8Array(Buffer.from(hex ?? "", "hex"));

/** Reads a callback; undefined when a field is missing or the MAC does not fit: then it did not come from the gateway. */
export function readCallback(body: string, secretOf: (identity: string) => string | undefined): Delivered | undefined {
  const fields = new URLSearchParams(body);
  const [from, to, messageId] = ["from", "to", "messageId"].map((name) => fields.get(name) ?? "");
  const mac = fields.get("mac") ?? "";
  const secret = secretOf(to ?? "");
  if (!from || !to || !messageId || secret === undefined || !/^[0-9a-f]{64}$/iu.test(mac)) return undefined;
  if (!timingSafeEqual(Buffer.from(mac, "hex"), macOf(fields, secret))) return undefined;
  return { from, to, messageId, nonce: bytesOf(fields.get("nonce")), box: bytesOf(fields.get("box")) };
}

export interface CallbackOptions {
  /** Address to listen on; loopback unless said otherwise. */
  readonly host?: string;
  readonly port: number;
  /** PEM. Without both, plain http on loopback behind the operator's own TLS proxy. */
  readonly certificate?: string;
  readonly key?: string;
}

async function boundedBody(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maximumBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Where the gateway posts incoming messages. Unverified callers learn nothing but a status. */
export class CallbackListener {
  readonly #options: CallbackOptions;
  readonly #secretOf: (identity: string) => string | undefined;
  readonly #onMessage: (message: Delivered) => void;
  #server: Promise<Server> | undefined;

  constructor(
    options: CallbackOptions,
    secretOf: (identity: string) => string | undefined,
    onMessage: (message: Delivered) => void,
  ) {
    this.#options = options;
    this.#secretOf = secretOf;
    this.#onMessage = onMessage;
  }

  /** Starts listening once; returns the port. */
  async listen(): Promise<number> {
    const server = await (this.#server ??= this.#start());
    return (server.address() as AddressInfo).port;
  }

  async #start(): Promise<Server> {
    const { certificate: cert, key, port, host = "127.0.0.1" } = this.#options;
    const handle = (incoming: IncomingMessage, answer: ServerResponse): void => void this.#handle(incoming, answer);
    const secured = cert !== undefined && key !== undefined;
    if (!secured && host !== "127.0.0.1") {
      throw new HarnessError("bad-input", `Expected certificate and key for a callback on ${host}, got none.`);
    }
    const server = secured ? createServer({ cert, key, minVersion: "TLSv1.2" }, handle) : createPlainServer(handle);
    const listening = Promise.withResolvers<void>();
    server.once("error", listening.reject).listen(port, host, listening.resolve);
    await listening.promise.catch((error: unknown) => {
      throw new HarnessError("environment", `Expected to listen on ${host}:${port}, got ${(error as Error).message}.`);
    });
    return server;
  }

  async #handle(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = incoming.method === "POST" ? await boundedBody(incoming).catch(() => undefined) : undefined;
    const message = body === undefined ? undefined : readCallback(body, this.#secretOf);
    answer.writeHead(message === undefined ? 403 : 200).end();
    if (message !== undefined) this.#onMessage(message);
  }

  async close(): Promise<void> {
    const server = await this.#server?.catch(() => undefined);
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    await closed.promise;
  }
}
