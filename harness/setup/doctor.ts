import { access, constants, mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { projectRoot } from "../lab/cache-folder.ts";
import { chromiumVersion, findChromium } from "./chromium.ts";
import { askDaemon, dockerRemedy, type DaemonFacts } from "./docker.ts";
import { diskSpace, memory } from "./resources.ts";
import { findCommand, runCommand } from "./system.ts";

type DoctorState = "ok" | "warning" | "missing";

/** One precondition of a run: what is needed, what was found, and the command that helps. */
export interface DoctorCheck {
  readonly id: string;
  readonly title: string;
  readonly state: DoctorState;
  readonly found: string;
  /** One sentence; empty when the state is ok. */
  readonly remedy: string;
}

/** Measured: base and images of the standard candidates, stores and evidence of a run need about 8 GB. */
const diskNeeded = 12e9;
const diskLeast = 4e9;
/** Two Synapse instances with PostgreSQL, a browser and the harness. */
const memoryNeeded = 6e9;

/** Checks every precondition; changes nothing and never throws. `missing` keeps a run from working, `warning` may. */
export async function runDoctor(): Promise<readonly DoctorCheck[]> {
  const daemon = await askDaemon();
  const checks: readonly (readonly [id: string, title: string, check: () => Promise<Finding> | Finding])[] = [
    ["node", "Node.js 24.9 or newer", checkNode],
    ["npm-packages", "npm packages of the lockfile", checkPackages],
    ["docker-command", "docker command", checkDockerCommand],
    ["docker-daemon", "Docker daemon", () => checkDaemon(daemon)],
    ["base-images", "Debian base images", () => checkBase(daemon)],
    ["images", "candidate and tool images", () => checkImages(daemon)],
    ["chromium", "Chromium for client checks", checkChromium],
    ["certutil", "certutil for the browser's certificate store", checkCertutil],
    ["disk", "disk space", checkDisk],
    ["memory", "memory", checkMemory],
    ["loopback", "ports on 127.0.0.1", checkLoopback],
    ["leftovers", "leftovers of dead runs", () => checkLeftovers(daemon)],
    ["output", "out/ and .cache/ can be written", checkOutput],
  ];
  return Promise.all(checks.map(([id, title, check]) => doctorCheck(id, title, check)));
}

type Finding = Pick<DoctorCheck, "state" | "found" | "remedy">;

async function doctorCheck(id: string, title: string, check: () => Promise<Finding> | Finding): Promise<DoctorCheck> {
  try {
    return { id, title, ...(await check()) };
  } catch (error) {
    const found = `could not be checked: ${error instanceof Error ? error.message : String(error)}`;
    return {
      id,
      title,
      state: "warning",
      found,
      remedy: "Run ./pruefstand doctor again; if it stays, this is a fault of the bench.",
    };
  }
}

const ok = (found: string): Finding => ({ state: "ok", found, remedy: "" });
const warning = (found: string, remedy: string): Finding => ({ state: "warning", found, remedy });
const missing = (found: string, remedy: string): Finding => ({ state: "missing", found, remedy });

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const found = process.versions.node;
  const good = major > 24 || (major === 24 && minor >= 9);
  return good ? ok(found) : missing(found, "Start through ./pruefstand, which brings its own Node.");
}

async function checkPackages(): Promise<Finding> {
  try {
    const record = await readFile(join(projectRoot, "node_modules", ".package-lock.json"), "utf8");
    return ok(`${Object.keys((JSON.parse(record) as { packages: object }).packages).length} packages`);
  } catch {
    return missing("no node_modules", "Start through ./pruefstand, which installs them.");
  }
}

async function checkDockerCommand(): Promise<Finding> {
  const path = await findCommand("docker");
  if (path === undefined)
    return warning("none", "Not needed by the bench; for looking around: sudo apt-get install docker.io");
  const { stdout } = await runCommand([path, "--version"], { timeoutMs: 10_000 });
  return ok(stdout.trim());
}

function checkDaemon(daemon: DaemonFacts | undefined): Finding {
  if (daemon === undefined) return missing("no answer", dockerRemedy);
  return ok(`${daemon.version} (API ${daemon.apiVersion}) on ${daemon.operatingSystem}`);
}

