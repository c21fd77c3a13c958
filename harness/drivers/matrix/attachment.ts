import { webcrypto } from "node:crypto";
import { HarnessError } from "../../model/errors.ts";
import type { Json } from "./client-api.ts";

// Encrypted attachments: AES-256-CTR with a fresh key and counter for each file, SHA-256 over the ciphertext
// (client-server specification, "Sending encrypted attachments").

const { subtle } = webcrypto;
/** The lower 64 of 128 bits count blocks, so that a file cannot run into another one's counter range. */
const counterBits = 64;

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replace(/=+$/, "");

/** What goes to the server, and the `file` object for the encrypted event (still without its address). */
export async function encryptAttachment(
  plain: Uint8Array,
): Promise<{ readonly bytes: Uint8Array; readonly file: Json }> {
  const key = await subtle.generateKey({ name: "AES-CTR", length: 256 }, true, ["encrypt", "decrypt"]);
  const counter = new Uint8Array(16);
  webcrypto.getRandomValues(counter.subarray(0, 8));
  const bytes = new Uint8Array(
    await subtle.encrypt({ name: "AES-CTR", counter, length: counterBits }, key, copyOf(plain)),
  );
  const hash = new Uint8Array(await subtle.digest("SHA-256", bytes));
  const { k } = await subtle.exportKey("jwk", key);
  const file = {
    v: "v2",
    key: { kty: "oct", key_ops: ["encrypt", "decrypt"], alg: "A256CTR", k, ext: true },
    iv: unpadded(counter),
    hashes: { sha256: unpadded(hash) },
  };
  return { bytes, file };
}

/** Throws `refused` if the ciphertext is not the one the sender described. */
export async function decryptAttachment(bytes: Uint8Array, file: Json): Promise<Uint8Array> {
  const hash = unpadded(new Uint8Array(await subtle.digest("SHA-256", copyOf(bytes))));
  const { sha256 } = (file["hashes"] ?? {}) as { sha256?: string };
  if (hash !== sha256?.replace(/=+$/, "")) {
    throw new HarnessError("refused", "expected the ciphertext the sender described, got another SHA-256");
  }
  const { k } = (file["key"] ?? {}) as { k?: string };
  const key = await subtle.importKey("jwk", { kty: "oct", k: k ?? "", alg: "A256CTR", ext: true }, "AES-CTR", false, [
    "decrypt",
  ]);
  const counter = new Uint8Array(Buffer.from(String(file["iv"]), "base64"));
  return new Uint8Array(await subtle.decrypt({ name: "AES-CTR", counter, length: counterBits }, key, copyOf(bytes)));
}

/** WebCrypto wants a buffer of its own, not a view into a shared pool. */
const copyOf = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
