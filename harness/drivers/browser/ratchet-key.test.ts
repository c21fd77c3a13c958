import assert from "node:assert/strict";
import { test } from "node:test";
import { ratchetKeyFor, ratchetKeyOf } from "./ratchet-key.ts";

const key = Buffer.alloc(32, 0xab);

const field = (number: number, value: Uint8Array | number): Buffer =>
  typeof value === "number"
    ? Buffer.from([number << 3, value])
    : Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), value]);

/** OMEMOMessage: counter, previous counter, ratchet key, ciphertext. */
const message2 = Buffer.concat([field(1, 7), field(2, 0), field(3, key), field(4, Buffer.alloc(16))]);
const authenticated = Buffer.concat([field(1, Buffer.alloc(16)), field(2, message2)]);
const exchange = Buffer.concat([field(1, 3), field(2, 1), field(3, key), field(4, key), field(5, authenticated)]);

/** SignalMessage: version, ratchet key with its type byte, counter, ciphertext, MAC. */
const typed = Buffer.concat([Buffer.from([5]), key]);
const signal = Buffer.concat([
  Buffer.from([0x33]),
  field(1, typed),
  field(2, 7),
  field(4, Buffer.alloc(16)),
  Buffer.alloc(8),
]);
const prekey = Buffer.concat([Buffer.from([0x33]), field(1, 3), field(2, typed), field(3, typed), field(4, signal)]);

test("the ratchet key is read from both versions, with and without a key exchange", () => {
  const v2 = "urn:xmpp:omemo:2";
  const v03 = "eu.siacs.conversations.axolotl";
  assert.equal(ratchetKeyOf(v2, authenticated.toString("base64"), false), key.toString("hex"));
  assert.equal(ratchetKeyOf(v2, exchange.toString("base64"), true), key.toString("hex"));
  assert.equal(ratchetKeyOf(v03, signal.toString("base64"), false), typed.toString("hex"));
  assert.equal(ratchetKeyOf(v03, prekey.toString("base64"), true), typed.toString("hex"));
});

test("what is not such a message has no ratchet key", () => {
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(40, 0xff), authenticated.subarray(0, 30)]) {
    assert.equal(ratchetKeyOf("urn:xmpp:omemo:2", bytes.toString("base64"), false), undefined);
  }
});

test("a stanza gives the key of the asked device only", () => {
  const stanza = `<message id="1"><encrypted xmlns="urn:xmpp:omemo:2"><header sid="9"><keys jid="a@b"><key rid="11">AAAA</key>
    <key rid="12">${authenticated.toString("base64")}</key></keys></header><payload>q6f=</payload></encrypted></message>`;
  assert.equal(ratchetKeyFor(stanza, "12"), key.toString("hex"));
  assert.equal(ratchetKeyFor(stanza, "13"), undefined);
});
