import assert from "node:assert/strict";
import { test } from "node:test";
import { scram } from "./scram.ts";

test("SCRAM-SHA-1 gives the messages of RFC 5802 section 5", async () => {
  const exchange = scram("sha1", { name: "user", password: "pencil" }, { header: "n,," }, "fyko+d2lbbFgONRv9qkxdawL");
  assert.equal(exchange.first, "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
  const answer = await exchange.answer("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
  assert.equal(answer, "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
  exchange.verify("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
});

test("SCRAM-SHA-256 gives the messages of RFC 7677 section 3", async () => {
  const exchange = scram("sha256", { name: "user", password: "pencil" }, { header: "n,," }, "rOprNGfwEbeRWgbNEkqO");
  const answer = await exchange.answer(
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  );
  assert.equal(
    answer,
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  );
  exchange.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
});

test("a server that does not know the password is not believed", async () => {
  const exchange = scram("sha1", { name: "user", password: "pencil" }, { header: "n,," }, "nonce");
  await exchange.answer("r=nonceX,s=QSXCR+Q6sek8bf92,i=4096");
  assert.throws(() => exchange.verify("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="), { code: "refused" });
});

test("a challenge with a foreign nonce or an absurd iteration count is refused", async () => {
  const exchange = scram("sha1", { name: "user", password: "pencil" }, { header: "n,," }, "nonce");
  await assert.rejects(exchange.answer("r=other,s=QSXCR+Q6sek8bf92,i=4096"), { code: "refused" });
  await assert.rejects(exchange.answer("r=nonceX,s=QSXCR+Q6sek8bf92,i=99999999999"), { code: "refused" });
});
