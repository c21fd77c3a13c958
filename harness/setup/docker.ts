import { spawn } from "node:child_process";
import { mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { HarnessError } from "../model/errors.ts";
import { projectRoot } from "../lab/cache-folder.ts";
import { canInstallPackages, findCommand, installPackages, runCommand, systemName, type Progress } from "./system.ts";

/** A daemon that answered. */
export interface DaemonFacts {
  readonly version: string;
  readonly apiVersion: string;
  readonly operatingSystem: string;
}

/** Version and system of the daemon, or undefined when none answers. Uses the same client as the lab, so DOCKER_HOST counts. */
export async function askDaemon(): Promise<DaemonFacts | undefined> {
  try {
    // Late, because loading testcontainers costs half a second and most commands never need it.
    const { dockerClient } = await import("../lab/daemon.ts");
    const docker = await dockerClient();
    const answers = Promise.all([docker.version(), docker.info()]);
    answers.catch(() => undefined);
    const answer = await Promise.race([answers, pause(answerWithinMs, undefined, { ref: false })]);
    if (answer === undefined) return undefined;
    const [version, info] = answer;
    return { version: version.Version, apiVersion: version.ApiVersion, operatingSystem: String(info.OperatingSystem) };
  } catch {
    return undefined;
  }
}

/** A daemon that locked up (moby 42545) still accepts connections and answers no request about networks, `info` among them. */
const answerWithinMs = 30_000;

const enginePackages = ["docker.io", "iptables"];
/** A first start initialises storage and networks; on a slow disk that takes a while. */
const startTimeoutMs = 90_000;

/**
 * Returns when a Docker daemon answers: the one that is there, else (root on a Debian-family system) the distribution's, installed
 * and started. Throws `environment` with the command that helps.
 */
export async function ensureDocker(progress: Progress = () => {}): Promise<DaemonFacts> {
  const running = await askDaemon();
  if (running !== undefined) return running;
  if (process.env["DOCKER_HOST"] !== undefined) throw noDaemon("the daemon that DOCKER_HOST names does not answer");
  if (!(await canInstallPackages())) throw noDaemon(await whyNone());
  // A docker command alone (client package) is no engine: ask for dockerd.
  const commands = await Promise.all(["dockerd", "iptables"].map(findCommand));
  if (commands.includes(undefined)) await installPackages(enginePackages, progress);
  return startDaemon(progress);
}

/** Tools that make a base image and a browser profile; installed where that is allowed, otherwise left to the step that needs them. */
export async function ensureTools(progress: Progress = () => {}): Promise<void> {
  const missing = (await findCommand("mmdebstrap")) === undefined ? ["mmdebstrap"] : [];
  if (missing.length > 0 && (await canInstallPackages())) await installPackages(missing, progress);
}

type Starter = readonly [string, ...string[]];

/** Where systemd or init scripts rule the distribution's service is used; elsewhere (containers) dockerd itself. */
async function startDaemon(progress: Progress): Promise<DaemonFacts> {
  progress("starting the Docker daemon");
  const starters: readonly Starter[] = [
    ["systemctl", "start", "docker"],
    ["service", "docker", "start"],
  ];
  for (const starter of starters) {
    const { exitCode } = await runCommand(starter, { timeoutMs: 120_000 });
    // An init script reports success before the daemon listens, and some report it although dockerd died.
    const facts = exitCode === 0 ? await waitForDaemon(30_000) : undefined;
    if (facts !== undefined) return facts;
  }
  const log = join(".cache", "dockerd.log");
  const ended = startDetached(await findCommand("dockerd"), join(projectRoot, log));
  const facts = await Promise.race([waitForDaemon(startTimeoutMs), ended]);
  if (facts !== undefined) return facts;
  throw new HarnessError("environment", "expected dockerd to answer within 90 s after its start, it did not", {
    hint: `Its last words are in ${log}; often iptables or the storage driver is the reason.`,
  });
}

/** Outlives this process, as the distribution's service would. Settles only when dockerd ends, which it should not. */
function startDetached(dockerd: string | undefined, log: string): Promise<undefined> {
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, "a");
  // dockerd looks for iptables and containerd on the PATH, and a shell without /usr/sbin on it is common.
  const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
  const child = spawn(dockerd ?? "dockerd", [], { detached: true, stdio: ["ignore", output, output], env });
  child.unref();
  return new Promise((resolve) => {
    child.on("error", () => resolve(undefined));
    child.on("exit", () => resolve(undefined));
  });
}

/** Looks every half second until a daemon answers; undefined after `timeoutMs`. */
async function waitForDaemon(timeoutMs: number): Promise<DaemonFacts | undefined> {
  const deadline = performance.now() + timeoutMs;
  do {
    const facts = await askDaemon();
    if (facts !== undefined) return facts;
    await pause(500);
  } while (performance.now() < deadline);
  return undefined;
}

async function whyNone(): Promise<string> {
  const command =
    (await findCommand("docker")) === undefined ? "there is no docker command" : "only the docker command is there";
  return `${command} on this ${systemName()}, and it cannot be installed without root on a Debian-family system`;
}

function noDaemon(found: string): HarnessError {
  return new HarnessError("environment", `expected a Docker daemon to answer, but ${found}`, { hint: dockerRemedy });
}

export const dockerRemedy =
  "Start Docker (sudo systemctl start docker), install it (sudo apt-get install docker.io), or set DOCKER_HOST; your user must be allowed to use it (sudo usermod -aG docker $USER).";
