import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDeb822, parseOneLine } from "./apt-sources.ts";

test("one-line sources are read with options, without comments and source packages", () => {
  const text = `
# deb http://old.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # ours
deb-src http://mirror.example/debian bookworm main
`;
  const expected = [{ uri: "http://mirror.example/debian", suite: "bookworm", components: ["main", "contrib"] }];
  assert.deepEqual(parseOneLine(text), expected);
});

test("a deb822 stanza gives one source per address and suite", () => {
  const text = `Types: deb deb-src
# a comment inside
URIs: http://a.example/debian
Suites: bookworm
 bookworm-updates
Components: main
Signed-By: /k.gpg

Types: deb
URIs: http://b.example/debian
Suites: bookworm
Components: main
Enabled: no
`;
  const expected = ["bookworm", "bookworm-updates"].map((suite) => ({
    uri: "http://a.example/debian",
    suite,
    components: ["main"],
  }));
  assert.deepEqual(parseDeb822(text), expected);
});
