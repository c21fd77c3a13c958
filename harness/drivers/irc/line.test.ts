import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { makeLine, parseLine } from "./line.ts";

test("a line with tags, prefix and trailing text is taken apart", () => {
  deepEqual(parseLine("@label=7;msgid=a\\sb\\:;x :alice!~u@host PRIVMSG #room :hello : world"), {
    tags: { label: "7", msgid: "a b;", x: "" },
    from: "alice",
    command: "PRIVMSG",
    params: ["#room", "hello : world"],
  });
});

test("a numeric keeps its parameters, and rubbish does not throw", () => {
  deepEqual(parseLine(":irc.example 001 alice :Welcome").params, ["alice", "Welcome"]);
  for (const text of ["", ":", "@", "@a", ":x", "  "]) equal(typeof parseLine(text).command, "string");
});

test("no text can smuggle a second command in", () => {
  equal(makeLine({ label: "1" }, "PRIVMSG", ["bob", "hi\r\nQUIT"]), "@label=1 PRIVMSG bob :hi  QUIT\r\n");
});
