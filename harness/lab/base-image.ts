import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { arch, tmpdir } from "node:os";
import { join } from "node:path";
import { HarnessError } from "../model/errors.ts";
import { cacheFolder } from "./cache-folder.ts";
import { dockerClient, followDaemon, type DockerClient } from "./daemon.ts";
import { mirrorVariable, sourceLines, suiteSources, type Suite, type SuiteSources } from "./debian-mirror.ts";
import { withLock } from "./file-lock.ts";
import { buildFolder } from "./image-build.ts";
import { imageDigest, imageLabels } from "./image-facts.ts";

export interface BuiltImage {
  readonly tag: string;
  /** Content address as the daemon knows it, "sha256:…". */
  readonly digest: string;
}

/** Part of the tag: raise it when the recipe below changes. */
const recipe = 1;
const packages = ["ca-certificates"];
const mirrorLabel = "pruefstand.mirror";

/** Tag of the base image of a suite; known without building it. */
export function baseTag(suite: Suite): string {
  const hash = createHash("sha256").update(JSON.stringify({ recipe, suite, packages, arch: arch() }));
  return `pruefstand/base-${suite}:${hash.digest("hex").slice(0, 12)}`;
}

/**
 * Makes sure that the Debian base image exists: pulled where a registry answers, else made with mmdebstrap from the mirror
 * of the host's apt configuration. An existing one is kept, unless the host has moved to another mirror (its sources would lead
 * nowhere). Backports are in the sources, used only with `-t <suite>-backports`. Throws `environment`.
 */
export async function ensureBase(suite: Suite, progress: (what: string) => void = () => {}): Promise<BuiltImage> {
  const docker = await dockerClient();
  const tag = baseTag(suite);
  const onWait = (): void => progress(`waiting for another process that makes the ${suite} base image`);
  return withLock(tag, () => makeIfNeeded(docker, suite, tag, progress), { onWait });
}

async function makeIfNeeded(
  docker: DockerClient,
  suite: Suite,
  tag: string,
  progress: (what: string) => void,
): Promise<BuiltImage> {
  const present = await imageLabels(docker, tag);
  const sources = await suiteSources(suite);
  const mirror = sources === undefined ? "registry" : mirrorHash(sources);
  if (present === undefined || (sources !== undefined && present[mirrorLabel] !== mirror)) {
    const labels = { "pruefstand.image": `base-${suite}`, [mirrorLabel]: mirror };
    await make(docker, suite, tag, { labels, sources }, progress);
  }
  return { tag, digest: await imageDigest(docker, tag) };
}

async function make(
  docker: DockerClient,
  suite: Suite,
  tag: string,
  { labels, sources }: { labels: Readonly<Record<string, string>>; sources: SuiteSources | undefined },
  progress: (what: string) => void,
): Promise<void> {
  if (await pulled(docker, suite, tag, labels, progress)) return;
  if (sources !== undefined) return bootstrap(docker, suite, tag, sources, labels, progress);
  throw new HarnessError("environment", `expected a registry or a Debian mirror with ${suite}, none answers`, {
    hint: `Check the network, or set ${mirrorVariable} to the address of a Debian archive that this machine reaches.`,
  });
}

/** A hash, because an address of the operator's network belongs into no label that ends in a report. */
function mirrorHash(sources: SuiteSources): string {
  return createHash("sha256").update(JSON.stringify(sources)).digest("hex").slice(0, 12);
}

/** Refusing name resolution takes milliseconds; a network that swallows packets must not hold up the run for minutes. */
const pullTimeoutMs = 60_000;

/** True when the official image could be pulled and given our finish; false when no registry answers. */
async function pulled(
  docker: DockerClient,
  suite: Suite,
  tag: string,
  labels: Readonly<Record<string, string>>,
  progress: (what: string) => void,
): Promise<boolean> {
  try {
    const stream = await docker.pull(`debian:${suite}-slim`, { abortSignal: AbortSignal.timeout(pullTimeoutMs) });
    progress(`pulling debian:${suite}-slim`);
    await followDaemon(docker, stream);
  } catch {
    return false;
  }
  const context = await mkdtemp(join(tmpdir(), "pruefstand-base-"));
  try {
    await writeFile(join(context, "Dockerfile"), finishDockerfile(suite));
    await buildFolder(docker, { tag, name: `base-${suite}`, context, labels }, progress);
    return true;
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** Adds what the bootstrapped image has and the official one lacks: backports and certificates. */
function finishDockerfile(suite: Suite): string {
  return [
    `FROM debian:${suite}-slim`,
    `RUN sed -i 's/^Suites: ${suite} ${suite}-updates$/& ${suite}-backports/' /etc/apt/sources.list.d/debian.sources \\`,
    ` && apt-get update && apt-get install -y --no-install-recommends ${packages.join(" ")} && rm -rf /var/lib/apt/lists/*`,
    "",
  ].join("\n");
}

async function bootstrap(
  docker: DockerClient,
  suite: Suite,
  tag: string,
  sources: SuiteSources,
  labels: Readonly<Record<string, string>>,
  progress: (what: string) => void,
): Promise<void> {
  progress(`making the ${suite} base image with mmdebstrap (about 20 s)`);
  const tar = join(await cacheFolder("base"), `${suite}-${process.pid}.tar`);
  try {
    await mmdebstrap(suite, tar, sources);
    await importTar(docker, tar, tag, labels);
  } finally {
    await rm(tar, { force: true });
  }
}

/** Same habits as the official images: no services started by packages, no documentation, no translations. */
function mmdebstrapArgs(suite: Suite, tar: string, sources: SuiteSources): readonly string[] {
  const policy = 'printf "#!/bin/sh\\nexit 101\\n" > "$1/usr/sbin/policy-rc.d" && chmod 755 "$1/usr/sbin/policy-rc.d"';
  return [
    "--variant=minbase",
    "--format=tar",
    `--include=${packages.join(",")}`,
    '--aptopt=Acquire::Languages "none"',
    ...sources.options.map((option) => `--aptopt=${option.replace(/;$/, "")}`),
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    `--customize-hook=${policy}`,
    '--customize-hook=rm -f "$1/etc/hostname" "$1/etc/resolv.conf"',
    suite,
    tar,
    ...sourceLines(sources),
  ];
}

async function mmdebstrap(suite: Suite, tar: string, sources: SuiteSources): Promise<void> {
  const { exitCode, tail } = await runTail("mmdebstrap", mmdebstrapArgs(suite, tar, sources));
  if (exitCode === 0) return;
  const got = exitCode === 127 ? "no mmdebstrap on this machine" : `exit code ${exitCode}; last lines:\n${tail}`;
  throw new HarnessError("environment", `expected mmdebstrap to make the ${suite} base image, got ${got}`, {
    hint: "Run: sudo apt-get install mmdebstrap (or give Docker access to a registry), then try again.",
  });
}

async function importTar(
  docker: DockerClient,
  tar: string,
  tag: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const [repo, version] = tag.split(":");
  const changes = [
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    'CMD ["/bin/bash"]',
    ...Object.entries(labels).map(([name, value]) => `LABEL ${name}=${value}`),
  ];
  const stream = await docker.importImage(createReadStream(tar), { repo, tag: version, changes });
  await followDaemon(docker, stream);
}

function runTail(file: string, args: readonly string[]): Promise<{ readonly exitCode: number; readonly tail: string }> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
    let tail = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (tail = (tail + text).slice(-4000)));
    child.on("error", () => resolve({ exitCode: 127, tail }));
    child.on("close", (code) => resolve({ exitCode: code ?? 1, tail: tail.trim().split("\n").slice(-20).join("\n") }));
  });
}
