import { createHash, type Hash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { HarnessError } from "../model/errors.ts";
import { baseTag, ensureBase, type BuiltImage } from "./base-image.ts";
import { copyHostCa } from "./host-ca.ts";
import { dockerClient, type DockerClient } from "./daemon.ts";
import type { Suite } from "./debian-mirror.ts";
import { withLock } from "./file-lock.ts";
import { buildFolder } from "./image-build.ts";
import { imageDigest, imageLabels } from "./image-facts.ts";

/**
 * Images are built from a folder with a Dockerfile. What the Dockerfile says in its leading comments:
 *
 *     # base: trixie            the Debian base image (or bookworm); handed over as build argument BASE
 *     # ca-bundle: build        puts the host's CA certificates into the build context as host-ca.pem
 *     ARG BASE
 *     FROM ${BASE} AS build
 *     COPY host-ca.pem /tmp/host-ca.pem
 *     RUN SSL_CERT_FILE=/tmp/host-ca.pem pip install …
 *     FROM ${BASE}
 *     COPY --from=build /opt/app /opt/app
 *
 * An image may be made from other images of the lab: `# image NAME: path` hands the tag of the image in that folder (relative to
 * the Dockerfile's, or the word "candidate" for the candidate whose service it is) over as build argument NAME, and builds it
 * before. A folder below with a Dockerfile of its own is another image and no part of this one.
 *
 * A network that inspects TLS needs its own CA to fetch over https; host-ca.pem belongs into build stages only, and a
 * COPY of it into the last stage is refused. An ARG with one of the names in `hostArgs` gets the host's value.
 *
 * The tag is a hash over the files of the folder, the base and the build arguments: an unchanged folder is never built again.
 * TypeScript, templates and texts are rendered or read at run time, so they are neither hashed nor sent to the daemon.
 */
export interface ImageSource {
  /** Absolute path of the folder with the Dockerfile. */
  readonly folder: string;
  /** Name below `pruefstand/`, e.g. "prosody"; lower case, digits, hyphens. */
  readonly name: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** The candidate's own image, for a Dockerfile that is made from it. */
  readonly candidate?: ImageSource;
}

const notInImage = /\.(test\.ts|ts|hbs|md)$/;

/** Addresses of package indexes: they say where things come from, not what they are, so they stay out of the hash. */
const hostArgs = ["PIP_INDEX_URL", "UV_INDEX_URL", "GOPROXY", "GOSUMDB", "GONOSUMDB", "NPM_CONFIG_REGISTRY"];

interface Plan {
  readonly source: ImageSource;
  readonly tag: string;
  readonly suite: Suite;
  readonly needsHostCa: boolean;
  readonly args: readonly string[];
  /** Images this one is made from, by build argument. */
  readonly parts: ReadonlyMap<string, Plan>;
}

/** The tag an image has or will have; touches no daemon. */
export async function imageTag(source: ImageSource): Promise<string> {
  return (await planImage(source)).tag;
}

/** Builds the image unless the daemon has it. Throws `bad-input` for a wrong Dockerfile, `environment` when the build fails. */
export async function ensureImage(
  source: ImageSource,
  progress: (what: string) => void = () => {},
): Promise<BuiltImage> {
  return ensurePlanned(await dockerClient(), await planImage(source), progress);
}

async function ensurePlanned(docker: DockerClient, plan: Plan, progress: (what: string) => void): Promise<BuiltImage> {
  if ((await imageLabels(docker, plan.tag)) === undefined) {
    const onWait = (): void => progress(`waiting for another process that builds ${plan.source.name}`);
    await withLock(plan.tag, () => buildIfMissing(docker, plan, progress), { onWait });
  }
  return { tag: plan.tag, digest: await imageDigest(docker, plan.tag) };
}

async function buildIfMissing(docker: DockerClient, plan: Plan, progress: (what: string) => void): Promise<void> {
  if ((await imageLabels(docker, plan.tag)) !== undefined) return;
  const { name, folder, buildArgs } = plan.source;
  const base = await ensureBase(plan.suite, progress);
  const parts: Record<string, string> = {};
  for (const [argument, part] of plan.parts) parts[argument] = (await ensurePlanned(docker, part, progress)).tag;
  const context = await mkdtemp(join(tmpdir(), "pruefstand-build-"));
  try {
    progress(`building ${name}`);
    await cp(folder, context, {
      recursive: true,
      filter: (path) => path === folder || (!notInImage.test(path) && !isOwnImage(path)),
    });
    if (plan.needsHostCa) await copyHostCa(join(context, "host-ca.pem"));
    const args = { BASE: base.tag, ...parts, ...hostValues(plan.args), ...buildArgs };
    const labels = { "pruefstand.image": name };
    await buildFolder(docker, { tag: plan.tag, name, context, buildArgs: args, labels }, progress);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

async function planImage(source: ImageSource): Promise<Plan> {
  const dockerfile = await readDockerfile(source);
  const suite = suiteOf(dockerfile, source);
  const needsHostCa = /^#\s*ca-bundle:\s*build\s*$/m.test(dockerfile);
  if (needsHostCa) refuseCaInLastStage(dockerfile, source);
  const parts = await partsOf(dockerfile, source);
  const hash = createHash("sha256");
  hash.update(JSON.stringify([baseTag(suite), Object.entries(source.buildArgs ?? {}).toSorted(byName)]));
  for (const [argument, part] of parts) hash.update(`\0${argument}\0${part.tag}`);
  await hashFolder(hash, source.folder, "");
  const args = [...dockerfile.matchAll(/^\s*ARG\s+([A-Za-z_]\w*)/gim)].map((match) => match[1] ?? "");
  return {
    source,
    tag: `pruefstand/${source.name}:${hash.digest("hex").slice(0, 12)}`,
    suite,
    needsHostCa,
    args,
    parts,
  };
}

async function partsOf(dockerfile: string, source: ImageSource): Promise<ReadonlyMap<string, Plan>> {
  const parts = new Map<string, Plan>();
  for (const [, argument = "", place = ""] of dockerfile.matchAll(/^#\s*image\s+([A-Z_]+):\s*(\S+)\s*$/gm)) {
    parts.set(argument, await planImage(partOf(place, source)));
  }
  return parts;
}

function partOf(place: string, { folder, name, candidate }: ImageSource): ImageSource {
  if (place !== "candidate") return { folder: join(folder, place), name: basename(join(folder, place)) };
  if (candidate !== undefined) return candidate;
  throw new HarnessError("bad-input", `${name}/Dockerfile is made from a candidate's image, but belongs to none`);
}

/** A folder below that is an image of its own. */
const isOwnImage = (path: string): boolean => existsSync(join(path, "Dockerfile"));

async function readDockerfile({ folder, name }: ImageSource): Promise<string> {
  try {
    return await readFile(join(folder, "Dockerfile"), "utf8");
  } catch (cause) {
    throw new HarnessError("bad-input", `expected a Dockerfile for ${name} in ${basename(folder)}/, found none`, {
      cause,
    });
  }
}

function suiteOf(dockerfile: string, { name }: ImageSource): Suite {
  const found = /^#\s*base:\s*(\S+)\s*$/m.exec(dockerfile)?.[1];
  if (found === "trixie" || found === "bookworm") return found;
  const got = found === undefined ? "no such line" : `"${found}"`;
  throw new HarnessError("bad-input", `${name}/Dockerfile must begin with "# base: trixie|bookworm", got ${got}`);
}

function refuseCaInLastStage(dockerfile: string, { name }: ImageSource): void {
  const lastStage = dockerfile.split(/^FROM\s/im).at(-1) ?? "";
  if (!lastStage.split("\n").some(copiesHostCa)) return;
  throw new HarnessError(
    "bad-input",
    `${name}/Dockerfile copies host-ca.pem or the whole context into its last stage`,
    {
      hint: "Fetch in an earlier stage and COPY --from it: the host's certificates must not end up in an image.",
    },
  );
}

/** By name, or with everything else: a dot or a pattern that is not taken from another stage. */
function copiesHostCa(line: string): boolean {
  const [instruction = "", ...words] = line.trim().split(/\s+/);
  if (!/^(COPY|ADD)$/i.test(instruction)) return false;
  const fromStage = words.some((word) => word.startsWith("--from="));
  return words.some((word) => word.includes("host-ca") || (!fromStage && (/^\.\/?$/.test(word) || word.includes("*"))));
}

/** Paths and contents, in a fixed order. */
async function hashFolder(hash: Hash, root: string, below: string): Promise<void> {
  const entries = await readdir(join(root, below), { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(below, entry.name);
    if (isOwnImage(join(root, path))) continue;
    if (entry.isDirectory()) await hashFolder(hash, root, path);
    else if (!notInImage.test(path)) hash.update(`\0${path}\0`).update(await readFile(join(root, path)));
  }
}

function hostValues(args: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    hostArgs.flatMap((name) => {
      const value = process.env[name];
      return value === undefined || !args.includes(name) ? [] : [[name, value]];
    }),
  );
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}
