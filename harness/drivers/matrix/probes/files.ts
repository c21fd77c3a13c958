import { HarnessError } from "../../../model/errors.ts";
import type { FileProbes, FileReader } from "../../../model/files.ts";
import type { Attempt } from "../../../model/probes.ts";
import type { RunningServer } from "../../../model/server.ts";
import { encryptAttachment } from "../attachment.ts";
import { jsonOf, mediaPath, type ClientApi, type Json } from "../client-api.ts";
import { Connection, endpointOf, type Answer } from "../connection.ts";
import type { Connections } from "../connections.ts";
import { attempt, attemptCall, shown } from "./attempt.ts";

/** The interface of element-hq/matrix-content-scanner-python (docs/api.md), which Tchap and BundesMessenger clients ask. */
const scanner = "/_matrix/media_proxy/unstable";

/** More is not sent: the bench holds the bytes in memory. */
const largestTried = 128 * 1024 * 1024;

/** What Matrix has for scanning files: clients ask a scanner beside the homeserver, on one of the ports for clients. */
export const fileProbes = (connections: Connections): FileProbes => ({
  async seal(plain) {
    const { bytes, file } = await encryptAttachment(plain);
    return { bytes, key: file };
  },
  reader: async (server, person) => readerOf(server, await connections.logIn(person)),
});

const readerOf = (server: RunningServer, { connection, token }: ClientApi): FileReader => ({
  read: (url) => attemptCall(connection, { path: `/_matrix/client/v1/media/download/${mediaPath(url)}`, token }),
  readScanned: (url, key) => throughScanner(server, token, (scanning) => fetchScanned(scanning, token, url, key)),
  uploadBeyondLimit: () => uploadBeyondLimit(server, connection, token),
});

async function uploadBeyondLimit(
  server: RunningServer,
  connection: Connection,
  token: string | undefined,
): Promise<Attempt | undefined> {
  const { text } = await connection.send({ path: "/_matrix/client/v1/media/config", token });
  const stated = Number(jsonOf(text)["m.upload.size"] ?? largestTried - 1);
  if (!(stated < largestTried)) return undefined;
  const bytes = new Uint8Array(stated + 1);
  const path = "/_matrix/media/v3/upload?filename=large.bin";
  const raw = { bytes, type: "application/octet-stream" };
  // nginx answers before it has read the body. Over HTTP/2 it then cuts the stream with ENHANCE_YOUR_CALM, and the answer is lost.
  const plain = new Connection(server, endpointOf(server, "matrix-client"), { http2: false });
  try {
    return await attemptCall(plain, { method: "POST", path, token, raw }, `upload of ${bytes.length} bytes`);
  } finally {
    await plain.close();
  }
}

/** Asks each port for clients whether a scanner is there, and uses the first. */
async function throughScanner<T>(
  server: RunningServer,
  token: string | undefined,
  use: (connection: Connection) => Promise<T>,
): Promise<T | undefined> {
  for (const endpoint of server.endpoints.filter(({ kind }) => kind === "matrix-client")) {
    const connection = new Connection(server, endpoint);
    try {
      if (isScanner(await connection.send({ path: `${scanner}/public_key`, token }))) return await use(connection);
    } finally {
      await connection.close();
    }
  }
  return undefined;
}

/** A homeserver does not know the path (4xx). A scanner that is out of order must not pass for none. */
function isScanner(answer: Answer): boolean {
  if (answer.status >= 500)
    throw new HarnessError("lab-fault", `expected a scanner or none at ${scanner}, got ${shown(answer)}`);
  return answer.status === 200 && typeof jsonOf(answer.text)["public_key"] === "string";
}

async function fetchScanned(
  connection: Connection,
  token: string | undefined,
  url: string,
  key: Json | undefined,
): Promise<Attempt> {
  const call =
    key === undefined
      ? { path: `${scanner}/download/${mediaPath(url)}`, token }
      : { method: "POST", path: `${scanner}/download_encrypted`, token, body: { file: { ...key, url } } };
  let reason: unknown;
  const { status, ...facts } = await attempt(`${call.method ?? "GET"} ${call.path}`, async () => {
    const answer = await connection.send(call);
    ({ reason } = jsonOf(answer.text));
    return answer;
  });
  if (facts.outcome !== "refused" || (status === 403 && reason === "MCS_MEDIA_NOT_CLEAN")) return facts;
  return { ...facts, outcome: "failed" };
}
