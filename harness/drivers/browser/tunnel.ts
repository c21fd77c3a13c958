import { createServer, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { RunningServer } from "../../model/server.ts";

/** A proxy on loopback that carries a browser's TLS to published ports, and nothing else anywhere. */
export interface Tunnel extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, for Chromium's proxy setting. */
  readonly url: string;
  /** Hosts and ports that were asked for and are not of the lab, at most 1000: a client that calls home shows here. */
  readonly refused: readonly string[];
}

const refusedKept = 1000;

/**
 * Lets a page use the addresses a user would see (`a.pruefstand.test:5281`): HTTP CONNECT (RFC 9110, 9.3.6) to a
 * server's domain and lab port ends at its published port. TLS runs end to end through it and is verified by Chromium.
 */
export async function openTunnel(servers: readonly RunningServer[]): Promise<Tunnel> {
  const targets = targetsOf(servers);
  const refused: string[] = [];
  const sockets = new Set<Duplex>();
  const note = (target: string): void => {
    if (refused.length < refusedKept) refused.push(target);
  };
  const server = createServer((request, response) => {
    note(request.url ?? "");
    response.writeHead(403).end("Not a server of this lab");
  });
  server.on("connect", (request, client: Duplex) => {
    const target = targets.get(request.url ?? "");
    track(sockets, client);
    if (target === undefined) {
      note(request.url ?? "");
      client.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    track(sockets, join(client, target.host, target.port));
  });
  await listen(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** `<any name the certificate serves>:<lab port>` to the published address. Uploads may use a name below the domain. */
function targetsOf(servers: readonly RunningServer[]): ReadonlyMap<string, { host: string; port: number }> {
  const targets = new Map<string, { host: string; port: number }>();
  for (const server of servers) {
    for (const { host, port, labPort, servername } of server.endpoints) {
      const names = [servername, server.domain, ...uploadNames.map((name) => `${name}.${server.domain}`)];
      for (const name of names) targets.set(`${name}:${labPort}`, { host, port });
    }
  }
  return targets;
}

/** Host names products put in front of their domain for uploads (ejabberd: upload, Prosody components: share, upload). */
const uploadNames = ["upload", "share"];

function join(client: Duplex, host: string, port: number): Socket {
  const server = connect(port, host, () => {
    client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    client.pipe(server).pipe(client);
  });
  // Before the 200 this tells Chromium that nothing listens; after it, the reset is passed on.
  server.on("error", () => client.destroy());
  server.on("close", () => client.destroy());
  client.on("close", () => server.destroy());
  return server;
}

function track(sockets: Set<Duplex>, socket: Duplex): void {
  sockets.add(socket);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => sockets.delete(socket));
}

/** Listens on a free loopback port. */
export const listen = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
