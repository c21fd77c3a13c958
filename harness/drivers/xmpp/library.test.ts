import assert from "node:assert/strict";
import { test } from "node:test";
import { HarnessError } from "../../model/errors.ts";
import { parseElement } from "./library.ts";

test("an element is read whole, and what was broken before it does not spoil it", () => {
  for (const broken of ["<a><b></a>", "<iq>", "", "text", "</stream:stream>"]) {
    assert.throws(
      () => parseElement(broken),
      (error) => error instanceof HarnessError && error.code === "disconnected",
      broken,
    );
    const iq = parseElement("<iq type='result' id='1'><bind xmlns='x'><jid>a&amp;b</jid></bind></iq>");
    assert.equal(iq.getChild("bind", "x")?.getChildText("jid"), "a&b");
  }
});
