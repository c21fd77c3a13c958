import { connect } from "node:net";
import { request } from "undici";
import { HarnessError } from "../../../model/errors.ts";
import type { Endpoint, RunningServer } from "../../../model/server.ts";
import type { Answer } from "../connection.ts";

const timeoutMs = 10_000;
const bodyLimit = 64 * 1024;

export interface PlainCall {
  readonly method: string;
  readonly path: string;
  readonly token?: string;
  readonly body?: unknown;
}

/** HTTP without TLS to a port, whatever the port expects. Redirects are not followed. Throws `disconnected`. */
export async function sendPlain(endpoint: Endpoint, { method, path, token, body }: PlainCall): Promise<Answer> {
  try {
    const answer = await request(`http://${endpoint.host}:${endpoint.port}${path}`, {
      method: method as "GET",
      headers: {
        host: endpoint.labPort === 80 ? endpoint.servername : `${endpoint.servername}:${endpoint.labPort}`,
        connection: "close",
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const bytes = await firstBytes(answer.body);
    return { status: answer.statusCode, headers: {}, bytes, text: bytes.toString("utf8") };
  } catch (cause) {
    const where = `${method} http://${endpoint.servername}:${endpoint.labPort}${path}`;
    throw new HarnessError("disconnected", `expected an answer to ${where}, got: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** What comes after the first bytes is not read: it may never end. */
async function firstBytes(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= bodyLimit) break;
  }
  return Buffer.concat(chunks).subarray(0, bodyLimit);
}

/** Ports meant for inside that can be reached from where clients are; undefined where none is declared. Port 0 = not published. */
export async function exposedPorts(server: RunningServer): Promise<readonly string[] | undefined> {
  const inside = server.endpoints.filter(({ kind }) => kind === "matrix-plain");
  if (inside.length === 0) return undefined;
  const published = inside.filter(({ port }) => port !== 0);
  const open = await Promise.all(published.map(async (endpoint) => ((await accepts(endpoint)) ? [endpoint] : [])));
  return open.flat().map(({ kind, labPort }) => `${kind} ${labPort}`);
}

function accepts({ host, port }: Endpoint): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}
