import { randomUUID } from "node:crypto";
import type { PlaintextFacts } from "../../../model/probes.ts";
import type { Endpoint, Person, RunningServer } from "../../../model/server.ts";
import { roomPath, type ClientApi } from "../client-api.ts";
import { attempt } from "./attempt.ts";
import { exposedPorts, sendPlain, type PlainCall } from "./plain-http.ts";

type Kind = "authenticate" | "deliver";

interface Try {
  readonly kind: Kind;
  readonly endpoint: Endpoint;
  readonly call: PlainCall;
}

/** Ports on which http could be answered: the plain one, and both TLS ports spoken to without TLS. */
const channels = ["http-plain", "matrix-client", "matrix-federation"] as const;

/** Logs in, sends with a valid token and hands over a federation transaction, all over http. */
export async function plaintext(
  server: RunningServer,
  person: Person,
  peer: Person,
  api: ClientApi,
  count: number,
): Promise<PlaintextFacts> {
  const room = await api.createRoom({ preset: "trusted_private_chat", invite: [peer.address] });
  const endpoints = channels.flatMap((kind) => server.endpoint(kind) ?? []).filter(({ port }) => port !== 0);
  const tries = endpoints.flatMap((endpoint) => triesOn(endpoint, person, room, api.token ?? ""));
  const facts: PlaintextFacts["attempts"][number][] = [];
  let httpContentResponses = 0;
  for (let index = 0; index < count && tries.length > 0; index += 1) {
    const { kind, endpoint, call } = tries[index % tries.length] as Try;
    const what = `${call.method} ${call.path} over http on port ${endpoint.labPort}`;
    const { status, ...fact } = await attempt(what, () => sendPlain(endpoint, call));
    if (status >= 200 && status < 300) httpContentResponses += 1;
    facts.push({ kind, ...fact });
  }
  return {
    attempts: facts,
    saslBeforeTls: [],
    dialbackBeforeTls: undefined,
    httpContentResponses,
    portsExposed: await exposedPorts(server),
  };
}

function triesOn(endpoint: Endpoint, person: Person, room: string, token: string): readonly Try[] {
  const login = {
    type: "m.login.password",
    identifier: { type: "m.id.user", user: person.name },
    password: person.password,
  };
  const message = { msgtype: "m.text", body: "without TLS" };
  const transaction = { origin: endpoint.servername, origin_server_ts: Date.now(), pdus: [] };
  return [
    { kind: "authenticate", endpoint, call: { method: "POST", path: "/_matrix/client/v3/login", body: login } },
    {
      kind: "deliver",
      endpoint,
      call: { method: "PUT", path: `${roomPath(room)}/send/m.room.message/${randomUUID()}`, token, body: message },
    },
    { kind: "authenticate", endpoint, call: { method: "GET", path: "/_matrix/client/v3/account/whoami", token } },
    {
      kind: "deliver",
      endpoint,
      call: { method: "PUT", path: `/_matrix/federation/v1/send/${randomUUID()}`, body: transaction },
    },
  ];
}
