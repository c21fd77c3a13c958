import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { assert as check, integer, property, uint8Array } from "fast-check";
import { createAuthority } from "../../lab/ca.ts";
import type { Person, RunningServer } from "../../model/server.ts";
import { hasEncryption, hasSecrets } from "../../model/session.ts";
import { open, publicKeyOf, seal } from "./box.ts";
import { macOf, readCallback } from "./callback.ts";
import { createThreemaDriver } from "./driver.ts";
import type { ThreemaDriver } from "./driver.ts";
import { GatewayStandIn, newIdentity } from "./gateway-stand-in.ts";
import type { ThreemaSession } from "./session.ts";

// Against a local stand-in, named so: nothing here was tried on the real gateway.

const key = (): Uint8Array => new Uint8Array(randomBytes(32));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const soon = (what: string) => ({ what, withinMs: 10_000 });

describe("a NaCl box of the gateway's message format", () => {
  it("opens for the recipient with what was sealed, and shows no length below 32 bytes", () => {
    const [alice, bob] = [key(), key()];
    check(
      property(uint8Array({ maxLength: 500 }), integer({ min: 0, max: 255 }), (data, type) => {
        const sealed = seal({ type, data }, publicKeyOf(bob), alice);
        assert.ok(sealed.box.length >= 1 + 32 + 16);
        const opened = open(sealed, publicKeyOf(alice), bob);
        assert.deepEqual([opened?.type, hex(opened?.data ?? new Uint8Array())], [type, hex(data)]);
      }),
      { numRuns: 30 },
    );
  });

  it("does not open for another person, from another sender, or after a change", () => {
    const [alice, bob, eve] = [key(), key(), key()];
    const sealed = seal({ type: 1, data: Buffer.from("secret") }, publicKeyOf(bob), alice);
    assert.equal(open(sealed, publicKeyOf(alice), eve), undefined);
    assert.equal(open(sealed, publicKeyOf(eve), bob), undefined);
    const changed = new Uint8Array(sealed.box);
    changed[20] = (changed[20] ?? 0) ^ 1;
    assert.equal(open({ ...sealed, box: changed }, publicKeyOf(alice), bob), undefined);
    assert.equal(open({ ...sealed, nonce: sealed.nonce.slice(1) }, publicKeyOf(alice), bob), undefined);
  });

  it("uses a nonce once and hides equal texts behind different lengths", () => {
    const [alice, bob] = [key(), key()];
    const sealed = Array.from({ length: 50 }, () =>
      seal({ type: 1, data: Buffer.from("ja") }, publicKeyOf(bob), alice),
    );
    assert.equal(new Set(sealed.map(({ nonce }) => hex(nonce))).size, 50);
    assert.ok(new Set(sealed.map(({ box }) => box.length)).size > 5);
  });
});

describe("a callback", () => {
  // Values of a public test vector of the format (crate threema-gateway, receive.rs).
  const vector =
    "from=ECHOECHO&to=*TESTTST&messageId=0102030405060708&date=1616950936&nonce=ffffffffffffffffffffffffffffffffffffffffffffffff&box=012345abcdef&mac=622b362e8353658ee649a5548acecc9ce9b88384d6b7e08e212446d68455b14e";
  const secret = "nevergonnagiveyouup";

  it("is taken with the right MAC, which agrees with another implementation's test vector", () => {
    assert.equal(macOf(new URLSearchParams(vector), secret).toString("hex"), new URLSearchParams(vector).get("mac"));
    const message = readCallback(vector, () => secret);
    assert.deepEqual([message?.from, message?.to, message?.messageId], ["ECHOECHO", "*TESTTST", "0102030405060708"]);
  });

  it("is dropped with another secret, a changed field, a short MAC or for an unknown identity", () => {
    assert.equal(
      readCallback(vector, () => "other"),
      undefined,
    );
    assert.equal(
      readCallback(vector.replace("ECHOECHO", "ECHOECHA"), () => secret),
      undefined,
    );
    assert.equal(
      readCallback(vector.replace(/mac=.{10}/u, "mac="), () => secret),
      undefined,
    );
    assert.equal(
      readCallback(vector, () => undefined),
      undefined,
    );
    assert.equal(
      readCallback("", () => secret),
      undefined,
    );
  });
});

