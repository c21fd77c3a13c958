import type { Attempt } from "./probes.ts";
import type { Person, RunningServer } from "./server.ts";

/** A file as a client encrypts it before the upload, and what a recipient needs to open it. */
export interface SealedFile {
  readonly bytes: Uint8Array;
  /** In the protocol's own form, still without the address of the file. */
  readonly key: Readonly<Record<string, unknown>>;
}

/** What becomes of shared files on the server (O-06). Facts only. */
export interface FileProbes {
  /** Encrypts as clients of this protocol do: AES-256 with a key of its own. */
  seal(plain: Uint8Array): Promise<SealedFile>;
  /** Logs in once; limits on logins are not what is asked here. */
  reader(server: RunningServer, person: Person): Promise<FileReader>;
}

/** A recipient of files. */
export interface FileReader {
  /** Fetches a file as any client of the protocol does. */
  read(url: string): Promise<Attempt>;
  /**
   * Fetches a file through the product's scanner, handing over the key of an encrypted one. `refused` = the scanner holds the file
   * to be unsafe, and nothing else: any other no is `failed`. Undefined where the product has no scanner that clients ask.
   */
  readScanned(url: string, key?: SealedFile["key"]): Promise<Attempt | undefined>;
  /**
   * Tries to upload more than the server says it takes, or a size few messengers take where it says nothing. Undefined where what
   * it says is more than the bench can send.
   */
  uploadBeyondLimit(): Promise<Attempt | undefined>;
}
