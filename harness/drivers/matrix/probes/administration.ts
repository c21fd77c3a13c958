import { HarnessError } from "../../../model/errors.ts";
import type { Attempt, RoleFacts } from "../../../model/probes.ts";
import type { Person, RunningServer } from "../../../model/server.ts";
import { roomPath } from "../client-api.ts";
import type { Call, Connection } from "../connection.ts";
import type { Connections } from "../connections.ts";
import { attemptCall } from "./attempt.ts";

/** Administrative calls as the specification and the documentation of the common homeservers name them. */
function adminCalls(domain: string, victim: Person): readonly Call[] {
  const user = encodeURIComponent(victim.address);
  const room = encodeURIComponent(`!room:${domain}`);
  const admin = "/_synapse/admin";
  const dendrite = "/_dendrite/admin";
  return [
    { path: `${admin}/v2/users?limit=10` },
    { path: `${admin}/v2/users/${user}` },
    { method: "PUT", path: `${admin}/v2/users/${user}`, body: { displayname: "changed" } },
    { method: "PUT", path: `${admin}/v1/users/${user}/admin`, body: { admin: true } },
    { method: "POST", path: `${admin}/v1/deactivate/${user}`, body: { erase: true } },
    { method: "POST", path: `${admin}/v1/reset_password/${user}`, body: { new_password: "changed-password-1" } },
    { method: "POST", path: `${admin}/v1/users/${user}/login`, body: {} },
    { method: "POST", path: `${admin}/v1/users/${user}/shadow_ban`, body: {} },
    { method: "PUT", path: `${admin}/v1/suspend/${user}`, body: { suspend: true } },
    { path: `${admin}/v1/whois/${user}` },
    { path: `${admin}/v2/users/${user}/devices` },
    { method: "DELETE", path: `${admin}/v1/users/${user}/media` },
    { method: "POST", path: `${admin}/v1/registration_tokens/new`, body: {} },
    { method: "POST", path: `${admin}/v1/send_server_notice`, body: { user_id: victim.address, content: {} } },
    { path: `${admin}/v1/rooms` },
    { method: "DELETE", path: `${admin}/v2/rooms/${room}`, body: { purge: true } },
    { method: "POST", path: `${admin}/v1/rooms/${room}/make_room_admin`, body: {} },
    { method: "POST", path: `${admin}/v1/purge_history/${room}`, body: { purge_up_to_ts: Date.now() } },
    { path: `${admin}/v1/federation/destinations` },
    { path: `${admin}/v1/event_reports` },
    { method: "POST", path: `${dendrite}/resetPassword/${user}`, body: { password: "changed-password-1" } },
    { method: "POST", path: `${dendrite}/evacuateUser/${user}`, body: {} },
    { method: "POST", path: `${dendrite}/evacuateRoom/${room}`, body: {} },
    { method: "POST", path: `${dendrite}/purgeRoom/${room}`, body: {} },
    { method: "POST", path: `${dendrite}/refreshDevices/${encodeURIComponent(`@victim:remote.${domain}`)}`, body: {} },
    { method: "POST", path: `${dendrite}/registrationTokens/new`, body: {} },
    { path: `${dendrite}/registrationTokens` },
    { path: `${dendrite}/fulltext/reindex` },
    // Client-server specification: "Server administration", for other people's accounts.
    { path: `/_matrix/client/v3/admin/whois/${user}` },
    { method: "PUT", path: `/_matrix/client/v1/admin/lock/${user}`, body: { locked: true } },
  ];
}

/**
 * The calls this server has: asked without a token, one that is there wants a login, one that is not there is not found. A server
 * that cannot do a thing has not refused it to anybody.
 */
async function servedCalls(connection: Connection, calls: readonly Call[]): Promise<readonly Call[]> {
  const answers = await Promise.all(calls.map((call) => connection.send(call)));
  return calls.filter((_, index) => ![404, 405].includes(answers[index]?.status ?? 404));
}

/** On the administration port where there is one: behind a filtering proxy the server itself would not be asked. */
export async function adminAsOrdinary(
  connections: Connections,
  server: RunningServer,
  person: Person,
  victim: Person,
  count: number,
): Promise<readonly Attempt[]> {
  const { token } = await connections.logIn(person);
  const kind = server.endpoint("admin-http") === undefined ? "matrix-client" : "admin-http";
  const connection = connections.to(server, kind);
  const calls = await servedCalls(connection, adminCalls(server.domain, victim));
  if (calls.length === 0)
    throw new HarnessError("harness-fault", `expected server ${server.id} to serve an administrative call, found none`);
  const attempts: Attempt[] = [];
  for (let index = 0; index < count; index += 1) {
    const call = calls[index % calls.length] as Call;
    attempts.push(await attemptCall(connection, { ...call, token }));
  }
  return attempts;
}

/** The administrator may see where somebody is logged in (client-server specification), and may not write into other people's room. */
export async function exerciseRole(
  connections: Connections,
  server: RunningServer,
  holder: Person,
  role: string,
  victim: Person,
): Promise<RoleFacts> {
  const [own, others] = [await connections.logIn(holder), await connections.logIn(victim)];
  const room = await others.createRoom({ preset: "private_chat" });
  const kind = server.endpoint("admin-http") === undefined ? "matrix-client" : "admin-http";
  const whois = `/_matrix/client/v3/admin/whois/${encodeURIComponent(victim.address)}`;
  const look: Call = { path: whois, token: own.token };
  const write: Call = {
    method: "PUT",
    path: `${roomPath(room)}/send/m.room.message/role-probe`,
    body: { msgtype: "m.text", body: "from an administrator" },
    token: own.token,
  };
  return {
    role,
    allowed: await attemptCall(connections.to(server, kind), look),
    denied: await attemptCall(own.connection, write, "PUT a message into a room of other people"),
  };
}
