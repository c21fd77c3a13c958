import { Agent, request } from "undici";
import { HarnessError } from "../../model/errors.ts";
import type { Endpoint } from "../../model/server.ts";
import type { Sealed } from "./box.ts";
import { keyOf } from "./box.ts";

const answerWithinMs = 30_000;
/** Answers of the gateway are ids, keys and numbers. */
const maximumBytes = 64 * 1024;

/** What the gateway says no with, in words that a report may show; the secret travels in the request and must never be quoted. */
const meanings: Readonly<Record<number, string>> = {
  400: "400 the recipient or a parameter is not valid",
  401: "401 identity or secret is not correct",
  402: "402 no credits remain",
  404: "404 no such identity or message",
  413: "413 the message is too long",
  429: "429 too many requests",
};

export interface GatewayIdentity {
  readonly identity: string;
  readonly secret: string;
}

/** The HTTPS interface of Threema Gateway for one identity, certificate verified against the given authority. */
export class Gateway {
  readonly #base: string;
  readonly #own: GatewayIdentity;
  readonly #agent: Agent;
  readonly #keys = new Map<string, Uint8Array>();
  readonly #withinMs: number;

  constructor({ host, port, servername, path }: Endpoint, ca: string, own: GatewayIdentity, withinMs = answerWithinMs) {
    this.#base = `https://${host}:${port}${path}`;
    this.#own = own;
    this.#withinMs = withinMs;
    this.#agent = new Agent({
      connect: { ca, servername, timeout: answerWithinMs },
      headersTimeout: answerWithinMs,
      bodyTimeout: answerWithinMs,
    });
  }

  /** Public key of an identity; asked for once. */
  async publicKey(identity: string): Promise<Uint8Array> {
    const known = this.#keys.get(identity);
    if (known !== undefined) return known;
    const key = keyOf(
      (await this.#get(`/pubkeys/${encodeURIComponent(identity)}`)).trim(),
      `public key of ${identity}`,
    );
    this.#keys.set(identity, key);
    return key;
  }

  /** Returns the id the gateway gave the message. */
  async send(to: string, { nonce, box }: Sealed): Promise<string> {
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
    const body = new URLSearchParams({ ...this.#credentials(), to, nonce: hex(nonce), box: hex(box) }).toString();
    const id = (await this.#ask("POST", "/send_e2e", "/send_e2e", body)).trim();
    if (!/^[0-9a-f]{16}$/iu.test(id)) {
      throw new HarnessError(
        "disconnected",
        "expected a message id of 16 hexadecimal digits from /send_e2e, got other text",
      );
    }
    return id;
  }

  /** Credits left: the cheapest authenticated request. */
  async credits(): Promise<number> {
    const text = (await this.#get("/credits")).trim();
    // Any other page with status 200 is not an answer of the gateway, and nobody is logged in.
    if (!/^\d{1,15}$/u.test(text))
      throw new HarnessError("disconnected", "expected a number from /credits, got other text");
    return Number(text);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #credentials(): { readonly from: string; readonly secret: string } {
    return { from: this.#own.identity, secret: this.#own.secret };
  }

  #get(path: string): Promise<string> {
    return this.#ask("GET", path, `${path}?${new URLSearchParams(this.#credentials()).toString()}`);
  }

  /** `path` is what messages show: the address itself carries the secret. */
  async #ask(method: "GET" | "POST", path: string, target: string, body?: string): Promise<string> {
    const headers = body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
    const answer = await request(`${this.#base}${target}`, {
      method,
      headers,
      body: body ?? null,
      dispatcher: this.#agent,
      // For the whole answer: what drips never is idle, and no other limit would end it.
      signal: AbortSignal.timeout(this.#withinMs),
    }).catch((error: unknown) => {
      throw unreachable(path, error);
    });
    const text = await boundedText(answer.body, path).catch((error: unknown) => {
      throw error instanceof HarnessError ? error : unreachable(path, error);
    });
    const { statusCode } = answer;
    if (statusCode === 200) return text;
    const words = meanings[statusCode];
    // A redirect, a proxy's own page, a failure inside: none of them is the gateway's decision.
    if (words === undefined)
      throw new HarnessError("disconnected", `expected the gateway to answer ${path}, got status ${statusCode}`);
    throw new HarnessError("refused", `expected the gateway to accept ${path}, got ${words}`, {
      context: { status: statusCode },
    });
  }
}

/** Errors of the HTTP library may quote the address: only their code goes on. */
function unreachable(path: string, error: unknown): HarnessError {
  const { code, name } = error as { readonly code?: string | number; readonly name?: string };
  const late = name === "TimeoutError" || String(code).endsWith("TIMEOUT");
  const got = late ? "none in time" : typeof code === "string" ? code : "a failed connection";
  return new HarnessError(
    late ? "deadline" : "disconnected",
    `expected a verified answer from the gateway to ${path}, got ${got}`,
  );
}

async function boundedText(body: AsyncIterable<Uint8Array>, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maximumBytes) {
      throw new HarnessError("disconnected", `expected at most ${maximumBytes} bytes from ${path}, got more`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
