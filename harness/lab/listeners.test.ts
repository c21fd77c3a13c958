import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { openPorts } from "./listeners.ts";

const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

test("only sockets that listen for other machines count", () => {
  const tables = [
    head,
    "   0: 00000000:1466 00000000:0000 0A 00000000:00000000 00:00000000 00000000   100        0 1 1",
    "   1: 0100007F:14A0 00000000:0000 0A 00000000:00000000 00:00000000 00000000   100        0 1 1",
    "   2: 0B00007F:9C41 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1",
    "   3: 020012AC:1466 010012AC:D2F0 01 00000000:00000000 00:00000000 00000000   100        0 1 1",
    head,
    "   0: 00000000000000000000000000000000:1466 00000000000000000000000000000000:0000 0A 00000000:00000000",
    "   1: 00000000000000000000000000000000:14A1 00000000000000000000000000000000:0000 0A 00000000:00000000",
    "   2: 00000000000000000000000001000000:14A0 00000000000000000000000000000000:0000 0A 00000000:00000000",
    "   3: 0000000000000000FFFF00000100007F:14A2 00000000000000000000000000000000:0000 0A 00000000:00000000",
  ].join("\n");
  deepEqual(openPorts(tables), [5222, 5281]);
});

test("an empty table means that nothing is open", () => {
  deepEqual(openPorts(""), []);
  deepEqual(openPorts(head), []);
});
