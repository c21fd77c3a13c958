import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { parsePackages } from "./packages.ts";

test("versions are read from dpkg-query and from pip", () => {
  deepEqual(parsePackages("prosody\t13.0.6-1~bpo13+1\nlua5.4:amd64 5.4.7\n\nmatrix-synapse==1.163.2\nwarning\n"), {
    prosody: "13.0.6-1~bpo13+1",
    "lua5.4:amd64": "5.4.7",
    "matrix-synapse": "1.163.2",
  });
});
