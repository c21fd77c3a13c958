import { HarnessError } from "../../model/errors.ts";
import type { Endpoint, RunningServer } from "../../model/server.ts";
import { findService } from "./rooms.ts";
import { attribute } from "./messages.ts";
import { xml, type Element } from "./library.ts";
import type { XmppStream } from "./stream.ts";

// HTTP file upload (XEP-0363). Addresses name the port inside the lab; the same port is published elsewhere on loopback.

const upload = "urn:xmpp:http:upload:0";

export interface UploadSlot {
  readonly get: string;
  readonly put: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Asks for a slot. Throws `unsupported` where the server offers no upload, `refused` where it does not give one. */
export async function requestSlot(stream: XmppStream, name: string, size: number): Promise<UploadSlot> {
  const { jid } = await findService(stream, { feature: upload });
  const request = xml("request", {
    xmlns: upload,
    filename: name,
    size: String(size),
    "content-type": "application/octet-stream",
  });
  const slot = (await stream.request("get", jid, request)).getChild("slot", upload);
  const put = slot?.getChild("put");
  const headers = (put?.getChildren("header") ?? [])
    .slice(0, 10)
    .map((header) => [attribute(header, "name"), text(header)]);
  return {
    get: attribute(slot?.getChild("get"), "url"),
    put: attribute(put, "url"),
    headers: Object.fromEntries(headers),
  };
}

const text = (element: Element): string => element.getText().replaceAll(/[\r\n]/g, "");

/** The published endpoint and path for an address on one of the servers. Throws `unsupported` for any other host. */
function locate(
  servers: readonly RunningServer[],
  address: string,
): { readonly server: RunningServer; readonly endpoint: Endpoint; readonly path: string } {
  const url = URL.parse(address);
  const plain = url?.protocol === "http:";
  const labPort = url?.port === "" ? (plain ? 80 : 443) : Number(url?.port);
  for (const server of servers) {
    if (url === null || (url.hostname !== server.domain && !url.hostname.endsWith(`.${server.domain}`))) continue;
    const kinds = plain ? ["xmpp-http-plain", "http-plain"] : ["xmpp-https"];
    const endpoint = server.endpoints.find((one) => one.labPort === labPort && kinds.includes(one.kind));
    // The name in the address decides the certificate and the virtual host.
    if (endpoint !== undefined) {
      return { server, endpoint: { ...endpoint, servername: url.hostname }, path: url.pathname + url.search };
    }
  }
  throw new HarnessError("unsupported", `expected an address on a server of this run, got ${address.slice(0, 200)}`);
}

/** Puts the bytes; on return the server holds the file. Throws `refused` with the HTTP status. */
export async function putFile(servers: readonly RunningServer[], slot: UploadSlot, bytes: Uint8Array): Promise<void> {
  const { server, endpoint, path } = locate(servers, slot.put);
  const answer = await server.request(endpoint, path, {
    method: "PUT",
    headers: { ...slot.headers, "content-type": "application/octet-stream" },
    body: bytes,
  });
  if (answer.status !== 201 && answer.status !== 200) {
    throw new HarnessError(
      "refused",
      `expected 201 for an upload, got ${answer.status}: ${answer.text().slice(0, 300)}`,
      {
        context: { condition: String(answer.status) },
      },
    );
  }
}

/** Fetches a file as any holder of the address can. Throws `refused` with the HTTP status. */
export async function getFile(servers: readonly RunningServer[], address: string): Promise<Uint8Array> {
  const { server, endpoint, path } = locate(servers, address);
  const answer = await server.request(endpoint, path);
  if (answer.status !== 200) {
    throw new HarnessError("refused", `expected 200 for ${address.slice(0, 200)}, got ${answer.status}`, {
      context: { condition: String(answer.status) },
    });
  }
  return answer.body;
}
