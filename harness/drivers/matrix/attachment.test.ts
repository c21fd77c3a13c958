import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasCode } from "../../model/errors.ts";
import { decryptAttachment, encryptAttachment } from "./attachment.ts";

const plain = new TextEncoder().encode("a report that the server must not read ".repeat(40));

describe("encrypted attachments", () => {
  it("give back the plaintext with the key of the event", async () => {
    const { bytes, file } = await encryptAttachment(plain);
    assert.deepEqual(await decryptAttachment(bytes, file), plain);
  });

  it("hold nothing of the plaintext", async () => {
    const { bytes } = await encryptAttachment(plain);
    assert.equal(Buffer.from(bytes).includes("report"), false);
  });

  it("never use key or counter twice", async () => {
    const [first, second] = [await encryptAttachment(plain), await encryptAttachment(plain)];
    assert.notDeepEqual(first.file["key"], second.file["key"]);
    assert.notEqual(first.file["iv"], second.file["iv"]);
  });

  it("are refused when one bit was changed on the way", async () => {
    const { bytes, file } = await encryptAttachment(plain);
    bytes[7] = (bytes[7] ?? 0) ^ 1;
    await assert.rejects(decryptAttachment(bytes, file), (error) => hasCode(error, "refused"));
  });
});
