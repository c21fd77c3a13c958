import { createHmac, randomBytes } from "node:crypto";
import type { HttpAnswer, ServerAccess } from "../../../model/candidate.ts";
import { HarnessError } from "../../../model/errors.ts";
import type { Endpoint } from "../../../model/server.ts";

/** Registration hashes the password, which keeps a core busy for a fifth of a second. */
const callTimeoutMs = 60_000;
/** More at once only queue for the cores; a queue longer than 60 s would outlive the nonce. */
const parallelRegistrations = 8;

/** Answers that we read; all else stays unread. */
export type Json = Readonly<Record<string, unknown>>;

export interface NewAccount {
  readonly name: string;
  readonly password: string;
  readonly admin?: boolean;
}

/** Administration interface of one server as its own administrator, whose account is made at the first call. */
export class AdminApi {
  readonly #server: ServerAccess;
  readonly #endpoint: Endpoint;
  #token: Promise<string> | undefined;

  constructor(server: ServerAccess) {
    const endpoint = server.endpoint("admin-http");
    if (endpoint === undefined) {
      throw new HarnessError("lab-fault", `expected server ${server.id} to have an administration endpoint, got none`);
    }
    this.#server = server;
    this.#endpoint = endpoint;
  }

  userId(name: string): string {
    return `@${name}:${this.#server.domain}`;
  }

  /** Path with the full user id at its `%`. */
  userPath(template: string, name: string): string {
    return template.replace("%", encodeURIComponent(this.userId(name)));
  }

  /** An answer of 2xx as JSON. Throws `refused` with the server's words for any other status. */
  async call(method: string, path: string, body?: Json): Promise<Json> {
    this.#token ??= this.#makeAdministrator();
    const token = await this.#token.catch((error: unknown) => {
      this.#token = undefined;
      throw error;
    });
    return this.#send(method, path, body, { authorization: `Bearer ${token}` });
  }

  /** The same with another account's token, or without any. */
  callAs(token: string | undefined, method: string, path: string, body?: Json): Promise<Json> {
    return this.#send(method, path, body, token === undefined ? {} : { authorization: `Bearer ${token}` });
  }

  /**
   * Registers by the shared secret: the way that needs no open registration. Synapse's docs/admin_api/register_api.md; Dendrite serves
   * the same path (docs/administration/1_createusers.md).
   */
  async register(account: NewAccount): Promise<Json> {
    const path = "/_synapse/admin/v1/register";
    const { nonce } = await this.#send("GET", path);
    const { name, password, admin = false } = account;
    const mac = createHmac("sha1", this.#server.secrets["registration"] ?? "")
      .update([String(nonce), name, password, admin ? "admin" : "notadmin"].join("\0"))
      .digest("hex");
    return this.#send("POST", path, { nonce, username: name, password, admin, mac });
  }

  /** All of them, a few at a time; the first refusal ends it. */
  async registerAll(accounts: readonly NewAccount[]): Promise<void> {
    const rest = [...accounts];
    const worker = async (): Promise<void> => {
      for (let next = rest.shift(); next !== undefined; next = rest.shift()) await this.register(next);
    };
    await Promise.all(Array.from({ length: parallelRegistrations }, worker));
  }

  async #makeAdministrator(): Promise<string> {
    const name = `bench-admin-${randomBytes(4).toString("hex")}`;
    const made = await this.register({ name, password: randomBytes(24).toString("base64url"), admin: true });
    return String(made["access_token"]);
  }

  async #send(
    method: string,
    path: string,
    body?: Json,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Json> {
    const answer = await this.#server.request(this.#endpoint, path, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeoutMs: callTimeoutMs,
    });
    if (answer.status >= 200 && answer.status < 300) return answer.json() as Json;
    throw notDone(answer, `${method} ${path}`);
  }
}

/** 5xx from the proxy means that there was no homeserver to say no. */
function notDone(answer: HttpAnswer, what: string): HarnessError {
  const code = answer.status >= 500 ? "lab-fault" : "refused";
  return new HarnessError(code, `expected ${what} to succeed, got ${answer.status}: ${answer.text().slice(0, 500)}`);
}

const known = new WeakMap<ServerAccess, AdminApi>();

/** The same administrator for every call to one server. */
export function adminApi(server: ServerAccess): AdminApi {
  const api = known.get(server) ?? new AdminApi(server);
  known.set(server, api);
  return api;
}
