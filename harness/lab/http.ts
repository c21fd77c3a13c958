import { Agent, request as send } from "undici";
import type { HttpAnswer, HttpRequest } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import { parseUntrusted } from "../model/json.ts";
import type { Endpoint, EndpointKind } from "../model/server.ts";

const bodyLimit = 16 * 1024 * 1024;
const defaultTimeoutMs = 30_000;
const plainKinds: readonly EndpointKind[] = ["http-plain", "matrix-plain", "xmpp-http-plain"];

/** Connections to the published ports of one server: always to 127.0.0.1, certificates verified for the name of the endpoint. */
export class LabHttp implements AsyncDisposable {
  readonly #agents = new Map<string, Agent>();
  readonly #ca: string;

  constructor(ca: string) {
    this.#ca = ca;
  }

  /** Throws `disconnected` if no answer came, `deadline` after the time-out, never on a status. Redirects are not followed. */
  async request(endpoint: Endpoint, path: string, init: HttpRequest = {}): Promise<HttpAnswer> {
    const scheme = plainKinds.includes(endpoint.kind) ? "http" : "https";
    const where = `${init.method ?? "GET"} ${scheme}://${endpoint.servername}:${endpoint.labPort}${path}`;
    const timeoutMs = init.timeoutMs ?? defaultTimeoutMs;
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const sending = send(`${scheme}://${endpoint.host}:${endpoint.port}${path}`, {
        dispatcher: this.#agent(endpoint.servername),
        method: (init.method ?? "GET") as "GET",
        headers: { host: hostOf(endpoint, scheme), ...init.headers },
        body: init.body ?? null,
        signal,
      });
      const answer = await Promise.race([sending, rejectedBy(signal)]);
      const body = await readBounded(answer.body, where);
      return answerOf(answer.statusCode, answer.headers, body, where);
    } catch (cause) {
      throw asHarnessError(cause as Error, where, timeoutMs);
    }
  }

  #agent(servername: string): Agent {
    const known = this.#agents.get(servername);
    if (known !== undefined) return known;
    // No connection is kept: after a restart a kept one would look like a server that hangs up.
    const agent = new Agent({ connect: { ca: this.#ca, servername }, pipelining: 0 });
    this.#agents.set(servername, agent);
    return agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()));
  }
}

/** undici looks at the signal only once it is connected; a frozen server never gets that far. */
function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}

/** As a user's browser would send it: with the port of the lab, not the one published on this machine. */
function hostOf(endpoint: Endpoint, scheme: string): string {
  const usual = scheme === "https" ? 443 : 80;
  return endpoint.labPort === usual ? endpoint.servername : `${endpoint.servername}:${endpoint.labPort}`;
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

function answerOf(
  status: number,
  raw: Readonly<Record<string, string | readonly string[] | undefined>>,
  body: Buffer,
  where: string,
): HttpAnswer {
  const headers = Object.fromEntries(
    Object.entries(raw).map(([name, value]) => [name, typeof value === "object" ? value.join(", ") : (value ?? "")]),
  );
  const text = (): string => body.toString("utf8");
  return { status, headers, body, text, json: () => parseUntrusted(text(), where) };
}

function asHarnessError(error: Error, where: string, timeoutMs: number): HarnessError {
  if (error instanceof HarnessError) return error;
  if (error.name === "TimeoutError" || /TIMEOUT/.test(String((error as NodeJS.ErrnoException).code))) {
    return new HarnessError("deadline", `expected an answer to ${where} within ${timeoutMs} ms`, { cause: error });
  }
  return new HarnessError("disconnected", `expected an answer to ${where}, got: ${error.message}`, { cause: error });
}
