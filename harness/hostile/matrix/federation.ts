import { HarnessError } from "../../model/errors.ts";
import type { HttpAnswer } from "../../model/candidate.ts";
import type { RunningServer } from "../../model/server.ts";
import { authorization, canonical, eventId, signEvent, withHash, type Json, type SigningKey } from "./events.ts";

// The calling half: requests to the candidate as a server, and events in a room that was joined over federation.

/** Who signs a request, and as whom. */
export interface Caller {
  readonly domain: string;
  readonly key: SigningKey;
}

export interface Request {
  readonly method?: string;
  readonly uri: string;
  readonly content?: unknown;
  /** Replaces the Authorization header; "" leaves it out. */
  readonly authorization?: string;
  /** Body as it goes out, where it is to differ from what was signed. */
  readonly body?: string;
}

const answerMs = 20_000;

/** One request between servers, signed. Throws `lab-fault` when no answer comes. */
export async function call(server: RunningServer, caller: Caller, request: Request): Promise<HttpAnswer> {
  const endpoint = server.endpoint("matrix-federation");
  if (endpoint === undefined || endpoint.port === 0) {
    throw new HarnessError("lab-fault", `expected ${server.domain} to have a port for other servers, got none`);
  }
  const { method = "GET", uri, content } = request;
  const header =
    request.authorization ??
    authorization(caller.key, {
      method,
      uri,
      origin: caller.domain,
      destination: server.domain,
      ...(content === undefined ? {} : { content }),
    });
  const body = request.body ?? (content === undefined ? undefined : canonical(content));
  try {
    return await server.request(endpoint, uri, {
      method,
      headers: {
        ...(header === "" ? {} : { authorization: header }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body }),
      timeoutMs: answerMs,
    });
  } catch (cause) {
    throw new HarnessError("lab-fault", `expected an answer to ${method} ${uri}, got: ${(cause as Error).message}`, {
      cause,
    });
  }
}

export const shown = (answer: HttpAnswer): string => `${answer.status} ${answer.text().slice(0, 1_500)}`;
export const isOk = ({ status }: HttpAnswer): boolean => status >= 200 && status < 300;

/** A transaction of PDUs and EDUs. */
export const transaction = (origin: string, pdus: readonly unknown[], edus: readonly unknown[] = []): Json => ({
  origin,
  origin_server_ts: Date.now(),
  pdus,
  edus,
});

export const sendPath = (): string => `/_matrix/federation/v1/send/${crypto.randomUUID()}`;

/** A room seen from a member's server: enough state to make events that pass the authorisation rules. */
export interface JoinedRoom {
  readonly id: string;
  readonly version: number;
  /** Event ids that authorise a message of the member. */
  readonly auth: readonly string[];
  /** Event ids that authorised the join: good for another person's join under the same join rules. */
  readonly joinAuth: readonly string[];
  /** The join itself. */
  readonly membership: string;
  readonly depth: number;
  readonly state: readonly Json[];
}

/** make_join, signature, send_join. Throws `refused` with the server's words. */
export async function joinRoom(
  server: RunningServer,
  caller: Caller,
  room: string,
  person: string,
): Promise<JoinedRoom> {
  const versions = ["10", "11", "12"].map((version) => `ver=${version}`).join("&");
  const made = await call(server, caller, {
    uri: `/_matrix/federation/v1/make_join/${encodeURIComponent(room)}/${encodeURIComponent(person)}?${versions}`,
  });
  if (!isOk(made)) throw new HarnessError("refused", `expected a template of a join, got ${shown(made)}`);
  const template = made.json() as { readonly room_version: string; readonly event: Json };
  const version = Number(template.room_version);
  const event = finish({ ...template.event, origin_server_ts: Date.now() }, caller, version);
  const id = eventId(event, version);
  const joined = await call(server, caller, {
    method: "PUT",
    uri: `/_matrix/federation/v2/send_join/${encodeURIComponent(room)}/${encodeURIComponent(id)}`,
    content: event,
  });
  if (!isOk(joined)) throw new HarnessError("refused", `expected the join to be taken, got ${shown(joined)}`);
  const { state } = joined.json() as { readonly state: readonly Json[] };
  // Version 12 names the room by its create event, which then authorises without being cited.
  const authorising = version >= 12 ? ["m.room.power_levels"] : ["m.room.create", "m.room.power_levels"];
  const auth = state.filter((one) => authorising.includes(String(one["type"]))).map((one) => eventId(one, version));
  const joinAuth = (event["auth_events"] ?? []) as readonly string[];
  return { id: room, version, auth: [...auth, id], joinAuth, membership: id, depth: Number(event["depth"]), state };
}

/** Hash and signature of the caller. */
export const finish = (event: Json, { domain, key }: Caller, version: number): Json =>
  signEvent(withHash(event), domain, key, version);

/** An unsigned event on top of the member's own join. */
export const draft = (room: JoinedRoom, sender: string, type: string, content: Json, more: Json = {}): Json => ({
  type,
  room_id: room.id,
  sender,
  content,
  origin_server_ts: Date.now(),
  depth: room.depth + 1,
  prev_events: [room.membership],
  auth_events: room.auth,
  ...more,
});

export const textMessage = (text: string): Json => ({ msgtype: "m.text", body: text });
