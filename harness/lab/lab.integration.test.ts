/**
 * The lab against a real daemon, with Prosody as the server. Everything runs in one lab and mostly on one pair of servers:
 * a deployment costs a second, and these tests undo what they break.
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect } from "node:tls";
import { candidate } from "../candidates/prosody/candidate.ts";
import type { Candidate, ServerAccess } from "../model/candidate.ts";
import { HarnessError, hasCode } from "../model/errors.ts";
import type { Deployment, Lab } from "../model/lab.ts";
import type { RunningServer } from "../model/server.ts";
import { cleanDeadRuns } from "./clean.ts";
import { createLab } from "./create-lab.ts";
import { dockerClient, type DockerClient } from "./daemon.ts";
import { labelNames } from "./labels.ts";

const { signal } = new AbortController();
const runId = `lab-test-${process.pid}`;

/** Prosody with an administration that hands out what administration functions get. */
const accesses = new Map<string, ServerAccess>();
const open: Candidate = {
  ...candidate,
  administration: {
    ...candidate.administration,
    disableAccount: (server) => Promise.resolve(void accesses.set(server.id, server)),
  },
};

let outDir: string;
let docker: DockerClient;
let lab: Lab;
let deployment: Deployment;
let a: RunningServer;
let b: RunningServer;

async function accessTo(server: RunningServer): Promise<ServerAccess> {
  await server.administration.disableAccount("nobody");
  const access = accesses.get(server.id);
  ok(access);
  return access;
}

/** What Prosody itself says about reaching the other server. */
async function ping(from: RunningServer, to: RunningServer): Promise<string> {
  const stdin = `xmpp:ping("${from.domain}", "${to.domain}", 5)\nquit\n`;
  const { stdout } = await (await accessTo(from)).exec("prosody", ["prosodyctl", "shell"], { stdin });
  return stdout;
}

const reaches = async (from: RunningServer, to: RunningServer): Promise<boolean> =>
  (await ping(from, to)).includes("OK: pong");

const containersOf = (run: string) =>
  docker.listContainers({ all: true, filters: { label: [`${labelNames.run}=${run}`] } });
const networksOf = (run: string) => docker.listNetworks({ filters: { label: [`${labelNames.run}=${run}`] } });

before(async () => {
  docker = await dockerClient();
  outDir = await mkdtemp(join(tmpdir(), "pruefstand-lab-test-"));
  lab = await createLab({ runId, outDir, signal });
  deployment = await lab.deploy({ candidate: open, config: "default", servers: 2, signal });
  [a, b] = deployment.servers as [RunningServer, RunningServer];
});

after(async () => {
  await lab?.[Symbol.asyncDispose]();
  await rm(outDir, { recursive: true, force: true });
  deepEqual(await containersOf(runId), []);
  deepEqual(await networksOf(runId), []);
});

test("servers are healthy, and their packages are known", async () => {
  deepEqual(await deployment.health(), []);
  const [image] = deployment.images;
  ok(image);
  ok(image.packages["prosody"]?.startsWith(candidate.version));
  ok(image.digest.startsWith("sha256:"));
});

test("ports are published on 127.0.0.1 and nowhere else", async () => {
  const published = (await containersOf(runId)).flatMap((each) => each.Ports).filter((port) => port.PublicPort);
  ok(published.length >= 8);
  deepEqual([...new Set(published.map((port) => port.IP))], ["127.0.0.1"]);
});

test("every container is labelled with its run and its owner", async () => {
  for (const { Labels } of await containersOf(runId)) ok(Labels[labelNames.owner]?.startsWith(`${process.pid}:`));
});

test("containers reach nothing outside and resolve no outside name at once", async () => {
  const access = await accessTo(a);
  const route = await access.exec("prosody", ["bash", "-c", "timeout 3 bash -c '</dev/tcp/192.0.2.1/80'"]);
  ok(route.exitCode !== 0);
  const name = await access.exec("prosody", ["timeout", "5", "getent", "hosts", "debian.org"]);
  equal(name.exitCode, 2, "getent says 2 for a name that does not exist, timeout says 124");
});

describe("https to a server", () => {
  test("is verified for its name with the run's authority", async () => {
    const endpoint = a.endpoint("xmpp-bosh");
    ok(endpoint);
    equal((await a.request(endpoint, endpoint.path)).status, 200);
    const wrong = { ...endpoint, servername: "wrong.pruefstand.test" };
    await rejects(a.request(wrong, endpoint.path), (error) => hasCode(error, "disconnected"));
  });

  test("is not trusted without the run's authority", async () => {
    const endpoint = a.endpoint("xmpp-https");
    ok(endpoint);
    const socket = connect({ host: endpoint.host, port: endpoint.port, servername: endpoint.servername });
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    ok(/SELF_SIGNED|UNABLE_TO/.test(error.code ?? ""), error.code);
  });
});

describe("a search of the stores", () => {
  test("finds a planted account in file names, files and logs, and counts what it read", async () => {
    await a.administration.createAccounts([{ name: "planted-7", password: "planted-password" }]);
    const { hits, scanned } = await a.search({ name: "planted-7", domain: a.domain, password: "planted-password" });
    const seen = new Set(hits.map((hit) => `${hit.needle} ${hit.holds} ${hit.encoding}`));
    for (const expected of ["name database percent", "domain database percent", "name logs plain"]) {
      ok(seen.has(expected), `${expected} in ${[...seen].join(", ")}`);
    }
    ok(!hits.some((hit) => hit.needle === "password"), "SCRAM stores no password");
    ok(scanned.every((store) => store.store === "uploads" || store.bytes > 0));
    deepEqual(
      scanned.map((store) => store.store),
      ["data", "uploads", "log"],
    );
  });

  test("of other kinds leaves stores out", async () => {
    const { scanned } = await a.search({ name: "planted-7" }, { holds: ["logs"] });
    deepEqual(
      scanned.map((store) => store.holds),
      ["logs"],
    );
  });
});

