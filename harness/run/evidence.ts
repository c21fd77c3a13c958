import { lstat, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConfigName } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import { sha256 } from "./journal.ts";

/** More than this of one file is cut off: a candidate must not fill the disk. */
export const maximumEvidenceBytes = 16 * 1024 * 1024;
const maximumNameLength = 100;

/** A file name that stays in its folder on every system, whatever a candidate put into it. */
export function safeName(name: string): string {
  const plain = name
    .normalize("NFKD")
    .replaceAll(/[^A-Za-z0-9._-]+/gu, "_")
    .replace(/^[._-]+/u, "")
    .replaceAll(/\.{2,}/gu, ".");
  const ending = /\.[A-Za-z0-9]{1,8}(?:\.[A-Za-z0-9]{1,8})?$/u.exec(plain)?.[0] ?? "";
  const short = plain.length > maximumNameLength ? plain.slice(0, maximumNameLength - ending.length) + ending : plain;
  return short === "" ? "unnamed" : short;
}

export interface EvidenceFile {
  /** Relative to the run's folder, with "/". */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface EvidenceFolder {
  /** Redacts, bounds and writes; a name used before gets a number. Throws `environment` when the disk refuses. */
  write(name: string, content: string | Uint8Array): Promise<EvidenceFile>;
}

/** Secrets are plain ASCII, so bytes can be searched as Latin-1 without touching any other byte. */
function redactBytes(content: string | Uint8Array, redact: (text: string) => string): Buffer {
  if (typeof content === "string") return Buffer.from(redact(content));
  return Buffer.from(redact(Buffer.from(content).toString("latin1")), "latin1");
}

function bounded(bytes: Buffer): Buffer {
  if (bytes.length <= maximumEvidenceBytes) return bytes;
  const mark = Buffer.from(`\n[cut off here: ${bytes.length} bytes, kept ${maximumEvidenceBytes}]\n`);
  return Buffer.concat([bytes.subarray(0, maximumEvidenceBytes - mark.length), mark]);
}

/** Folder of one job: `evidence/<scenario>/<candidate>[-with-<partner>]-<config>[-rN]`. */
export function evidencePath(job: {
  readonly scenario: string;
  readonly candidate: string;
  readonly config: ConfigName;
  readonly run: number;
  readonly partner?: string;
}): string {
  const repetition = job.run > 1 ? `-r${job.run}` : "";
  const partner = job.partner === undefined ? "" : `-with-${safeName(job.partner)}`;
  return `evidence/${safeName(job.scenario)}/${safeName(job.candidate)}${partner}-${job.config}${repetition}`;
}

export function evidenceFolder(runFolder: string, path: string, redact: (text: string) => string): EvidenceFolder {
  const used = new Set<string>();
  const unused = (name: string): string => {
    const wanted = safeName(name);
    let free = wanted;
    for (let count = 2; used.has(free.toLowerCase()); count++) free = `${count}-${wanted}`;
    used.add(free.toLowerCase());
    return free;
  };
  return {
    async write(name, content) {
      const file = `${path}/${unused(name)}`;
      const bytes = bounded(redactBytes(content, redact));
      try {
        await mkdir(join(runFolder, path), { recursive: true });
        // "wx" follows no link and overwrites nothing.
        await writeFile(join(runFolder, file), bytes, { flag: "wx" });
      } catch (error) {
        throw new HarnessError("environment", `Expected to write ${file}, but ${(error as Error).message}.`, {
          hint: "Free some space or choose another output folder with --out.",
          cause: error,
        });
      }
      return { path: file, sha256: sha256(bytes), bytes: bytes.length };
    },
  };
}

/** True for a plain file that is no link: nothing else is read back from a run folder. */
export async function isPlainFile(path: string): Promise<boolean> {
  const facts = await lstat(path).catch(() => undefined);
  return facts?.isFile() === true;
}
