import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { cleanDeadRuns } from "../lab/clean.ts";
import { dockerClient } from "../lab/daemon.ts";
import { seededRandom } from "../model/random.ts";
import { readJournal } from "../run/journal.ts";

// Real containers: whatever the moment, a killed run leaves a readable journal, and the next start leaves nothing of it.

const rounds = 20;
/** Every fifth kill falls into the start, the others after the journal was opened, until a small run is about to end. */
const startMs = 4_000;
const runMs = 12_000;

let out = "";
before(async () => {
  out = await mkdtemp(join(tmpdir(), "pruefstand-kill-"));
});
after(() => rm(out, { recursive: true, force: true }));

function start(...args: readonly string[]): ChildProcess {
  const main = join(import.meta.dirname, "main.ts");
  const env = { ...process.env, PRUEFSTAND_OUT: out, PRUEFSTAND_KEY_FOLDER: join(out, "keys") };
  return spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...args], { env, stdio: "ignore" });
}

const small = ["run", "--candidate", "prosody", "--only", "F-01", "--config", "hardened"];
const runIds = async (): Promise<readonly string[]> => (await readdir(out)).filter((name) => /^\d{8}-/u.test(name));

async function leftovers(ids: readonly string[]): Promise<readonly string[]> {
  const docker = await dockerClient();
  const filters = { label: ["pruefstand.run"] };
  const [containers, networks, volumes] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  const all = [...containers, ...networks, ...(volumes.Volumes ?? [])];
  return all.map(({ Labels }) => Labels?.["pruefstand.run"] ?? "").filter((id) => ids.includes(id));
}

/** The id of the new run as soon as it has a journal; undefined when the process ended before. */
async function journalOpened(known: ReadonlySet<string>, child: ChildProcess): Promise<string | undefined> {
  while (child.exitCode === null && child.signalCode === null) {
    for (const id of (await runIds()).filter((name) => !known.has(name))) {
      if ((await readdir(join(out, id))).includes("journal.jsonl")) return id;
    }
    await new Promise(setImmediate);
  }
  return undefined;
}

describe("a run that is killed with SIGKILL", () => {
  it(
    `leaves a readable journal at ${rounds} random moments, and nothing after the next start`,
    { timeout: 1_200_000 },
    async () => {
      const random = seededRandom("kill a run");
      let journals = 0;
      for (let round = 0; round < rounds; round++) {
        const known = new Set(await runIds());
        const child = start(...small);
        const ended = once(child, "exit");
        if (round % 5 !== 0) await journalOpened(known, child);
        const timer = setTimeout(() => child.kill("SIGKILL"), random.integer(round % 5 === 0 ? startMs : runMs));
        await ended;
        clearTimeout(timer);
        const [id] = (await runIds()).filter((name) => !known.has(name));
        const files = id === undefined ? [] : await readdir(join(out, id));
        if (id === undefined || !files.includes("journal.jsonl")) continue;
        const { entries, breaks } = await readJournal(join(out, id, "journal.jsonl"));
        assert.deepEqual(breaks, [], `round ${round}`);
        if (entries.length > 0) journals += 1;
      }
      assert.ok(journals >= rounds / 2, `only ${journals} of ${rounds} kills came after the journal was opened`);
      await cleanDeadRuns();
      assert.deepEqual(await leftovers(await runIds()), []);
    },
  );

  it("stops politely on SIGINT: exit code 130, report written, containers gone", { timeout: 120_000 }, async () => {
    const known = new Set(await runIds());
    const child = start(...small);
    const ended = once(child, "exit") as Promise<[number | null]>;
    const id = await journalOpened(known, child);
    child.kill("SIGINT");
    assert.deepEqual((await ended)[0], 130);
    assert.ok(id);
    const files = await readdir(join(out, id), { recursive: true });
    for (const file of ["result.json", "manifest.json", join("report", "index.html")])
      assert.ok(files.includes(file), file);
    assert.deepEqual(await leftovers([id]), []);
  });
});