describe("faults", () => {
  test("a cut stops federation, clients still connect, and healing brings it back", async () => {
    ok(await reaches(a, b));
    await using cut = await deployment.faults.cutFederation(a, b);
    equal(await reaches(a, b), false);
    const endpoint = b.endpoint("xmpp-bosh");
    ok(endpoint);
    equal((await b.request(endpoint, endpoint.path)).status, 200);
    deepEqual(await deployment.health(), [], "a cut on purpose is no complaint");
    await cut[Symbol.asyncDispose]();
    ok(await reaches(a, b));
  });

  test("a killed server comes back on the same ports with its data", async () => {
    const endpoint = b.endpoint("xmpp-bosh");
    ok(endpoint);
    await b.administration.createAccounts([{ name: "survivor", password: "survivor-password" }]);
    const killed = await deployment.faults.kill(b);
    deepEqual(await deployment.health(), []);
    await rejects(b.request(endpoint, endpoint.path), (error) => hasCode(error, "disconnected"));
    await killed[Symbol.asyncDispose]();
    equal((await b.request(endpoint, endpoint.path)).status, 200);
    ok((await b.search({ name: "survivor" }, { holds: ["database"] })).hits.length > 0);
    deepEqual(await deployment.health(), []);
  });

  test("a paused server answers nothing until it is healed", async () => {
    const endpoint = b.endpoint("xmpp-bosh");
    ok(endpoint);
    await deployment.faults.pause(b);
    await rejects(b.request(endpoint, endpoint.path, { timeoutMs: 1000 }), (error) => hasCode(error, "deadline"));
    await deployment.heal();
    equal((await b.request(endpoint, endpoint.path)).status, 200);
  });

  test("what nobody broke on purpose is a complaint", async () => {
    await using other = await lab.deploy({ candidate, config: "hardened", servers: 1, signal });
    await other.breakLab("block-ports");
    ok((await other.health()).some((complaint) => complaint.includes("cut off")));
    await other.breakLab("kill-server");
    ok((await other.health()).some((complaint) => complaint.includes("ended with code 137")));
  });

  test("a scanner that was stopped says that the lab is broken", async () => {
    await using other = await lab.deploy({ candidate, config: "hardened", servers: 1, signal });
    await other.breakLab("stop-scanner");
    const [server] = other.servers;
    ok(server);
    await rejects(other.tls.scan(server), (error) => hasCode(error, "lab-fault"));
  });
});

describe("a deployment that cannot start", () => {
  test("says what the server said and leaves no container", async () => {
    const sabotage = {
      files: [{ service: "prosody", path: "/etc/prosody/prosody.cfg.lua", append: "this is not lua" }],
    };
    const count = (await containersOf(runId)).length;
    await rejects(
      lab.deploy({ candidate, config: "default", servers: 1, sabotage, signal }),
      (error) =>
        error instanceof HarnessError && error.code === "lab-fault" && /syntax error|prosody\.cfg/.test(error.message),
    );
    const servers = (await containersOf(runId)).filter((each) => each.Labels[labelNames.server] !== undefined);
    ok(servers.length <= count);
  });

  test("ends as interrupted when the run is", async () => {
    const abort = new AbortController();
    abort.abort();
    await rejects(lab.deploy({ candidate, config: "default", servers: 1, signal: abort.signal }), (error) =>
      hasCode(error, "interrupted"),
    );
  });
});

test("the two configurations differ visibly and the difference holds no secret", async () => {
  const diffs = await lab.configDiff(candidate);
  const main = diffs.find(({ path }) => path.endsWith("prosody.cfg.lua"));
  ok(main?.diff.includes('+\t"dialback"'));
});

/** Makes a network and a container with the labels of its own process, says so and waits. */
const leftover = `
  import { dockerClient } from ${JSON.stringify(join(import.meta.dirname, "daemon.ts"))};
  import { ownLabels } from ${JSON.stringify(join(import.meta.dirname, "labels.ts"))};
  const docker = await dockerClient();
  const [run, image] = process.argv.slice(-2);
  const Labels = ownLabels(run);
  const network = await docker.createNetwork({ Name: run, Labels, Internal: true });
  const HostConfig = { NetworkMode: network.id };
  const container = await docker.createContainer({ Image: image, Cmd: ["sleep", "300"], Labels, HostConfig });
  await container.start();
  await docker.createVolume({ Name: run, Labels });
  console.log("made");
  setInterval(() => {}, 1000);
`;

test("what a killed process leaves is removed, what a living one has is not", { timeout: 60_000 }, async () => {
  const run = `${runId}-child`;
  const image = deployment.images[0]?.tag ?? "";
  const child = spawn(process.execPath, ["--input-type=module", "--eval", leftover, "--", run, image], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(child.stdout, "data");
    await cleanDeadRuns();
    equal((await containersOf(run)).length, 1, "the owner lives");
    child.kill("SIGKILL");
    await once(child, "exit");
    await cleanDeadRuns();
    deepEqual(await containersOf(run), []);
    deepEqual(await networksOf(run), []);
    deepEqual((await docker.listVolumes({ filters: { label: [`${labelNames.run}=${run}`] } })).Volumes ?? [], []);
    ok((await containersOf(runId)).length > 0, "our own are still there");
  } finally {
    child.kill("SIGKILL");
  }
});
