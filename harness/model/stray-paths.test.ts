import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { isStrayFile, strayNames } from "./stray-paths.ts";

test("no stray name is changed on its way by a client that normalises addresses", () => {
  for (const name of strayNames) {
    const path = `/a/b/c/${name}`;
    equal(new URL(`https://a.test${path}`).pathname, path);
  }
  equal(new Set(strayNames).size, strayNames.length);
});

test("only the file itself is taken for it, not a page that names it", () => {
  ok(isStrayFile("200 root:x:0:0:root:/root:/bin/bash\n"));
  ok(isStrayFile("# users\nroot:x:0:0:root:/root:/bin/sh\n"));
  ok(!isStrayFile("<h1>/etc/passwd was not found, ask root:x</h1>"));
  ok(!isStrayFile(""));
});
