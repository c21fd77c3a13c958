import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";

/** A file as it is laid into a container. */
export interface FileInContainer {
  readonly path: string;
  readonly content: string | Uint8Array;
  readonly mode: number;
}

/** A tar archive to be unpacked at "/". Files belong to root; missing folders are made, readable for everyone. */
export async function tarOf(files: readonly FileInContainer[]): Promise<Buffer> {
  const archive = pack();
  for (const file of files) {
    archive.entry({ name: file.path.replace(/^\/+/, ""), mode: file.mode }, Buffer.from(file.content as string));
  }
  archive.finalize();
  return buffer(archive);
}
