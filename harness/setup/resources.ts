import { statfs } from "node:fs/promises";
import { freemem, totalmem } from "node:os";

export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Free and total space of the file system that holds `path`. */
export async function diskSpace(path: string): Promise<Space> {
  const facts = await statfs(path);
  return { freeBytes: facts.bavail * facts.bsize, totalBytes: facts.blocks * facts.bsize };
}

/** Memory of the machine. */
export function memory(): Space {
  return { freeBytes: freemem(), totalBytes: totalmem() };
}
