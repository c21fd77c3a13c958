import { Agent, buildConnector, request as undiciRequest } from "undici";
import { HarnessError } from "../../model/errors.ts";
import { parseUntrusted } from "../../model/json.ts";
import type { Endpoint, EndpointKind, RunningServer } from "../../model/server.ts";

/** Answers larger than this are cut off: a candidate must not fill our memory. */
const bodyLimit = 16 * 1024 * 1024;
export const defaultTimeoutMs = 30_000;
/** A sync waits up to 30 s for news; the SDK's own limits come earlier. */
const longestFetchMs = 150_000;

/** An answer of whatever status, body read. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  /** Body as text. */
  readonly text: string;
}

export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
  /** Sent as it is, instead of JSON. */
  readonly raw?: { readonly bytes: Uint8Array; readonly type: string };
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Whoever asks must know which answer belongs to which endpoint. */
export function endpointOf(server: RunningServer, kind: EndpointKind): Endpoint {
  const endpoint = server.endpoint(kind);
  if (endpoint === undefined || endpoint.port === 0) {
    throw new HarnessError("lab-fault", `expected server ${server.id} to have a reachable ${kind} endpoint, got none`);
  }
  return endpoint;
}

/**
 * HTTPS to the published port of one server under its own name: certificates are verified against the run's CA.
 * Keeps connections open; {@link close} ends them all.
 */
export class Connection {
  readonly origin: string;
  readonly #agent: Agent;

  constructor(server: RunningServer, endpoint: Endpoint, { http2 = true }: { readonly http2?: boolean } = {}) {
    const tls = buildConnector({ ca: server.ca, servername: endpoint.servername, allowH2: http2 });
    this.origin = `https://${endpoint.servername}`;
    this.#agent = new Agent({
      allowH2: http2,
      connect: (options, done) =>
        tls(
          {
            ...options,
            hostname: endpoint.host,
            host: endpoint.host,
            port: String(endpoint.port),
            servername: endpoint.servername,
          },
          done,
        ),
      // A sync waits up to 30 s for news and a busy server may need as long again.
      headersTimeout: 120_000,
      bodyTimeout: 120_000,
    });
  }

  /**
   * As `fetch`, for the SDK, which reads whatever it is given: here the body is read first, up to 16 MiB and 200 levels of JSON.
   * Nothing is unpacked, no redirect followed, and the signal holds for the body too.
   */
  async fetch(
    url: string,
    init: RequestInit = {},
    onBytes: (count: number) => void = () => undefined,
  ): Promise<Response> {
    const { pathname } = new URL(url);
    const where = `${init.method ?? "GET"} ${pathname}`;
    const limit = AbortSignal.timeout(longestFetchMs);
    const answer = await undiciRequest(url, {
      dispatcher: this.#agent,
      method: (init.method ?? "GET") as "GET",
      headers: Object.fromEntries(new Headers(init.headers)),
      body: (init.body ?? null) as string | null,
      signal: init.signal ? AbortSignal.any([limit, init.signal]) : limit,
    });
    const bytes = await readBounded(answer.body, where);
    onBytes(bytes.length);
    const headers = plain(answer.headers);
    if (headers["content-type"]?.includes("json") === true) parseUntrusted(bytes.toString("utf8"), where);
    const empty = [204, 205, 304].includes(answer.statusCode);
    return new Response(empty ? null : new Uint8Array(bytes), { status: answer.statusCode, headers });
  }

  /** Throws `disconnected` if no answer came and `deadline` after the time-out; never on a status. */
  async send(call: Call): Promise<Answer> {
    const timeoutMs = call.timeoutMs ?? defaultTimeoutMs;
    const limit = AbortSignal.timeout(timeoutMs);
    const signal = call.signal === undefined ? limit : AbortSignal.any([limit, call.signal]);
    const method = call.method ?? "GET";
    const where = `${method} ${call.path.split("?")[0]}`;
    try {
      const answer = await undiciRequest(`${this.origin}${call.path}`, {
        dispatcher: this.#agent,
        method: method as "GET",
        headers: headersOf(call),
        body: bodyOf(call),
        signal,
      });
      const bytes = await readBounded(answer.body, where);
      return { status: answer.statusCode, headers: plain(answer.headers), bytes, text: bytes.toString("utf8") };
    } catch (cause) {
      if (cause instanceof HarnessError) throw cause;
      if (limit.aborted) {
        throw new HarnessError("deadline", `expected an answer to ${where} within ${timeoutMs} ms`, { cause });
      }
      throw new HarnessError("disconnected", `expected an answer to ${where}, got: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

function headersOf({ token, raw, body }: Call): Record<string, string> {
  return {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(raw === undefined ? {} : { "content-type": raw.type }),
    ...(raw === undefined && body !== undefined ? { "content-type": "application/json" } : {}),
  };
}

function bodyOf({ raw, body }: Call): string | Uint8Array | null {
  if (raw !== undefined) return raw.bytes;
  return body === undefined ? null : JSON.stringify(body);
}

async function readBounded(stream: AsyncIterable<Uint8Array>, where: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > bodyLimit) throw new HarnessError("disconnected", `expected at most 16 MiB from ${where}, got more`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function plain(raw: Readonly<Record<string, string | readonly string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(raw).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : String(value ?? "")]),
  );
}
