import { pipeline as pipe } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import type { Store } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import type { SearchHit, SearchResult } from "../model/server.ts";
import { openLog } from "./container-log.ts";
import { BoundedText, type DockerClient } from "./daemon.ts";
import { execInto } from "./exec.ts";
import { formsOf, type NeedleForm } from "./needles.ts";
import type { DockerContainer } from "./networks.ts";
import { HitList, ScanStream } from "./scan.ts";

/** A dump of a filled database takes longer than a command. */
const readTimeoutMs = 300_000;

/** A store with the container that holds it. */
export interface OpenStore {
  readonly store: Store;
  readonly container: DockerContainer;
  /** Paths on a memory file system, which Docker's archive of a container leaves out. */
  readonly tmpfs: readonly string[];
}

interface Counted {
  readonly bytes: number;
  readonly files: number;
}

/**
 * Streams every store past the needles; memory stays bounded whatever a store holds. Throws `lab-fault` when a store cannot
 * be read to its end.
 */
export async function searchStores(
  docker: DockerClient,
  stores: readonly OpenStore[],
  needles: Readonly<Record<string, string>>,
): Promise<SearchResult> {
  const forms = formsOf(needles);
  if (forms.length === 0) throw new HarnessError("harness-fault", "expected something to search for, got no needles");
  const hits: SearchHit[] = [];
  const scanned: SearchResult["scanned"][number][] = [];
  for (const open of stores) {
    const { id, holds } = open.store;
    const list = new HitList();
    const counted = await readStore(docker, open, forms, list);
    hits.push(...list.hits().map((hit) => ({ ...hit, store: id, holds })));
    scanned.push({ store: id, holds, ...counted });
  }
  return { hits, scanned };
}

async function readStore(
  docker: DockerClient,
  open: OpenStore,
  forms: readonly NeedleForm[],
  hits: HitList,
): Promise<Counted> {
  const { read, id } = open.store;
  try {
    if (read.kind === "command") return await readCommand(docker, open.container, read.command, forms, hits);
    if (read.kind === "paths") return await readPaths(docker, open, read, forms, hits);
    return await readContainerLog(docker, open.container, forms, hits);
  } catch (cause) {
    throw new HarnessError("lab-fault", `expected to read the whole store "${id}", got: ${(cause as Error).message}`, {
      cause,
      hint: "Nothing may be concluded from a store that was not read.",
    });
  }
}

async function readCommand(
  docker: DockerClient,
  container: DockerContainer,
  command: readonly string[],
  forms: readonly NeedleForm[],
  hits: HitList,
): Promise<Counted> {
  const scan = new ScanStream(forms, "dump", hits);
  const stderr = new BoundedText(4096);
  const exitCode = await execInto(container, command, { stdout: scan, stderr }, { timeoutMs: readTimeoutMs });
  if (exitCode !== 0) throw new Error(`"${command.join(" ").slice(0, 200)}" ended with ${exitCode}: ${stderr.text()}`);
  const damage = unread("dump", scan);
  if (damage !== undefined) throw damage;
  return { bytes: scan.bytes, files: 1 };
}

/** A packed file that could not be unpacked may hide anything. */
function unread(name: string, { unpackError }: ScanStream): Error | undefined {
  return unpackError === undefined ? undefined : new Error(`${name} cannot be unpacked: ${unpackError}`);
}

async function readContainerLog(
  docker: DockerClient,
  container: DockerContainer,
  forms: readonly NeedleForm[],
  hits: HitList,
): Promise<Counted> {
  const scan = new ScanStream(forms, "container log", hits);
  await pipeline(await openLog(docker, container), scan);
  return { bytes: scan.bytes, files: 1 };
}

type PathsRead = Extract<Store["read"], { readonly kind: "paths" }>;

async function readPaths(
  docker: DockerClient,
  { container, tmpfs }: OpenStore,
  read: PathsRead,
  forms: readonly NeedleForm[],
  hits: HitList,
): Promise<Counted> {
  const scan = new TarScan(forms, hits, read);
  for (const path of read.paths) {
    if (tmpfs.some((mount) => path === mount || path.startsWith(`${mount}/`))) {
      await readFromInside(docker, container, path, scan.sink());
    } else {
      await pipeline(await container.getArchive({ path }), scan.sink());
    }
  }
  return { bytes: scan.bytes, files: scan.files };
}

/** Docker's archive of a container leaves memory file systems out; tar inside does not. */
async function readFromInside(
  docker: DockerClient,
  container: DockerContainer,
  path: string,
  stdout: NodeJS.WritableStream,
): Promise<void> {
  const stderr = new BoundedText(4096);
  const command = ["tar", "-cf", "-", path];
  const options = { timeoutMs: readTimeoutMs, user: "0" };
  const exitCode = await execInto(container, command, { stdout, stderr }, options);
  // 1: a file changed while it was read, which a running server's files do.
  if (exitCode > 1) throw new Error(`tar of ${path} ended with ${exitCode}: ${stderr.text()}`);
}

/** Searches contents and names of the files in tar streams. */
class TarScan {
  bytes = 0;
  files = 0;
  readonly #forms: readonly NeedleForm[];
  readonly #hits: HitList;
  readonly #only: RegExp;
  readonly #except: RegExp | undefined;

  constructor(forms: readonly NeedleForm[], hits: HitList, read: PathsRead) {
    this.#forms = forms;
    this.#hits = hits;
    this.#only = new RegExp(read.only ?? "");
    this.#except = read.except === undefined ? undefined : new RegExp(read.except);
  }

  /** A new sink for one tar stream. */
  sink(): NodeJS.WritableStream {
    const archive = extract();
    archive.on("entry", (header, stream, next) => {
      const wanted = header.type === "file" && this.#only.test(header.name) && !this.#except?.test(header.name);
      if (wanted) this.#scan(header.name, stream as unknown as NodeJS.ReadableStream, next);
      else stream.resume().once("end", next);
    });
    return archive;
  }

  #scan(name: string, stream: NodeJS.ReadableStream, next: (error?: Error | null) => void): void {
    scanName(name, this.#forms, this.#hits);
    const scan = new ScanStream(this.#forms, name, this.#hits);
    const done = (error?: Error | null): void => {
      this.bytes += scan.bytes;
      this.files += 1;
      next(error ?? unread(name, scan));
    };
    pipe(stream, scan, done);
  }
}

function scanName(name: string, forms: readonly NeedleForm[], hits: HitList): void {
  const bytes = Buffer.from(name, "utf8");
  for (const { needle, encoding, bytes: form } of forms) {
    if (bytes.includes(form))
      hits.add({ needle, encoding, location: name, excerpt: `file name ${name.slice(0, 200)}` });
  }
}
