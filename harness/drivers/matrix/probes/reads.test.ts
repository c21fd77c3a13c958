import assert from "node:assert/strict";
import { it } from "node:test";
import { entropyBits } from "./reads.ts";

it("counts the bits of a media id from the smallest alphabet that holds it", () => {
  assert.equal(entropyBits("mxc://a.test/0000"), 4 * Math.log2(10));
  assert.equal(entropyBits("mxc://a.test/kqnPwohvBbkkQaoktFTteJCr"), 24 * Math.log2(52));
  assert.equal(entropyBits("mxc://a.test/abc_DEF-9"), 9 * 6);
  assert.equal(entropyBits("mxc://a.test/ä"), undefined);
});
