import assert from "node:assert/strict";
import { test } from "node:test";
import { withFlippedBit } from "./end-to-end.ts";

const differences = (left: string, right: string): number =>
  Array.from(left).filter((character, index) => character !== right[index]).length;

test("exactly one character of the longest base64 run changes", () => {
  const raw = `{"sender":"@alice:a.pruefstand.test","content":{"session_id":"${"k".repeat(43)}","ciphertext":"${"Zm9v".repeat(40)}"}}`;
  const changed = withFlippedBit({ id: "1", raw, keyId: undefined }).raw;
  assert.equal(changed.length, raw.length);
  assert.equal(differences(raw, changed), 1);
  assert.ok(changed.includes(`"session_id":"${"k".repeat(43)}"`));
});

test("a message without a ciphertext stays as it is", () => {
  const message = { id: "1", raw: "<message><body>short</body></message>", keyId: undefined };
  assert.equal(withFlippedBit(message), message);
});
