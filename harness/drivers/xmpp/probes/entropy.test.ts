import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBits } from "./entropy.ts";

const base = "https://upload.a.pruefstand.test:5443/upload";

test("a part that repeats is not random, however long it is", () => {
  const user = "ab".repeat(20);
  assert.equal(randomBits(`${base}/${user}/0f0f/x.txt`, `${base}/${user}/1a2b/x.txt`), 16);
});

test("a random UUID counts 122 bits, a time-ordered one 74", () => {
  const four = ["9b2f3c1e-1111-4abc-9def-0123456789ab", "0b2f3c1e-2222-4abc-8def-0123456789ac"];
  const seven = ["01938a5c-1111-7abc-9def-0123456789ab", "01938a5d-2222-7abc-8def-0123456789ac"];
  assert.equal(randomBits(`${base}/${four[0]}/x`, `${base}/${four[1]}/x`), 122);
  assert.equal(randomBits(`${base}/${seven[0]}/x`, `${base}/${seven[1]}/x`), 74);
});

test("one fixed address has no randomness", () => {
  assert.equal(randomBits(`${base}/a/x`, `${base}/a/x`), 0);
});
