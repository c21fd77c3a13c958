import type net from "node:net";
import type tls from "node:tls";
import { HarnessError } from "../model/errors.ts";
import type { OldTlsVersion } from "../model/hostile.ts";

// A stand-in that speaks TLS 1.0 or 1.1 and nothing newer, to see whether a product still connects to it (RFC 8996).

const helloMs = 20_000;
const helloLimit = 64 * 1024;

/** Options of either side for this one version. OpenSSL 3 speaks it only without a lower bound for strength (SHA-1 signatures). */
export const outdated = (version: OldTlsVersion): tls.SecureContextOptions => ({
  minVersion: version,
  maxVersion: version,
  ciphers: "DEFAULT:@SECLEVEL=0",
});

/** Hands the connection over with the name its ClientHello asks for and every byte still in it; a silent one is dropped. */
export function askedName(socket: net.Socket, then: (name: string | undefined) => void): void {
  let bytes = Buffer.alloc(0);
  const onData = (data: Buffer): void => {
    bytes = Buffer.concat([bytes, data]);
    if (!isWhole(bytes) && bytes.length < helloLimit) return;
    socket.off("data", onData).off("error", drop).setTimeout(0);
    socket.pause();
    socket.unshift(bytes);
    then(nameIn(bytes));
  };
  const drop = (): void => void socket.destroy();
  socket.on("data", onData).on("error", drop).setTimeout(helloMs, drop);
}

const recordHeader = 5;
const isWhole = (bytes: Buffer): boolean =>
  bytes.length >= recordHeader && bytes.length >= recordHeader + bytes.readUInt16BE(3);

/** RFC 6066, 3. Undefined where there is none, or where the bytes are no ClientHello in one record. */
function nameIn(bytes: Buffer): string | undefined {
  try {
    // Type and length, version, random.
    let at = recordHeader + 4 + 2 + 32;
    at += 1 + bytes.readUInt8(at);
    at += 2 + bytes.readUInt16BE(at);
    at += 1 + bytes.readUInt8(at);
    const end = at + 2 + bytes.readUInt16BE(at);
    for (at += 2; at + 4 <= end; at += 4 + bytes.readUInt16BE(at + 2)) {
      if (bytes.readUInt16BE(at) !== 0) continue;
      const start = at + 4 + 5;
      return bytes.toString("ascii", start, start + bytes.readUInt16BE(start - 2));
    }
    return undefined;
  } catch {
    return undefined;
  }
}

/** Throws `lab-fault` where the handshake that a careless product would make does not come about: then none could be seen. */
export async function shakesHands(what: string, attempt: () => Promise<void>): Promise<void> {
  try {
    await attempt();
  } catch (cause) {
    const got = (cause as Error).message;
    throw new HarnessError("lab-fault", `expected the stand-in to speak ${what}, got: ${got}`, { cause });
  }
}
