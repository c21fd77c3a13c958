import assert from "node:assert/strict";
import { test } from "node:test";
import { xml, type Element } from "./library.ts";
import { readMessage, retractionIn, stanzaId } from "./messages.ts";

const options = {
  own: "alice@a.pruefstand.test",
  speaker: (_room: string, nick: string) => nick,
  attachment: (url: string) => ({ name: "x", url, bytes: async () => new Uint8Array() }),
};
const message = (attributes: Record<string, string>, ...children: readonly Element[]): Element =>
  xml(
    "message",
    { from: "bob@b.pruefstand.test/phone", to: options.own, type: "chat", id: "m1", ...attributes },
    ...children,
  );

test("a chat message belongs to the conversation with its sender, an own one to that with its recipient", () => {
  const got = readMessage(message({}, xml("body", {}, "hello")), options);
  assert.deepEqual(
    [got?.conversation.id, got?.from, got?.text],
    ["bob@b.pruefstand.test", "bob@b.pruefstand.test", "hello"],
  );
  const own = message({ from: `${options.own}/desk`, to: "bob@b.pruefstand.test" }, xml("body", {}, "hi"));
  assert.equal(readMessage(own, options)?.conversation.id, "bob@b.pruefstand.test");
});

test("in a room the speaker is named, not the room", () => {
  const from = "room@conference.a.pruefstand.test/carol@a.pruefstand.test";
  const got = readMessage(message({ from, type: "groupchat" }, xml("body", {}, "hello")), options);
  assert.deepEqual(
    [got?.conversation.kind, got?.conversation.id, got?.from],
    ["group", "room@conference.a.pruefstand.test", "carol@a.pruefstand.test"],
  );
});

test("bounces, chat states and retractions are no messages", () => {
  const retract = xml("retract", { xmlns: "urn:xmpp:message-retract:1", id: "m0" });
  assert.equal(readMessage(message({ type: "error" }, xml("body", {}, "hello")), options), undefined);
  assert.equal(
    readMessage(message({}, xml("composing", { xmlns: "http://jabber.org/protocol/chatstates" })), options),
    undefined,
  );
  assert.equal(readMessage(message({}, retract, xml("body", {}, "fallback")), options), undefined);
  assert.deepEqual(retractionIn(message({}, retract)), { id: "m0", from: "bob@b.pruefstand.test/phone" });
});

test("only the room's own stanza id counts", () => {
  const forged = xml("stanza-id", { xmlns: "urn:xmpp:sid:0", id: "forged", by: "eve@b.pruefstand.test" });
  const real = xml("stanza-id", { xmlns: "urn:xmpp:sid:0", id: "real", by: "room@conference.a.pruefstand.test" });
  assert.equal(stanzaId(message({}, forged, real), "room@conference.a.pruefstand.test"), "real");
  assert.equal(stanzaId(message({}, forged), "room@conference.a.pruefstand.test"), undefined);
});
