import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { candidates } from "../../candidates/registry.ts";
import { createAuthority } from "../../lab/ca.ts";
import { createLab } from "../../lab/create-lab.ts";
import { hasCode } from "../../model/errors.ts";
import type { Deployment } from "../../model/lab.ts";
import type { Person, RunningServer } from "../../model/server.ts";
import type { Conversation } from "../../model/session.ts";
import { createBrowserDriver, type BrowserDriver } from "./driver.ts";
import type { EncryptingSession } from "./session.ts";

const soon = (what: string): { readonly what: string; readonly withinMs: number } => ({ what, withinMs: 20_000 });
const unique = (): string => randomBytes(6).toString("hex");

async function people(server: RunningServer, ...roles: readonly string[]): Promise<readonly Person[]> {
  const accounts = roles.map((role) => ({
    name: `${role}-${unique()}`,
    password: randomBytes(18).toString("base64url"),
  }));
  await server.administration.createAccounts(accounts);
  return accounts.map((account) => ({ ...account, server, address: `${account.name}@${server.domain}` }));
}

// The standard set: what the driver meets on an old generation is told by its scenarios.
for (const candidate of candidates.filter(({ protocol, standard }) => protocol === "xmpp" && standard === true)) {
  describe(`Converse.js in Chromium on ${candidate.title}`, () => {
    const stack = new AsyncDisposableStack();
    let deployment: Deployment;
    let server: RunningServer;
    let driver: BrowserDriver;
    let alice: EncryptingSession;
    let bob: EncryptingSession;
    let toBob: Conversation;

    before(async () => {
      const outDir = await mkdtemp(join(tmpdir(), "pruefstand-converse-"));
      stack.defer(() => rm(outDir, { recursive: true, force: true }));
      const { signal } = new AbortController();
      const runId = `converse-${process.pid}-${candidate.id}`;
      const lab = stack.use(await createLab({ runId, outDir, signal }));
      deployment = stack.use(await lab.deploy({ candidate, config: "hardened", servers: 1, signal }));
      const [first] = deployment.servers;
      assert.ok(first !== undefined);
      server = first;
      driver = stack.use(createBrowserDriver());
      const [one, two] = await people(server, "alice", "bob");
      assert.ok(one !== undefined && two !== undefined);
      alice = await driver.openEncrypting(server, one);
      bob = await driver.openEncrypting(server, two);
      toBob = await alice.openEncryptedDirect(bob.address);
    });
    after(() => stack.disposeAsync());

    test("twenty encrypted messages are decrypted on the other side, and none is readable on the wire", async () => {
      const texts = Array.from({ length: 20 }, (_, index) => `canary ${index} ${unique()} <&> "ß" 🔒`);
      for (const text of texts) await alice.sendEncrypted(toBob, text);
      for (const text of texts) {
        const message = await bob.received((each) => each.text === text, soon(`message "${text}"`));
        assert.equal(message.encrypted, true);
        assert.equal(message.from, alice.address);
      }
      const canaries = texts.map((text) => text.split(" ")[2] ?? "");
      const readable = [...alice.traffic(), ...bob.traffic()].filter(({ text }) =>
        canaries.some((one) => text.includes(one)),
      );
      assert.deepEqual(readable, []);
    });

    test("an answer comes back encrypted", async () => {
      const text = `answer ${unique()}`;
      await bob.sendEncrypted(await bob.openEncryptedDirect(alice.address), text);
      const message = await alice.received((each) => each.text === text, soon("Bob's answer"));
      assert.equal(message.encrypted, true);
    });

    test("an encrypted file is decrypted on the other side", async () => {
      const content = randomBytes(200_000);
      await alice.sendEncryptedFile(toBob, "plan.bin", content);
      const { attachment, encrypted } = await bob.received((each) => each.attachment !== undefined, soon("the file"));
      assert.equal(encrypted, true);
      assert.equal(attachment?.name, "plan.bin");
      assert.deepEqual(Buffer.from((await attachment?.bytes()) ?? []), content);
    });

    test("a plain message arrives unencrypted and is readable on the wire", async () => {
      const text = `plain control ${unique()}`;
      await alice.send(await alice.openDirect(bob.address), text);
      const message = await bob.received((each) => each.text === text, soon("the plain message"));
      assert.equal(message.encrypted, false);
      assert.ok(alice.traffic().some((frame) => frame.direction === "sent" && frame.text.includes(text)));
    });

    test("a chat stays encrypted after a plain message", async () => {
      const text = `encrypted again ${unique()}`;
      await alice.sendEncrypted(toBob, text);
      const message = await bob.received((each) => each.text === text, soon("the encrypted message"));
      assert.equal(message.encrypted, true);
    });

    test("two people who write first at the same time understand each other", async () => {
      const [one, two] = await people(server, "carol", "dave");
      assert.ok(one !== undefined && two !== undefined);
      await using carol = await driver.openEncrypting(server, one);
      await using dave = await driver.openEncrypting(server, two);
      const [toDave, toCarol] = await Promise.all([
        carol.openEncryptedDirect(dave.address),
        dave.openEncryptedDirect(carol.address),
      ]);
      await Promise.all([
        carol.sendEncrypted(toDave, "hello from Carol"),
        dave.sendEncrypted(toCarol, "hello from Dave"),
      ]);
      await carol.received((each) => each.encrypted && each.text === "hello from Dave", soon("Dave's message"));
      await dave.received((each) => each.encrypted && each.text === "hello from Carol", soon("Carol's message"));
    });

    test("a wrong password is refused in the server's words", async () => {
      const { password: _, ...rest } = alice.person;
      await assert.rejects(driver.openEncrypting(server, { ...rest, password: "wrong" }), (error) => {
        assert.ok(hasCode(error, "refused"), String(error));
        assert.match(error.message, /not-authorized/);
        return true;
      });
    });

    test("a certificate of another authority is not accepted", async () => {
      const other = createAuthority("another run").certificate;
      const strange = Object.create(server, { ca: { value: other } }) as RunningServer;
      await assert.rejects(driver.openEncrypting(strange, alice.person), (error) => {
        assert.ok(hasCode(error, "lab-fault"), String(error));
        assert.match(error.message, /ERR_CERT_AUTHORITY_INVALID/);
        return true;
      });
    });

    test("the client reaches nothing but the lab: pictures from its maker's site end at the tunnel", () => {
      // Chromium asks its own maker about the login form.
      const byClient = alice.blockedContacts().filter((target) => !target.endsWith(".googleapis.com:443"));
      assert.deepEqual([...new Set(byClient)], ["conversejs.org:443"]);
    });

    test("a killed server ends the session as a lost connection", async () => {
      await using _ = await deployment.faults.kill(server);
      const { error } = await alice.ended;
      assert.ok(hasCode(error, "disconnected"), String(error));
      await assert.rejects(alice.sendEncrypted(toBob, "too late"), (late) => hasCode(late, "disconnected"));
    });
  });
}
