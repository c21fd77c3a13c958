import { randomBytes } from "node:crypto";
import { HarnessError, hasCode } from "../../../model/errors.ts";
import type { Attempt, LoginAttempt } from "../../../model/probes.ts";
import type { Person } from "../../../model/server.ts";
import { hasSecrets, type Session } from "../../../model/session.ts";
import { jsonOf, mediaPath, roomPath, textOf, type ClientApi } from "../client-api.ts";
import type { Answer, Connection } from "../connection.ts";
import { attempt, attemptCall, conditionOf, outcomeOf, shown } from "./attempt.ts";

const password = (name: string, secret: string) => ({
  type: "m.login.password",
  identifier: { type: "m.id.user", user: name },
  password: secret,
});

/** One login, not repeated when the server asks to wait. */
export async function login(connection: Connection, name: string, secret: string): Promise<LoginAttempt> {
  const start = performance.now();
  const what = `login of ${name}`;
  try {
    const answer = await connection.send({
      method: "POST",
      path: "/_matrix/client/v3/login",
      body: password(name, secret),
    });
    return {
      what,
      outcome: outcomeOf(answer.status),
      answer: shown(answer),
      tookMs: performance.now() - start,
      blocked: answer.status === 429,
      condition: conditionOf(answer),
    };
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    const tookMs = performance.now() - start;
    return { what, outcome: "failed", answer: error.message, tookMs, blocked: false, condition: error.code };
  }
}

const ourData = /M_(?:PASSWORD_|WEAK_PASSWORD|USER_IN_USE|INVALID_USERNAME|EXCLUSIVE)/;

/** Registers with the one step a machine can do alone ("dummy"); accepted only if the new account can log in. */
export async function selfRegistration(connection: Connection, name: string, secret: string): Promise<Attempt> {
  const what = `registration of ${name}`;
  const register = (auth?: object): Promise<Answer> =>
    connection.send({
      method: "POST",
      path: "/_matrix/client/v3/register",
      body: { username: name, password: secret, ...(auth === undefined ? {} : { auth }) },
    });
  const { status: _, ...made } = await attempt(what, async () => {
    const first = await register();
    const { session } = jsonOf(first.text);
    return first.status === 401 && typeof session === "string" ? register({ type: "m.login.dummy", session }) : first;
  });
  // The server would take somebody, only not with this name or password: our mistake, no closed registration.
  if (made.outcome === "refused" && ourData.test(made.answer)) return { ...made, outcome: "failed" };
  if (made.outcome !== "accepted") return made;
  const entered = await login(connection, name, secret);
  return { ...made, outcome: entered.outcome, answer: `${made.answer}; login: ${entered.condition}` };
}

/**
 * Asks for a confirmation mail to an address of the allowed domain and to a foreign one (client-server specification,
 * "POST /register/email/requestToken"); accepted = the server takes the address and goes on.
 */
export async function domainBoundRegistration(
  connection: Connection,
  mailDomain: string,
): Promise<{ readonly own: Attempt; readonly foreign: Attempt }> {
  const ask = (domain: string): Promise<Attempt> =>
    attemptCall(
      connection,
      {
        method: "POST",
        path: "/_matrix/client/v3/register/email/requestToken",
        body: { client_secret: randomBytes(8).toString("hex"), email: `new-person@${domain}`, send_attempt: 1 },
      },
      `sign-up with an address of ${domain}`,
    );
  return { own: await ask(mailDomain), foreign: await ask(`not-${mailDomain}`) };
}

/** Display name, picture, a field of the profile, a note in the account data, and the name of the device. */
export async function plantProfile(api: ClientApi, person: Person): Promise<Readonly<Record<string, string>>> {
  const mark = randomBytes(6).toString("hex");
  const user = encodeURIComponent(person.address);
  const profile = `/_matrix/client/v3/profile/${user}`;
  const put = (path: string, body: object): Promise<unknown> => api.call({ method: "PUT", path, body });
  const planted: Record<string, string> = {
    "display name": `Planted Name ${mark}`,
    "profile picture": await api.upload(`portrait-${mark}.png`, onePixel, "image/png"),
    "account data": `planted-note-${mark}`,
    "device name": `Planted Device ${mark}`,
  };
  // Only the administration may set names where an operator wants it so (I-10).
  try {
    await put(`${profile}/displayname`, { displayname: planted["display name"] });
  } catch (error) {
    if (!hasCode(error, "refused")) throw error;
    delete planted["display name"];
  }
  await put(`${profile}/avatar_url`, { avatar_url: planted["profile picture"] });
  await put(`/_matrix/client/v3/user/${user}/account_data/test.pruefstand.note`, { note: planted["account data"] });
  const { device_id: device } = await api.call({ path: "/_matrix/client/v3/account/whoami" });
  await put(`/_matrix/client/v3/devices/${encodeURIComponent(textOf(device))}`, {
    display_name: planted["device name"],
  });
  // Profile fields of one's own came with version 1.16 of the specification.
  const phone = `+49-planted-${mark}`;
  try {
    await put(`${profile}/test.pruefstand.phone`, { "test.pruefstand.phone": phone });
    planted["phone in the profile"] = phone;
  } catch (error) {
    if (!hasCode(error, "refused")) throw error;
  }
  return planted;
}

/** PNG, 1 × 1, transparent. */
const onePixel = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);

/** Rooms asked for per session; more only repeat the same question. */
const roomsAsked = 3;

/** Asks with every token that is still held, then tries to get a new one. */
export async function readAfterDisabling(
  connection: Connection,
  person: Person,
  sessions: readonly Session[],
): Promise<readonly Attempt[]> {
  const attempts: Attempt[] = [];
  for (const [index, session] of sessions.entries()) {
    const token = hasSecrets(session) ? session.secrets()["access token"] : undefined;
    if (token === undefined) continue;
    const rooms = [...new Set(session.inbox().map(({ conversation }) => conversation.id))].slice(0, roomsAsked);
    const files = session.inbox().flatMap(({ attachment }) => attachment?.url ?? []);
    const paths = [
      "/_matrix/client/v3/sync?timeout=0",
      // Not the profile: servers may show that to anybody (specification), so it says nothing about this token.
      "/_matrix/client/v3/joined_rooms",
      ...rooms.map((room) => `${roomPath(room)}/messages?dir=b&limit=10`),
      ...files.slice(0, 1).map((url) => `/_matrix/client/v1/media/download/${mediaPath(url)}`),
    ];
    for (const path of paths) {
      attempts.push(await attemptCall(connection, { path, token }, `device ${index + 1}: GET ${path}`));
    }
  }
  return [...attempts, await login(connection, person.name, person.password)];
}
