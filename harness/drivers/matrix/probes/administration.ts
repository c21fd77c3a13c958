import type { Attempt, RoleFacts } from "../../../model/probes.ts";
import type { Person, RunningServer } from "../../../model/server.ts";
import { roomPath } from "../client-api.ts";
import type { Call } from "../connection.ts";
import type { Connections } from "../connections.ts";
import { attemptCall } from "./attempt.ts";

/** Administrative calls as the specification and the documentation of the common homeservers name them. */
function adminCalls(domain: string, victim: Person): readonly Call[] {
  const user = encodeURIComponent(victim.address);
  const room = encodeURIComponent(`!room:${domain}`);
  const admin = "/_synapse/admin";
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
    // Client-server specification: "Server administration", for other people's accounts.
    { path: `/_matrix/client/v3/admin/whois/${user}` },
    { method: "PUT", path: `/_matrix/client/v1/admin/lock/${user}`, body: { locked: true } },
  ];
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
  const calls = adminCalls(server.domain, victim);
  const attempts: Attempt[] = [];
  for (let index = 0; index < count; index += 1) {
    const call = calls[index % calls.length] as Call;
    attempts.push(await attemptCall(connection, { ...call, token }));
  }
  return attempts;
}

/** The administrator may list all accounts, and may not write into a room of other people. */
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
  const list: Call = { path: "/_synapse/admin/v2/users?limit=10", token: own.token };
  const write: Call = {
    method: "PUT",
    path: `${roomPath(room)}/send/m.room.message/role-probe`,
    body: { msgtype: "m.text", body: "from an administrator" },
    token: own.token,
  };
  return {
    role,
    allowed: await attemptCall(connections.to(server, kind), list),
    denied: await attemptCall(own.connection, write, "PUT a message into a room of other people"),
  };
}
