import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { candidate } from "../candidates/prosody/candidate.ts";
import { createLab } from "../lab/create-lab.ts";
import type { RunningServer } from "../model/server.ts";

// A real Prosody in a container stands in for somebody else's server: the bench gets no more of it than address, authority and
// two accounts, as it would of Cisco Jabber. Nothing was tried on a real Jabber server.

interface Finding {
  readonly id: string;
  readonly outcome: string;
  readonly reason: string;
}

describe("a remote XMPP account, on Prosody as the remote endpoint", { timeout: 300_000 }, () => {
  const stack = new AsyncDisposableStack();
  const secrets = { alice: `a-${randomBytes(9).toString("hex")}`, bob: `b-${randomBytes(9).toString("hex")}` };
  let folder = "";
  let server: RunningServer;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "pruefstand-remote-xmpp-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const { signal } = new AbortController();
    const lab = stack.use(await createLab({ runId: `remote-${process.pid}`, outDir: folder, signal }));
    const deployment = stack.use(await lab.deploy({ candidate, config: "hardened", servers: 1, signal }));
    const [first] = deployment.servers;
    assert.ok(first);
    server = first;
    await server.administration.createAccounts([
      { name: "alice", password: secrets.alice },
      { name: "bob", password: secrets.bob },
    ]);
    await writeFile(join(folder, "remote-ca.pem"), server.ca);
    await writeFile(join(folder, "bob.secret"), `${secrets.bob}\n`, { mode: 0o600 });
  });
  after(() => stack.disposeAsync());

  async function check(more: string): Promise<{ readonly code: number | null; readonly told: string }> {
    const endpoint = server.endpoint("xmpp-client");
    assert.ok(endpoint);
    const path = join(folder, "remote.yaml");
    const text = `version: 1
id: remote-prosody
title: Prosody as somebody else's server
vendor: this test
protocol: xmpp
endpoint: { domain: ${server.domain}, host: ${endpoint.host}, port: ${endpoint.port}, tls: starttls }
ca: remote-ca.pem
accounts:
  - { name: alice, password: { env: PF_ALICE } }
  - { name: bob, password: { file: bob.secret } }
${more}`;
    await writeFile(path, text);
    const main = join(import.meta.dirname, "..", "cli", "main.ts");
    const args = ["--disable-warning=ExperimentalWarning", main, "remote", "check", path, "--json"];
    const env = { ...process.env, NO_COLOR: "1", PRUEFSTAND_DEBUG: "1", PF_ALICE: secrets.alice };
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", env, timeout: 120_000 });
    return { code: status, told: stdout + stderr };
  }

  const outcomes = (told: string): readonly (readonly [string, string])[] =>
    (JSON.parse(told) as readonly Finding[]).map(({ id, outcome }) => [id, outcome]);

  it("logs in and exchanges a message; guessing is not tried without a written permission", async () => {
    const { code, told } = await check("");
    assert.equal(code, 0, told);
    assert.deepEqual(outcomes(told), [
      ["login", "held"],
      ["wrong-password", "held"],
      ["message", "held"],
      ["guessing", "not-tested"],
    ]);
    assert.match(told, /not-tested: no authorisation/u);
    for (const secret of Object.values(secrets)) assert.ok(!told.includes(secret), told);
  });

  it("guesses where a valid permission covers it, and says what came", async () => {
    const paper = `permission: { document: Test, issuer: Test, date: "2020-01-01", expires: "2999-01-01", covers: [intrusive] }\n`;
    const { told } = await check(paper);
    const guessing = (JSON.parse(told) as readonly Finding[]).find(({ id }) => id === "guessing");
    assert.ok(["held", "failed"].includes(guessing?.outcome ?? ""), told);
    assert.match(guessing?.reason ?? "", /20 guesses/u);
  });
});
