import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { candidate } from "../../candidates/synapse/candidate.ts";
import { createLab } from "../../lab/create-lab.ts";
import type { Deployment, Lab } from "../../model/lab.ts";
import type { Person, RunningServer } from "../../model/server.ts";
import { hasEncryption, hasSecrets, type Driver } from "../../model/session.ts";
import { describeDriver } from "../contract.ts";
import { createMatrixDriver } from "./index.ts";

const { signal } = new AbortController();

async function startServers(
  config: "default" | "hardened",
  servers: 1 | 2,
): Promise<{ lab: Lab; deployment: Deployment }> {
  const lab = await createLab({ runId: `test-matrix-${randomBytes(3).toString("hex")}`, outDir: "out/test", signal });
  try {
    return { lab, deployment: await lab.deploy({ candidate, config, servers, signal }) };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

async function person(server: RunningServer, role: string): Promise<Person> {
  const name = `${role}-${randomBytes(4).toString("hex")}`;
  const password = randomBytes(18).toString("base64url");
  await server.administration.createAccounts([{ name, password }]);
  return { name, password, server, address: `@${name}:${server.domain}` };
}

describeDriver("Matrix sessions on Synapse", async () => {
  const { lab, deployment } = await startServers("default", 1);
  const [server] = deployment.servers;
  assert.ok(server !== undefined);
  const driver = createMatrixDriver();
  return {
    driver,
    server,
    faults: deployment.faults,
    address: (name) => `@${name}:${server.domain}`,
    async [Symbol.asyncDispose]() {
      await driver.close();
      await deployment[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
    },
  };
});

describe("Matrix on two hardened Synapse servers", { timeout: 400_000 }, () => {
  let lab: Lab;
  let deployment: Deployment;
  let driver: Driver;
  let encrypting: Driver;
  let a: RunningServer;
  let b: RunningServer;
  const soon = (what: string) => ({ what, withinMs: 30_000 });

  before(async () => {
    ({ lab, deployment } = await startServers("hardened", 2));
    const [first, second] = deployment.servers;
    assert.ok(first !== undefined && second !== undefined);
    [a, b] = [first, second];
    driver = createMatrixDriver();
    encrypting = createMatrixDriver({ encrypting: true });
  });
  after(async () => {
    await driver?.close();
    await encrypting?.close();
    await deployment?.[Symbol.asyncDispose]();
    await lab?.[Symbol.asyncDispose]();
  });

  test("a message crosses from one server to the other and back", async () => {
    await using alice = await driver.open(a, await person(a, "alice"));
    await using bob = await driver.open(b, await person(b, "bob"));
    const chat = await alice.openDirect(bob.address);
    await bob.join(chat, soon("Bob joins over federation"));
    await alice.send(chat, "over there");
    await bob.received(({ text }) => text === "over there", soon("Bob reads it on his server"));
    await bob.send(chat, "and back");
    await alice.received(({ text }) => text === "and back", soon("Alice reads the answer"));
  });

  test("encrypted text and file arrive, and the server's stores hold neither", async () => {
    const canary = `canary-${randomBytes(8).toString("hex")}`;
    await using alice = await encrypting.open(a, await person(a, "alice"));
    await using bob = await encrypting.open(a, await person(a, "bob"));
    assert.ok(hasEncryption(alice) && hasEncryption(bob) && hasSecrets(alice));
    const chat = await alice.openEncryptedDirect(bob.address);
    await bob.join(chat, soon("Bob joins the encrypted chat"));
    await alice.sendEncrypted(chat, canary);
    assert.equal((await bob.received(({ text }) => text === canary, soon("Bob decrypts"))).encrypted, true);
    await alice.sendEncryptedFile(chat, "report.txt", Buffer.from(`${canary} file`));
    const got = await bob.received(({ attachment }) => attachment !== undefined, soon("Bob sees the file"));
    assert.equal(Buffer.from((await got.attachment?.bytes()) ?? []).toString(), `${canary} file`);
    await alice.send(chat, `control-${canary.slice(-8)}`);
    const { hits } = await a.search({ canary, control: `control-${canary.slice(-8)}` });
    assert.deepEqual([...new Set(hits.map(({ needle }) => needle))], ["control"]);
  });

  test("probes see a server that refuses plaintext, registration, ordinary administration and reads without login", async () => {
    const [alice, bob, eve] = [await person(a, "alice"), await person(a, "bob"), await person(a, "eve")];
    await using session = await driver.open(a, alice);
    const probes = driver.probes;
    const plain = await probes.plaintext(a, alice, bob, 12);
    assert.deepEqual(new Set(plain.attempts.map(({ outcome }) => outcome)), new Set(["refused"]));
    assert.deepEqual([plain.attempts.length, plain.httpContentResponses, plain.portsExposed], [12, 0, []]);
    assert.equal((await probes.selfRegistration(a, "mallory", "mallory-password-1")).outcome, "refused");
    const admin = await probes.adminAsOrdinary(a, eve, bob, 20);
    assert.deepEqual(new Set(admin.map(({ outcome }) => outcome)), new Set(["refused"]));
    const group = await session.createGroup("files");
    assert.ok("sendFile" in session);
    const { url } = await (
      session as typeof session & { sendFile: (...all: unknown[]) => Promise<{ url: string }> }
    ).sendFile(group, "x.bin", Buffer.from("content"));
    const reads = await probes.unauthenticatedReads(a, alice, url);
    assert.deepEqual(new Set([...reads.media, ...reads.profiles].map(({ outcome }) => outcome)), new Set(["refused"]));
    assert.ok((reads.urlEntropyBits ?? 0) > 100);
    // Any logged-in person may fetch a file whose address they know.
    assert.equal((await probes.readAsStranger(a, eve, url)).outcome, "accepted");
  });

  test("guessing a password is blocked, the right one still works for others", async () => {
    const victim = await person(a, "victim");
    const answers = [];
    for (let guess = 0; guess < 8; guess += 1)
      answers.push(await driver.probes.login(a, victim.name, `wrong-${guess}`));
    assert.equal(answers.at(0)?.condition, "403 M_FORBIDDEN");
    assert.ok(answers.some(({ blocked }) => blocked));
    assert.equal((await driver.probes.login(a, (await person(a, "other")).name, "x")).blocked, false);
  });

  test("a leaver reads nothing more, on any device or by logging in", async () => {
    const leaver = await person(a, "leaver");
    const devices = [await driver.open(a, leaver), await driver.open(a, leaver)];
    await a.administration.disableAccount(leaver.name);
    for (const device of devices) {
      await assert.rejects(device.ping(), { code: "refused" });
      assert.ok((await device.ended).error instanceof Error);
    }
    const tries = await driver.probes.readAfterDisabling(a, leaver, devices);
    assert.deepEqual(new Set(tries.map(({ outcome }) => outcome)), new Set(["refused"]));
  });

  test("an erased account leaves neither profile nor files behind", async () => {
    const gone = await person(a, "gone");
    const planted = await driver.probes.plantProfile(a, gone);
    const kept = Object.fromEntries(Object.entries(planted).filter(([name]) => name !== "profile picture"));
    assert.ok((await a.search(kept)).hits.length > 0);
    await a.administration.deleteAccount(gone.name);
    const { hits } = await a.search(kept, { holds: ["database", "files", "media"] });
    assert.deepEqual(hits, []);
  });

  test("a filled account starts with all its conversations", async () => {
    const busy = await person(a, "busy");
    await driver.probes.fillConversations(a, busy, 12);
    const start = await driver.probes.clientStart(a, busy);
    assert.equal(start.conversations, 12);
    assert.ok(start.readyMs > 0);
  });

  test("a server taken off the allow list is refused, and messages at home go on", async () => {
    const alice = await person(a, "alice");
    await using session = await driver.open(a, alice);
    const bob = await person(b, "bob");
    assert.deepEqual(await a.administration.setFederationAllowList?.([a.domain]), { restarted: true });
    await assert.rejects(session.openDirect(bob.address), { code: "refused" });
    const other = await person(a, "other");
    await using home = await driver.open(a, other);
    const chat = await session.openDirect(other.address);
    await home.join(chat, soon("the colleague joins"));
  });
});
