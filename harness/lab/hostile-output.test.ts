import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";

// What a container may write to us: a stream of the daemon that never ends, a file that unfolds without end, a line of gigabytes.
// Read in a process of its own with a small heap; a gigabyte each.

const mayGrowMegabytes = 256;

async function reads(
  what: string,
): Promise<{ readonly exit: number | null; readonly grown: number; readonly said: string }> {
  const child = spawn(
    process.execPath,
    ["--max-old-space-size=192", join(import.meta.dirname, "hostile-output.child.ts"), what],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const timer = setTimeout(() => child.kill("SIGKILL"), 120_000);
  child.once("close", resolve);
  const exit = await promise;
  clearTimeout(timer);
  const { grownBytes = Infinity, said = "" } = JSON.parse(output || "{}") as { grownBytes?: number; said?: string };
  return { exit, grown: Math.round(grownBytes / 1024 / 1024), said };
}

describe("what a container writes without end", () => {
  const cases: readonly (readonly [what: string, said: RegExp])[] = [
    ["output", /^4194304 bytes kept, cut off/u],
    ["output cut in the middle", /ended in the middle of a part/u],
    ["dump", /^1073741824 bytes searched, needle found/u],
    ["packed", /more than 512 MiB unpacked/u],
    ["scanner", /expected/u],
  ];
  for (const [what, words] of cases) {
    it(`does not fill our memory: ${what}`, async () => {
      const { exit, grown, said } = await reads(what);
      assert.equal(exit, 0);
      assert.match(said, words);
      assert.ok(grown < mayGrowMegabytes, `the process grew by ${grown} MiB`);
    });
  }
});
