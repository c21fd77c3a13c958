import { equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { generateSecret, redacted, SecretKeeper } from "./secrets.ts";

const password = "s3cret+pass.word";

function keeper(): SecretKeeper {
  const made = new SecretKeeper();
  made.add(password);
  return made;
}

test("a secret is not readable in any usual encoding", () => {
  const sasl = Buffer.from(`\0alice\0${password}`).toString("base64");
  const hex = Buffer.from(password).toString("hex");
  const text = [`pw=${password}`, `<auth>${sasl}</auth>`, hex, encodeURIComponent(password)].join("\n");
  const clean = keeper().redact(text);
  for (const form of [password, hex, encodeURIComponent(password)]) ok(!clean.includes(form), clean);
  equal(
    Buffer.from(/<auth>(.*)<\/auth>/.exec(clean)?.[1] ?? "", "base64")
      .toString()
      .includes("pass"),
    false,
  );
  equal(clean.split(redacted).length - 1, 4);
});

test("other text stays as it is", () => {
  equal(keeper().redact("alice says hello"), "alice says hello");
});

test("values too short to be secrets do not black out words", () => {
  const made = new SecretKeeper();
  made.add("on");
  equal(made.redact("one on one"), "one on one");
});

test("generated secrets differ and need no quoting", () => {
  match(generateSecret(), /^[A-Za-z0-9]{32}$/);
  ok(generateSecret() !== generateSecret());
});
