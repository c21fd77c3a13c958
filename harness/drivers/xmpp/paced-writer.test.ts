import assert from "node:assert/strict";
import { test } from "node:test";
import { PacedWriter } from "./paced-writer.ts";

/** A writer whose stream keeps what is written and has received `arrived.count` stanzas. */
function writerOn(arrived: { count: number }): { readonly writer: PacedWriter; readonly written: readonly string[] } {
  const written: string[] = [];
  const writer = new PacedWriter({
    write: (text) => void written.push(text),
    handled: () => arrived.count,
    ask: () => "<r/>",
  });
  return { writer, written };
}

const microtasks = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("stanzas of one turn share a write, and the fiftieth asks for an acknowledgement", async (t) => {
  const { writer, written } = writerOn({ count: 0 });
  t.after(() => writer.stop());
  for (let sent = 0; sent < 49; sent++) writer.send("<m/>");
  await microtasks();
  writer.send("<m/>");
  await microtasks();
  assert.deepEqual(written, ["<m/>".repeat(49), "<m/><r/>"]);
});

test("a server that asked once is answered after fifty stanzas", (t) => {
  const arrived = { count: 0 };
  const { writer, written } = writerOn(arrived);
  t.after(() => writer.stop());
  writer.oweAnswer();
  for (arrived.count = 1; arrived.count <= 120; arrived.count++) writer.received();
  assert.deepEqual(written, ["<a xmlns='urn:xmpp:sm:3' h='50'/>"]);
});

test("the last word says what arrived, asked or not", (t) => {
  const { writer, written } = writerOn({ count: 7 });
  t.after(() => writer.stop());
  writer.finish();
  writer.finish();
  assert.deepEqual(written, ["<a xmlns='urn:xmpp:sm:3' h='7'/>"]);
});

test("answers and requests wait for the same moment", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { writer, written } = writerOn({ count: 3 });
  t.after(() => writer.stop());
  writer.oweAnswer();
  t.mock.timers.tick(1_999);
  assert.deepEqual(written, []);
  t.mock.timers.tick(1);
  assert.deepEqual(written, ["<a xmlns='urn:xmpp:sm:3' h='3'/>"]);
});
