import assert from "node:assert/strict";
import { test } from "node:test";
import { encryptionFault, exposureOf, plainnessFault, serverWords, stanzaFacts } from "./stanzas.ts";

const encrypted =
  '<message id="1" xmlns="jabber:client"><body>no OMEMO here?</body><encrypted xmlns="urn:xmpp:omemo:2"><payload>q6f=</payload></encrypted></message>';

test("name, id, type and counter are read from the frame's own element only", () => {
  assert.deepEqual(stanzaFacts(`<message type='error' to="x" id='a&amp;b'><a h="9"/></message>`), {
    name: "message",
    id: "a&b",
    type: "error",
    handled: undefined,
  });
  assert.equal(stanzaFacts('<a xmlns="urn:xmpp:sm:3" h="17"/>')?.handled, 17);
  assert.equal(stanzaFacts("not an element"), undefined);
});

test("an OMEMO stanza with a hint for other clients counts as encrypted", () => {
  assert.equal(encryptionFault(encrypted, "the secret text"), undefined);
  assert.deepEqual(exposureOf(encrypted), { encryptedBy: ["urn:xmpp:omemo:2"], body: "no OMEMO here?" });
});

test("a stanza does not count as encrypted when the text stands in it", () => {
  const inBody = encrypted.replace("no OMEMO here?", "the secret text &amp; more");
  assert.equal(encryptionFault(inBody, "the secret text & more"), "its <body> is the text");
  const elsewhere = encrypted.replace("q6f=", "the secret text");
  assert.equal(encryptionFault(elsewhere, "the secret text"), "it holds the text in clear");
});

test("a stanza does not count as encrypted without an OMEMO element", () => {
  const other = encrypted.replace("urn:xmpp:omemo:2", "urn:example:rot13");
  assert.equal(encryptionFault(other, "the secret text"), "it has no OMEMO <encrypted> element");
  assert.equal(encryptionFault("", "the secret text"), "it has no OMEMO <encrypted> element");
});

test("an encrypted stanza does not count as plain", () => {
  assert.equal(plainnessFault(encrypted, "the secret text"), "it is encrypted (urn:xmpp:omemo:2)");
  assert.equal(plainnessFault("<message><body>a &lt; b</body></message>", "a < b"), undefined);
});

test("the server's words are its condition and text", () => {
  const failure =
    "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/><text>Who are you?</text></failure>";
  assert.equal(serverWords(failure), "not-authorized: Who are you?");
});
