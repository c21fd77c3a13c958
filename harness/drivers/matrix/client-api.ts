import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { HarnessError } from "../../model/errors.ts";
import { parseUntrusted } from "../../model/json.ts";
import { defaultTimeoutMs, type Answer, type Call, type Connection } from "./connection.ts";

export type Json = Readonly<Record<string, unknown>>;

/** The server's words: an errcode where it gave one. */
export interface Refusal {
  readonly status: number;
  readonly errcode: string;
  readonly error: string;
  readonly retryAfterMs: number;
}

/** A string from an answer; anything else a server may put there is empty. */
export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** What a server has to say when it did what it was asked; any other page with status 200 is no answer of it. */
function required(answer: Json, name: string): string {
  const value = textOf(answer[name]);
  if (value === "")
    throw new HarnessError("disconnected", `expected ${name} in the answer of a Matrix server, got none`);
  return value;
}

/** Reads a JSON object; anything else is an empty one. */
export function jsonOf(text: string): Json {
  try {
    const value = parseUntrusted(text, "a Matrix server");
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
  } catch {
    return {};
  }
}

export function refusalOf(answer: Answer): Refusal {
  const body = jsonOf(answer.text);
  const seconds = Number(answer.headers["retry-after"]);
  const stated = Number(body["retry_after_ms"]);
  return {
    status: answer.status,
    errcode: textOf(body["errcode"]),
    error: typeof body["error"] === "string" ? body["error"] : answer.text.slice(0, 300),
    retryAfterMs: Number.isFinite(stated) ? stated : Number.isFinite(seconds) ? seconds * 1000 : 1000,
  };
}

/**
 * What an answer that is no success means. A 5xx is a failure of server or proxy, a 3xx sends us elsewhere: neither is a decision,
 * and neither ever counts as a refusal.
 */
function failureOf(what: string, answer: Answer): HarnessError {
  const { status, errcode, error } = refusalOf(answer);
  const code = status >= 500 || status < 400 ? "disconnected" : "refused";
  return new HarnessError(code, `expected ${what} to succeed, got ${status} ${errcode}: ${error}`.trim(), {
    context: { status, errcode },
  });
}

/** The token was refused: this session is over. */
const endsSession = (errcode: string): boolean => errcode === "M_UNKNOWN_TOKEN" || errcode === "M_USER_LOCKED";

/** Client-server interface with one access token. */
export class ClientApi {
  readonly connection: Connection;
  readonly token: string | undefined;
  /** Told when the server no longer knows the token. */
  onLoggedOut: (error: HarnessError) => void = () => undefined;
  /** Told of each request before it goes out. */
  onCall: (call: Call) => void = () => undefined;
  #closed: Error | undefined;

  constructor(connection: Connection, token?: string) {
    this.connection = connection;
    this.token = token;
  }

  /** From now on every call throws this error; the first one stays. */
  close(error: Error): void {
    this.#closed ??= error;
  }

  /**
   * An answer of 2xx as JSON. Waits as long as the server asks when it answers 429 and the deadline allows it.
   * Throws `refused` with the server's words, `deadline`, or `disconnected`.
   */
  async call(call: Call): Promise<Json> {
    const answer = await this.answer(call);
    return jsonOf(answer.text);
  }

  /** The same with the whole answer. */
  async answer(call: Call): Promise<Answer> {
    const what = `${call.method ?? "GET"} ${call.path.split("?")[0]}`;
    const end = performance.now() + (call.timeoutMs ?? defaultTimeoutMs);
    for (;;) {
      if (this.#closed !== undefined) throw this.#closed;
      const left = Math.max(1, Math.ceil(end - performance.now()));
      this.onCall(call);
      const answer = await this.connection.send({ token: this.token, ...call, timeoutMs: left });
      if (answer.status >= 200 && answer.status < 300) return answer;
      const refusal = refusalOf(answer);
      if (answer.status === 429 && performance.now() + refusal.retryAfterMs < end) {
        await pause(refusal.retryAfterMs, undefined, { signal: call.signal });
        continue;
      }
      const error = failureOf(what, answer);
      if (endsSession(refusal.errcode)) this.onLoggedOut(error);
      throw error;
    }
  }

  /** Sends an event; the server has taken responsibility when its id comes back. */
  async sendEvent(roomId: string, type: string, content: Json): Promise<string> {
    const answer = await this.call({
      method: "PUT",
      path: `${roomPath(roomId)}/send/${type}/${randomUUID()}`,
      body: content,
    });
    return required(answer, "event_id");
  }

  async createRoom(options: Json): Promise<string> {
    const answer = await this.call({ method: "POST", path: "/_matrix/client/v3/createRoom", body: options });
    return required(answer, "room_id");
  }

  /** `via` names servers that know the room; a room id alone does not say where it lives. */
  async joinRoom(roomId: string, via: readonly string[] = [], timeoutMs = defaultTimeoutMs): Promise<void> {
    const query = via.flatMap((server) => [
      `via=${encodeURIComponent(server)}`,
      `server_name=${encodeURIComponent(server)}`,
    ]);
    const path = `/_matrix/client/v3/join/${encodeURIComponent(roomId)}?${query.join("&")}`;
    await this.call({ method: "POST", path, body: {}, timeoutMs });
  }

  /** On return the server holds the file. The answer is its mxc address. */
  async upload(name: string, bytes: Uint8Array, type = "application/octet-stream"): Promise<string> {
    const path = `/_matrix/media/v3/upload?filename=${encodeURIComponent(name)}`;
    const answer = await this.call({ method: "POST", path, raw: { bytes, type } });
    return required(answer, "content_uri");
  }

  async download(url: string): Promise<Uint8Array> {
    return (await this.answer({ path: `/_matrix/client/v1/media/download/${mediaPath(url)}` })).bytes;
  }
}

export const roomPath = (roomId: string): string => `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;

/** `mxc://server/media-id` as `server/media-id`, escaped. */
export function mediaPath(url: string): string {
  const found = /^mxc:\/\/([^/]+)\/([^/?#]+)$/.exec(url);
  if (found === null) throw new HarnessError("harness-fault", `expected an mxc address, got "${url.slice(0, 200)}"`);
  return found.slice(1).map(encodeURIComponent).join("/");
}

export interface Login {
  readonly userId: string;
  readonly token: string;
  readonly deviceId: string;
}

/** Logs in by password as a new device. Throws `refused` when the server says no. */
export async function logIn(
  connection: Connection,
  name: string,
  password: string,
  timeoutMs = defaultTimeoutMs,
): Promise<Login> {
  const answer = await new ClientApi(connection).call({
    method: "POST",
    path: "/_matrix/client/v3/login",
    body: { type: "m.login.password", identifier: { type: "m.id.user", user: name }, password },
    timeoutMs,
  });
  return {
    userId: required(answer, "user_id"),
    token: required(answer, "access_token"),
    deviceId: required(answer, "device_id"),
  };
}