async function checkBase(daemon: DaemonFacts | undefined): Promise<Finding> {
  const tags = daemon === undefined ? [] : await imageTags("pruefstand/base-");
  if (tags.length > 0) return ok(tags.join(", "));
  if ((await findCommand("mmdebstrap")) !== undefined) return ok("none yet, mmdebstrap can make them");
  const remedy = "Run: sudo apt-get install mmdebstrap (not needed where Docker reaches a registry).";
  return warning("none, and no mmdebstrap", remedy);
}

async function checkImages(daemon: DaemonFacts | undefined): Promise<Finding> {
  if (daemon === undefined) return warning("unknown without a daemon", dockerRemedy);
  const tags = (await imageTags("pruefstand/")).filter((tag) => !tag.startsWith("pruefstand/base-"));
  if (tags.length > 0) return ok(tags.join(", "));
  return warning("none yet", "The first ./pruefstand run builds them (needs a package mirror).");
}

async function imageTags(prefix: string): Promise<readonly string[]> {
  const { dockerClient } = await import("../lab/daemon.ts");
  const images = await (await dockerClient()).listImages();
  const tags = images.flatMap(({ RepoTags }) => RepoTags ?? []);
  return tags.filter((tag) => tag.startsWith(prefix)).toSorted((a, b) => (a < b ? -1 : 1));
}

async function checkChromium(): Promise<Finding> {
  const remedy = "Run: sudo apt-get install chromium (without it client checks are inconclusive).";
  const path = await findChromium();
  if (path === undefined) return missing("none", remedy);
  const version = await chromiumVersion(path);
  return version === undefined ? missing(`${path} does not start`, remedy) : ok(version);
}

async function checkCertutil(): Promise<Finding> {
  const path = await findCommand("certutil");
  return path === undefined ? missing("none", "Run: sudo apt-get install libnss3-tools") : ok(path);
}

async function checkDisk(): Promise<Finding> {
  const { freeBytes } = await diskSpace(projectRoot);
  const found = `${gigabytes(freeBytes)} free`;
  if (freeBytes >= diskNeeded) return ok(found);
  const remedy = `Free some: a full run needs about ${gigabytes(diskNeeded)}; ./pruefstand clean removes what dead runs left.`;
  return freeBytes >= diskLeast ? warning(found, remedy) : missing(found, remedy);
}

function checkMemory(): Finding {
  const { totalBytes } = memory();
  const found = `${gigabytes(totalBytes)} in all`;
  return totalBytes >= memoryNeeded
    ? ok(found)
    : warning(found, `Load rows may fail their gates below ${gigabytes(memoryNeeded)}.`);
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** A real listener: firewalls and network namespaces without a loopback exist. */
async function checkLoopback(): Promise<Finding> {
  const port = await new Promise<number>((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  }).catch(() => 0);
  return port > 0 ? ok("can listen") : missing("cannot listen", "Bring the loopback up: sudo ip link set lo up");
}

async function checkLeftovers(daemon: DaemonFacts | undefined): Promise<Finding> {
  if (daemon === undefined) return ok("none known without a daemon");
  const dead = await deadOwners();
  if (dead === 0) return ok("none");
  return warning(`${dead} containers or networks`, "Run: ./pruefstand clean (the next run does it too).");
}

/** Containers and networks whose owning process is gone (label `pruefstand.owner`). */
async function deadOwners(): Promise<number> {
  const { dockerClient } = await import("../lab/daemon.ts");
  const { isAlive } = await import("../lab/process-identity.ts");
  const docker = await dockerClient();
  const filters = { label: ["pruefstand.owner"] };
  const [containers, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
  ]);
  const owners = [...containers, ...networks].map(({ Labels }) => Labels?.["pruefstand.owner"] ?? "");
  return owners.filter((owner) => !isAlive(owner)).length;
}

async function checkOutput(): Promise<Finding> {
  for (const folder of ["out", ".cache"]) {
    try {
      await mkdir(join(projectRoot, folder), { recursive: true });
      await access(join(projectRoot, folder), constants.W_OK);
    } catch {
      return missing(`${folder}/ cannot be written`, `Give yourself the right: sudo chown -R $USER ${folder}`);
    }
  }
  return ok("yes");
}
