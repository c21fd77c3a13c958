import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { connect } from "node:tls";
import type { Endpoint } from "../../model/server.ts";

/** Enough for a core, which keeps a handful of connections; nobody else has business here. */
const maxConnections = 16;
const handshakeWithinMs = 20_000;

/**
 * A loopback port behind which a server's TLS port lies. Delta Chat's core brings its own list of authorities and takes no
 * other, so the harness does the TLS: it verifies the server's certificate against the run's authority and hands the core
 * what is inside. Nothing reaches the server without a verified connection.
 */
export class Tunnel implements AsyncDisposable {
  readonly port: number;
  /** What went wrong last: a certificate that could not be verified, a port that nobody answers. */
  fault: Error | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #closing = false;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** `hungUp` is called when the server ends an established connection before the core does. */
  static async open(endpoint: Endpoint, ca: string, hungUp: () => void = () => undefined): Promise<Tunnel> {
    const server = createServer();
    server.maxConnections = maxConnections;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(0, "127.0.0.1", resolve);
    });
    const tunnel = new Tunnel(server);
    server.on("connection", (inner) => tunnel.#join(inner, endpoint, ca, hungUp));
    return tunnel;
  }

  #join(inner: Socket, { host, port, servername }: Endpoint, ca: string, hungUp: () => void): void {
    const outer = connect({ host, port, servername, ca, minVersion: "TLSv1.2" });
    this.#sockets.add(inner).add(outer);
    let open = false;
    let coreLeft = false;
    outer.setTimeout(handshakeWithinMs, () => outer.destroy(new Error("no TLS handshake in time")));
    outer.once("secureConnect", () => {
      outer.setTimeout(0);
      open = true;
      inner.pipe(outer);
      outer.pipe(inner);
    });
    inner.once("end", () => (coreLeft = true)).on("error", () => undefined);
    outer.on("error", (error) => (this.fault = error));
    inner.once("close", () => {
      coreLeft = true;
      this.#sockets.delete(inner);
      outer.destroy();
    });
    outer.once("close", () => {
      this.#sockets.delete(outer);
      inner.destroy();
      if (open && !coreLeft && !this.#closing) hungUp();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
