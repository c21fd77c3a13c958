import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { encryptAttachment } from "../../drivers/matrix/attachment.ts";
import { createLab } from "../../lab/create-lab.ts";
import type { Deployment, Lab } from "../../model/lab.ts";
import type { Endpoint, RunningServer } from "../../model/server.ts";
import { candidate } from "./candidate.ts";

// What the composition adds to Synapse is really there: no scenario asks for these yet.

/** The harmless file every virus scanner knows (EICAR 2003). In two parts, so that a scanner on this machine leaves this text alone. */
const eicar = Buffer.from(String.raw`X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD` + "-ANTIVIRUS-TEST-FILE!$H+H*");
const clean = Buffer.from("The minutes of the meeting, without any virus.");

type Json = Readonly<Record<string, unknown>>;
interface Answer {
  readonly status: number;
  readonly body: Json;
}

const { signal } = new AbortController();

describe("Tchap composition", { timeout: 300_000 }, () => {
  let lab: Lab;
  let deployment: Deployment;
  let server: RunningServer;
  let token: string;

  const endpoint = (port: number): Endpoint => {
    const found = server.endpoints.find(({ labPort }) => labPort === port);
    assert.ok(found !== undefined, `no endpoint on ${port}`);
    return found;
  };

  async function call(port: number, method: string, path: string, body?: Json, as?: string): Promise<Answer> {
    const answer = await server.request(endpoint(port), path, {
      method,
      headers: {
        "content-type": "application/json",
        ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: answer.json() as Json };
  }

  async function newPerson(admin = false): Promise<{ readonly id: string; readonly token: string }> {
    const [name, password] = [`p-${randomBytes(4).toString("hex")}`, randomBytes(18).toString("base64url")];
    await server.administration.createAccounts([{ name, password, admin }]);
    const login = { type: "m.login.password", identifier: { type: "m.id.user", user: name }, password };
    const { status, body } = await call(443, "POST", "/_matrix/client/v3/login", login);
    assert.equal(status, 200, JSON.stringify(body));
    return { id: String(body["user_id"]), token: String(body["access_token"]) };
  }

  async function upload(bytes: Uint8Array): Promise<string> {
    const answer = await server.request(endpoint(443), "/_matrix/media/v3/upload", {
      method: "POST",
      headers: { "content-type": "application/octet-stream", authorization: `Bearer ${token}` },
      body: bytes,
    });
    assert.equal(answer.status, 200, answer.text());
    return String((answer.json() as Json)["content_uri"]);
  }

  const scanner = "/_matrix/media_proxy/unstable";
  const pathOf = (uri: string): string => uri.slice("mxc://".length);

  before(async () => {
    lab = await createLab({ runId: `test-tchap-${randomBytes(3).toString("hex")}`, outDir: "out/test", signal });
    deployment = await lab.deploy({ candidate, config: "hardened", servers: 1, signal });
    const [first] = deployment.servers;
    assert.ok(first !== undefined);
    server = first;
    ({ token } = await newPerson());
  });
  after(async () => {
    await deployment?.[Symbol.asyncDispose]();
    await lab?.[Symbol.asyncDispose]();
  });

  test("ClamAV finds EICAR in a plain file, lets a clean one through, and asks who wants to know", async () => {
    const [bad, good] = [await upload(eicar), await upload(clean)];
    const verdictOf = async (uri: string): Promise<unknown> =>
      (await call(8450, "GET", `${scanner}/scan/${pathOf(uri)}`, undefined, token)).body["clean"];
    assert.deepEqual([await verdictOf(bad), await verdictOf(good)], [false, true]);

    const blocked = await call(8450, "GET", `${scanner}/download/${pathOf(bad)}`, undefined, token);
    assert.deepEqual([blocked.status, blocked.body["reason"]], [403, "MCS_MEDIA_NOT_CLEAN"]);
    const passed = await server.request(endpoint(8450), `${scanner}/download/${pathOf(good)}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.deepEqual([passed.status, passed.text()], [200, clean.toString()]);
    const stranger = await server.request(endpoint(8450), `${scanner}/download/${pathOf(good)}`);
    assert.equal(stranger.status, 401);
  });

  test("ClamAV finds EICAR in an encrypted file whose key the client hands over", async () => {
    const verdictOf = async (bytes: Buffer): Promise<unknown> => {
      const { bytes: ciphertext, file } = await encryptAttachment(bytes);
      const metadata = { file: { ...file, url: await upload(ciphertext) } };
      const { status, body } = await call(8450, "POST", `${scanner}/scan_encrypted`, metadata, token);
      assert.equal(status, 200, JSON.stringify(body));
      return body["clean"];
    };
    assert.deepEqual([await verdictOf(eicar), await verdictOf(clean)], [false, true]);
  });

  test("an expired account is shut out and let in again by the administration", async () => {
    const [administrator, leaver] = [await newPerson(true), await newPerson()];
    const whoami = (): Promise<Answer> =>
      call(443, "GET", "/_matrix/client/v3/account/whoami", undefined, leaver.token);
    const end = async (at: number): Promise<void> => {
      const change = { user_id: leaver.id, expiration_ts: at };
      const path = "/_synapse/admin/v1/account_validity/validity";
      assert.equal((await call(8449, "POST", path, change, administrator.token)).status, 200);
    };
    assert.equal((await whoami()).status, 200);
    await end(Date.now() - 1_000);
    const { status, body } = await whoami();
    assert.deepEqual([status, body["errcode"]], [403, "ORG_MATRIX_EXPIRED_ACCOUNT"]);
    await end(Date.now() + 86_400_000);
    assert.equal((await whoami()).status, 200);
  });

  test("a room of version 12 cannot be made with the module, one of version 11 can", async () => {
    const create = (version: string): Promise<Answer> =>
      call(443, "POST", "/_matrix/client/v3/createRoom", { preset: "private_chat", room_version: version }, token);
    const [newer, older] = [await create("12"), await create("11")];
    assert.deepEqual([newer.status, older.status], [400, 200], JSON.stringify([newer.body, older.body]));
    assert.match(String(newer.body["error"]), /creator/iu);
  });

  test("a room is closed to externals until it is opened once, for good", async () => {
    const created = await call(443, "POST", "/_matrix/client/v3/createRoom", { preset: "private_chat" }, token);
    assert.equal(created.status, 200, JSON.stringify(created.body));
    const room = `/_matrix/client/v3/rooms/${encodeURIComponent(String(created.body["room_id"]))}`;
    const invite = (): Promise<Answer> =>
      call(443, "POST", `${room}/invite`, { user_id: "@guest:c.pruefstand.test" }, token);
    const rule = (name: string): Promise<Answer> =>
      call(443, "PUT", `${room}/state/im.vector.room.access_rules/`, { rule: name }, token);
    assert.deepEqual([(await invite()).status, (await rule("unrestricted")).status], [403, 200]);
    // The server of externals does not run here: no refusal by a rule any more, but nobody to deliver to.
    assert.notEqual((await invite()).status, 403);
    assert.equal((await rule("restricted")).status, 403);
  });
});
