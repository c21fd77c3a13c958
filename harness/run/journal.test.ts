import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { hasCode } from "../model/errors.ts";
import type { JournalEvent, RunFacts } from "../model/journal.ts";
import { seededRandom } from "../model/random.ts";
import { createJournal, parseJournal, readJournal, requireIntact, sha256 } from "./journal.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "pruefstand-journal-"));
});
after(() => rm(folder, { recursive: true, force: true }));

const started: JournalEvent = { type: "run-started", version: 1, run: { id: "test" } as RunFacts };
const step = (title: string): JournalEvent => ({
  type: "step",
  scenario: "SZ-90",
  candidate: "fake",
  config: "hardened",
  run: 1,
  title,
  tookMs: 1,
});

async function written(
  name: string,
  events: readonly JournalEvent[],
  redact = (text: string) => text,
): Promise<string> {
  const path = join(folder, name);
  const journal = await createJournal(path, { redact, now: () => "2026-11-23T00:00:00.000Z" });
  for (const event of events) void journal.append(event);
  await journal.close();
  return path;
}

describe("journal", () => {
  it("keeps the order of calls and chains each line to the one before", async () => {
    const path = await written("order.jsonl", [started, step("one"), step("two")]);
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    const journal = await readJournal(path);
    assert.deepEqual(journal.breaks, []);
    assert.equal(journal.torn, false);
    assert.deepEqual(
      journal.entries.map(({ seq, previous }) => [seq, previous]),
      [
        [0, ""],
        [1, sha256(lines[0] as string)],
        [2, sha256(lines[1] as string)],
      ],
    );
  });

  it("drops a last line that was cut off, at every length of it", async () => {
    const whole = await readFile(await written("torn.jsonl", [started, step("one"), step("two")]), "utf8");
    const lastStart = whole.lastIndexOf("\n", whole.length - 2) + 1;
    for (let length = lastStart + 1; length < whole.length; length++) {
      const journal = requireIntact(parseJournal("torn", whole.slice(0, length)));
      assert.equal(journal.torn, true);
      assert.equal(journal.entries.length, 2);
    }
  });

  it("names the place of a changed, a removed and an added line", async () => {
    const whole = await readFile(
      await written("changed.jsonl", [started, step("one"), step("two"), step("three")]),
      "utf8",
    );
    const lines = whole.trimEnd().split("\n");
    const breaksOf = (changed: readonly string[]): readonly number[] =>
      parseJournal("changed", `${changed.join("\n")}\n`).breaks.map(({ line }) => line);
    assert.deepEqual(breaksOf(lines.with(1, (lines[1] as string).replace("one", "two"))), [3]);
    assert.deepEqual(breaksOf(lines.toSpliced(1, 1)), [2, 3]);
    assert.deepEqual(breaksOf(lines.toSpliced(2, 0, "{}")), [3, 4, 5]);
    assert.throws(
      () => requireIntact(parseJournal("changed", lines.toSpliced(1, 1).join("\n").concat("\n"))),
      (error) => hasCode(error, "bad-input") && error.message.includes("line 2 "),
    );
  });

  it("refuses a journal of a newer bench and a journal without a line", () => {
    const newer = JSON.stringify({ seq: 0, at: "", previous: "", ...started, version: 2 });
    assert.throws(() => parseJournal("newer", `${newer}\n`), { message: /version 2, this bench reads 1/u });
    assert.throws(() => requireIntact(parseJournal("empty", "")), { message: /no whole line/u });
  });

  it("redacts secrets in values and keys before they reach the disk", async () => {
    const event = {
      ...step("password s3cret!"),
      error: { code: "refused", message: "s3cret! is wrong" },
    } as JournalEvent;
    const path = await written("secret.jsonl", [started, event], (text) => text.replaceAll("s3cret!", "[redacted]"));
    const text = await readFile(path, "utf8");
    assert.equal(text.includes("s3cret!"), false);
    assert.equal(text.split("[redacted]").length, 3);
  });

  it(
    "says that the disk is full and leaves whole lines, when a write fails",
    { skip: process.platform !== "linux" },
    async () => {
      // /dev/full cannot be created with "wx"; a file size limit gives the same short write.
      const path = join(folder, "full.jsonl");
      const child = spawn(
        "sh",
        [
          "-c",
          `ulimit -f 8; exec "$0" "$@"`,
          process.execPath,
          import.meta.dirname.concat("/journal-full.child.ts"),
          path,
        ],
        {
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
      await once(child, "exit");
      assert.match(output, /^environment: Expected to write the journal .*full\.jsonl/u);
      const journal = requireIntact(await readJournal(path));
      assert.ok(journal.entries.length > 5);
    },
  );

  it("parses after SIGKILL at 20 random moments", async () => {
    const random = seededRandom("kill");
    const counts: number[] = [];
    for (let round = 0; round < 20; round++) {
      const path = join(folder, `kill-${round}.jsonl`);
      const child = spawn(process.execPath, [join(import.meta.dirname, "journal-writer.child.ts"), path], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      const size = 1_000 + random.integer(60_000);
      while ((await stat(path)).size < size) await new Promise(setImmediate);
      child.kill("SIGKILL");
      await once(child, "exit");
      const journal = requireIntact(await readJournal(path));
      counts.push(journal.entries.length);
    }
    assert.ok(
      counts.every((count) => count >= 2),
      `entries: ${counts.join(", ")}`,
    );
    assert.ok(new Set(counts).size > 5, "the moments were not random");
  });

  it("never continues an existing file", async () => {
    const path = join(folder, "exists.jsonl");
    await writeFile(path, "");
    await assert.rejects(createJournal(path, { redact: (text) => text, now: () => "" }), { code: "environment" });
  });
});