describe("the Threema Gateway driver against a local stand-in", () => {
  const authority = createAuthority("threema-test");
  const [alice, bob] = [newIdentity("*ALICE01"), newIdentity("*BOB0001")];
  const gatewayCertificate = authority.issue(["gateway.stand-in.test"]);
  const callbackCertificate = authority.issue(["callback.stand-in.test"]);
  const standIn = new GatewayStandIn({
    certificate: gatewayCertificate.chain,
    key: gatewayCertificate.key,
    ca: authority.certificate,
    identities: [alice, bob],
  });
  let driver: ThreemaDriver;
  let server: RunningServer;

  const person = (of: typeof alice, password = of.secret): Person => ({
    name: of.identity,
    password,
    server,
    address: of.identity,
  });

  before(async () => {
    const port = await standIn.listen();
    const endpoint = {
      kind: "threema-gateway",
      host: "127.0.0.1",
      port,
      labPort: port,
      servername: "gateway.stand-in.test",
      path: "",
    } as const;
    server = {
      id: "remote",
      domain: "gateway.stand-in.test",
      ca: authority.certificate,
      endpoints: [endpoint],
      endpoint: () => endpoint,
    } as unknown as RunningServer;
    driver = createThreemaDriver({
      privateKeyOf: (identity) =>
        [alice, bob].filter((one) => one.identity === identity).map((one) => hex(one.keys.secretKey))[0],
      callback: { port: 0, certificate: callbackCertificate.chain, key: callbackCertificate.key },
    });
    const callback = await driver.callbackPort();
    assert.ok(callback !== undefined);
    for (const { identity } of [alice, bob]) standIn.callbacks.set(identity, callback);
  });
  after(async () => {
    await driver?.close();
    await standIn.close();
  });

  it("sends boxes that the recipient can open, and receives the answer, both encrypted", async () => {
    await using hers = await driver.open(server, person(alice));
    await using his = await driver.open(server, person(bob));
    assert.ok(hasEncryption(hers));
    const chat = await hers.openDirect(bob.identity);
    const text = `Grüße <&> ${hex(randomBytes(4))}`;
    const sent = await hers.send(chat, text);
    const got = await his.received((message) => message.text === text, soon("Bob reads Alice's message"));
    assert.deepEqual([got.id, got.from, got.encrypted], [sent.id, alice.identity, true]);
    assert.deepEqual([standIn.opened.at(-1)?.type, standIn.opened.at(-1)?.text], [1, text]);
    assert.ok(standIn.wire.every((body) => !body.includes("Gr%C3%BC") && !body.includes(text)));
    await his.send(got.conversation, "Antwort");
    const answer = await hers.received((message) => message.text === "Antwort", soon("Alice reads the answer"));
    assert.equal(answer.conversation.id, bob.identity);
  });

  it("takes no message with a wrong MAC, no foreign box, and no message twice", async () => {
    await using his = (await driver.open(server, person(bob))) as ThreemaSession;
    const sealed = seal({ type: 1, data: Buffer.from("once") }, bob.keys.publicKey, alice.keys.secretKey);
    const message = { from: alice.identity, messageId: "00112233aabbccdd", ...sealed };
    assert.equal(await standIn.post(bob, message, "0".repeat(64)), 403);
    assert.equal(await standIn.post(bob, message), 200);
    await his.received(({ text }) => text === "once", soon("the message"));
    assert.equal(await standIn.post(bob, message), 200);
    const forged = seal({ type: 1, data: Buffer.from("forged") }, bob.keys.publicKey, key());
    await standIn.post(bob, { from: alice.identity, messageId: "ffeeddccbbaa0099", ...forged });
    const last = seal({ type: 1, data: Buffer.from("last") }, bob.keys.publicKey, alice.keys.secretKey);
    await standIn.post(bob, { from: alice.identity, messageId: "0000000000000001", ...last });
    await his.received(({ text }) => text === "last", soon("the message after the forged one"));
    assert.deepEqual(
      his.inbox().map(({ text }) => text),
      ["once", "last"],
    );
    assert.equal(his.rejected, 1);
  });

  it("says refused for a wrong secret, an unknown identity and missing credits, and never shows the secret", async () => {
    const wrong = "wrong-secret-0815";
    await assert.rejects(driver.open(server, person(alice, wrong)), (error: Error & { code: string }) => {
      assert.equal(error.code, "refused");
      assert.ok(!JSON.stringify([error.message, error.stack, Object.entries(error)]).includes(wrong));
      return true;
    });
    await using hers = await driver.open(server, person(alice));
    await assert.rejects(hers.openDirect("NOBODY00"), { code: "refused", message: /404/u });
    const chat = await hers.openDirect(bob.identity);
    standIn.credits = 0;
    await assert.rejects(hers.send(chat, "x"), { code: "refused", message: /402 no credits/u });
    standIn.credits = 100;
    assert.ok(hasSecrets(hers));
    assert.deepEqual(Object.keys(hers.secrets()), ["secret", "key"]);
  });

  it("never takes a certificate of another authority for a refusal, and quotes no address with the secret", async () => {
    const other = Object.create(server, { ca: { value: createAuthority("other").certificate } }) as RunningServer;
    await assert.rejects(driver.open(other, { ...person(alice), server: other }), (error: Error & { code: string }) => {
      assert.equal(error.code, "disconnected");
      assert.ok(!`${error.message} ${error.stack} ${String(error.cause)}`.includes(alice.secret));
      return true;
    });
  });

  it("refuses a text that is too long and everything the gateway does not have, by name", async () => {
    await using hers = await driver.open(server, person(alice));
    const chat = await hers.openDirect(bob.identity);
    await assert.rejects(hers.send(chat, "ü".repeat(1_751)), { code: "unsupported", message: /3500 bytes, got 3502/u });
    await assert.rejects(hers.createGroup("x"), { code: "unsupported" });
    await assert.rejects(hers.history(chat, 1), { code: "unsupported" });
    await assert.rejects(driver.openForLoad(server, person(alice)), { code: "unsupported" });
  });

  it("rejects what is pending when it is closed; closing twice is fine", async () => {
    const his = await driver.open(server, person(bob));
    const pending = assert.rejects(
      his.received(() => false, soon("a message that never comes")),
      {
        code: "disconnected",
      },
    );
    await his[Symbol.asyncDispose]();
    await his[Symbol.asyncDispose]();
    await pending;
    assert.equal((await his.ended).error, undefined);
    await assert.rejects(his.ping(), { code: "disconnected" });
  });

  it("needs a private key of its own", async () => {
    const without = createThreemaDriver({ privateKeyOf: () => undefined });
    await assert.rejects(without.open(server, person(alice)), { code: "bad-input", hint: /not end-to-end/u });
  });
});
