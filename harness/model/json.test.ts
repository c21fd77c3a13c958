import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assert as check, jsonValue, property } from "fast-check";
import { parseUntrusted } from "./json.ts";

describe("JSON of a server that is not trusted", () => {
  it("is read as JSON.parse reads it", () => {
    check(
      property(jsonValue({ maxDepth: 12 }), (value) => {
        const text = JSON.stringify(value);
        assert.deepEqual(parseUntrusted(text, "here"), JSON.parse(text));
      }),
    );
  });

  const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

  it("may have 200 levels and no more", () => {
    assert.ok(Array.isArray(parseUntrusted(nested(200), "here")));
    assert.throws(() => parseUntrusted(nested(201), "here"), {
      code: "disconnected",
      message: /200 levels from here/u,
    });
  });

  it("may hold brackets in texts, with quotes and backslashes around them", () => {
    for (const text of ["[".repeat(500), `\\"${"{".repeat(500)}`, `\\\\${"[".repeat(500)}"`]) {
      assert.equal(parseUntrusted(JSON.stringify(text), "here"), text);
    }
    const hidden = `{"a\\\\":${nested(300)}}`;
    assert.throws(() => parseUntrusted(hidden, "here"), { code: "disconnected" });
  });

  it("is no JSON in the server's first words", () => {
    assert.throws(
      () => parseUntrusted("<html>".repeat(1_000), "here"),
      (error: Error) => error.message.length < 200,
    );
  });
});
