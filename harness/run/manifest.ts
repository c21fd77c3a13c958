import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { HarnessError } from "../model/errors.ts";
import { isPlainFile } from "./evidence.ts";

/** Beside the manifest; not part of it. */
export const manifestFiles = { manifest: "manifest.json", signature: "manifest.sig", key: "manifest.pub" } as const;
const notListed: ReadonlySet<string> = new Set(Object.values(manifestFiles));
/** Later judgements may be added below this folder without breaking the signature of the run. */
const addedLater = "judged/";

export interface ManifestEntry {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

interface Manifest {
  readonly schema: "pruefstand-manifest-1";
  readonly files: readonly ManifestEntry[];
}

/** Every file of the run folder, paths with "/", sorted by code units. Links are named but never followed. */
async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll("\\", "/"),
    )
    .filter((path) => !notListed.has(path) && !path.startsWith(addedLater))
    .toSorted((left, right) => (left < right ? -1 : 1));
}

async function hashFile(path: string): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { sha256: hash.digest("hex"), bytes };
}

async function makeManifest(folder: string): Promise<Manifest> {
  const files: ManifestEntry[] = [];
  for (const path of await listFiles(folder)) {
    const full = join(folder, path);
    if (await isPlainFile(full)) files.push({ path, ...(await hashFile(full)) });
  }
  return { schema: "pruefstand-manifest-1", files };
}

/** Where this machine's signing key lies; made at first use, readable by its owner only. */
function keyPath(): string {
  const folder = process.env["PRUEFSTAND_KEY_FOLDER"] ?? process.env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config");
  return join(folder, "pruefstand", "signing-key.pem");
}

async function signingKey(path: string): Promise<KeyObject> {
  const known = await readFile(path, "utf8").catch(() => undefined);
  if (known !== undefined) return createPrivateKey(known);
  const { privateKey } = generateKeyPairSync("ed25519");
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600, flag: "wx" });
  return privateKey;
}

const publicPem = (key: KeyObject): string => createPublicKey(key).export({ type: "spki", format: "pem" }) as string;

/** Short name of a public key: the first 16 hex digits of the SHA-256 of its DER form. */
function fingerprint(pem: string): string {
  const der = createPublicKey(pem).export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("hex").slice(0, 16);
}

/** Writes manifest, signature (ed25519, base64) and public key into the run folder, replacing older ones. */
export async function signRun(folder: string): Promise<void> {
  const text = `${JSON.stringify(await makeManifest(folder), undefined, 2)}\n`;
  const key = await signingKey(keyPath()).catch((error: unknown) => {
    throw new HarnessError("environment", `Expected a signing key at ${keyPath()}, but ${(error as Error).message}.`, {
      hint: "Set PRUEFSTAND_KEY_FOLDER to a folder you may write to.",
      cause: error,
    });
  });
  await writeFile(join(folder, manifestFiles.manifest), text);
  await writeFile(join(folder, manifestFiles.signature), `${sign(null, Buffer.from(text), key).toString("base64")}\n`);
  await writeFile(join(folder, manifestFiles.key), publicPem(key));
}

/** One thing that is not as it was when the run was signed. */
export interface Finding {
  /** File below the run folder. */
  readonly id: string;
  readonly problem: string;
}

export interface ManifestCheck {
  readonly findings: readonly Finding[];
  /** Fingerprint of the key that signed, if there is one. */
  readonly signedBy?: string;
  /** True when that key is this machine's own (or the one the caller trusts). */
  readonly trusted: boolean;
  readonly files: number;
}

interface SignedManifest {
  readonly text: string;
  readonly signature: string;
  readonly pem: string;
}

async function readSigned(folder: string): Promise<SignedManifest | undefined> {
  const read = (name: string): Promise<string> => readFile(join(folder, name), "utf8");
  try {
    const { manifest, signature, key } = manifestFiles;
    return { text: await read(manifest), signature: await read(signature), pem: await read(key) };
  } catch {
    return undefined;
  }
}

function signatureHolds({ text, signature, pem }: SignedManifest): boolean {
  try {
    return verify(null, Buffer.from(text), createPublicKey(pem), Buffer.from(signature, "base64"));
  } catch {
    return false;
  }
}

async function ownKey(): Promise<string | undefined> {
  const pem = await readFile(keyPath(), "utf8").catch(() => undefined);
  return pem === undefined ? undefined : publicPem(createPrivateKey(pem));
}

function parseManifest(text: string): readonly ManifestEntry[] {
  const value = JSON.parse(text) as Partial<Manifest>;
  return value.schema === "pruefstand-manifest-1" && Array.isArray(value.files) ? value.files : [];
}

function compare(then: readonly ManifestEntry[], now: readonly ManifestEntry[]): readonly Finding[] {
  const before = new Map(then.map((entry) => [entry.path, entry]));
  const after = new Map(now.map((entry) => [entry.path, entry]));
  const changed = now.flatMap(({ path, sha256 }) => {
    const known = before.get(path);
    if (known === undefined) return [{ id: path, problem: "was added after the run was signed" }];
    return known.sha256 === sha256 ? [] : [{ id: path, problem: "was changed after the run was signed" }];
  });
  const gone = then.filter(({ path }) => !after.has(path)).map(({ path }) => ({ id: path, problem: "is missing" }));
  return [...changed, ...gone];
}

/** Compares the run folder with its signed manifest. `trustedPem`: the only key to accept; default this machine's own. */
export async function checkManifest(folder: string, trustedPem?: string): Promise<ManifestCheck> {
  const signed = await readSigned(folder);
  if (signed === undefined) {
    const problem = "is missing: the run was never finished, or its manifest was removed";
    return { findings: [{ id: manifestFiles.manifest, problem }], trusted: false, files: 0 };
  }
  if (!signatureHolds(signed)) {
    return {
      findings: [{ id: manifestFiles.signature, problem: "does not fit the manifest" }],
      trusted: false,
      files: 0,
    };
  }
  const now = await makeManifest(folder);
  const trusted = trustedPem ?? (await ownKey());
  return {
    findings: compare(parseManifest(signed.text), now.files),
    signedBy: fingerprint(signed.pem),
    trusted: trusted !== undefined && fingerprint(trusted) === fingerprint(signed.pem),
    files: now.files.length,
  };
}
