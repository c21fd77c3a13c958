import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { HarnessError } from "../../model/errors.ts";

// SCRAM (RFC 5802, RFC 7677) with OpenSSL's PBKDF2 in the thread pool: the library's own is JavaScript and costs about
// 320 ms of CPU per login at 4096 iterations, which would measure the harness and not the server.

export type ScramHash = "sha1" | "sha256" | "sha512";

interface Keys {
  readonly clientKey: Buffer;
  readonly serverKey: Buffer;
}

/** Salted keys by password, salt and iterations, so that a login storm pays PBKDF2 once per account. Bounded. */
const cache = new Map<string, Promise<Keys>>();
const cacheLimit = 20_000;
/** RFC 7677 asks for at least 4096; a hostile server must not make the harness compute for minutes. */
const maxIterations = 1_000_000;

const derive = promisify(pbkdf2);
const sizes: Readonly<Record<ScramHash, number>> = { sha1: 20, sha256: 32, sha512: 64 };

const hmac = (hash: ScramHash, key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest();

async function computeKeys(hash: ScramHash, password: string, salt: Buffer, iterations: number): Promise<Keys> {
  const salted = await derive(password.normalize("NFKC"), salt, iterations, sizes[hash], hash);
  return { clientKey: hmac(hash, salted, "Client Key"), serverKey: hmac(hash, salted, "Server Key") };
}

function keysFor(hash: ScramHash, password: string, salt: string, iterations: number): Promise<Keys> {
  const key = JSON.stringify([hash, password, salt, iterations]);
  const known = cache.get(key);
  if (known !== undefined) return known;
  if (cache.size >= cacheLimit) cache.clear();
  const keys = computeKeys(hash, password, Buffer.from(salt, "base64"), iterations);
  cache.set(key, keys);
  return keys;
}

/** Data that ties the login to this TLS connection (RFC 5929, RFC 9266). */
export interface ChannelBinding {
  readonly type: string;
  readonly data: Buffer;
}

export interface ScramExchange {
  /** First client message. */
  readonly first: string;
  /** Answer to the server's challenge. Throws `refused` when the challenge breaks RFC 5802. */
  answer(challenge: string): Promise<string>;
  /** Throws `refused` unless the server proved that it knows the password too. */
  verify(serverFinal: string): void;
}

const attributes = (message: string): ReadonlyMap<string, string> =>
  new Map(message.split(",").map((part) => [part.slice(0, 1), part.slice(2)]));

const broken = (what: string): HarnessError => new HarnessError("refused", `expected ${what} from the server's SCRAM`);

function xor(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0)));
}

/**
 * One SCRAM login. `header` is the GS2 header without channel binding data: "n,,", "y,," (we could bind, the server offers
 * nothing) or "p=<type>,,".
 */
export function scram(
  hash: ScramHash,
  credentials: { readonly name: string; readonly password: string },
  binding: { readonly header: string; readonly data?: Buffer },
  nonce = randomBytes(18).toString("base64"),
): ScramExchange {
  const name = credentials.name.replaceAll("=", "=3D").replaceAll(",", "=2C");
  const bare = `n=${name},r=${nonce}`;
  let expected: Buffer | undefined;
  return {
    first: binding.header + bare,
    async answer(challenge) {
      const got = attributes(challenge);
      const [serverNonce, salt, iterations] = [got.get("r"), got.get("s"), Number(got.get("i"))];
      if (serverNonce === undefined || !serverNonce.startsWith(nonce)) throw broken("a nonce that continues ours");
      if (salt === undefined || !Number.isInteger(iterations) || iterations < 1 || iterations > maxIterations) {
        throw broken("a salt and a sane iteration count");
      }
      const { clientKey, serverKey } = await keysFor(hash, credentials.password, salt, iterations);
      const gs2 = Buffer.concat([Buffer.from(binding.header), binding.data ?? Buffer.alloc(0)]).toString("base64");
      const withoutProof = `c=${gs2},r=${serverNonce}`;
      const authMessage = `${bare},${challenge},${withoutProof}`;
      const storedKey = createHash(hash).update(clientKey).digest();
      expected = hmac(hash, serverKey, authMessage);
      return `${withoutProof},p=${xor(clientKey, hmac(hash, storedKey, authMessage)).toString("base64")}`;
    },
    verify(serverFinal) {
      const signature = Buffer.from(attributes(serverFinal).get("v") ?? "", "base64");
      if (expected === undefined || signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
        throw broken("a valid signature");
      }
    },
  };
}
