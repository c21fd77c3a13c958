import assert from "node:assert/strict";
import { test } from "node:test";
import { methodsIn } from "./stream-compression.ts";

const features = (inner: string): string => `<stream:features>${inner}</stream:features>`;

test("methods of stream compression are read from the features", () => {
  const ns = "http://jabber.org/features/compress";
  assert.deepEqual(
    methodsIn(features(`<compression xmlns='${ns}'><method>zlib</method><method>lzw</method></compression>`)),
    ["zlib", "lzw"],
  );
  assert.deepEqual(methodsIn(features(`<compression xmlns='${ns}'/>`)), ["no method named"]);
  assert.deepEqual(methodsIn(features("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")), []);
});
