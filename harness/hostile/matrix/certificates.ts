import tls from "node:tls";
import type { CertificatePeer, CertificatePeers, OutdatedPeer, Seat } from "../../model/hostile.ts";
import { outdated, shakesHands } from "../outdated-tls.ts";
import { createSigningKey } from "./events.ts";
import { PeerServer, port } from "./server.ts";

/** Matrix homeservers played by the bench, honest but for their TLS certificates. Homeservers show none when they connect. */
export class MatrixCertificatePeers implements CertificatePeers {
  readonly peers: readonly CertificatePeer[];
  readonly outdated: readonly OutdatedPeer[];
  /** Handshakes of our own, made to see that they can be made. */
  readonly #rehearsals = 1;
  readonly #server: PeerServer;

  private constructor(seats: readonly Seat[], server: PeerServer) {
    this.#server = server;
    const all = seats.map(({ domain, onlyTls, flaw = "none" }) => ({
      flaw,
      domain,
      onlyTls,
      person: `@mallory:${domain}`,
    }));
    this.peers = all.filter(({ onlyTls }) => onlyTls === undefined);
    this.outdated = all.flatMap(({ onlyTls, ...peer }) => (onlyTls === undefined ? [] : [{ ...peer, onlyTls }]));
  }

  static async open(seats: readonly Seat[]): Promise<MatrixCertificatePeers> {
    const server = await PeerServer.start(seats.map((seat) => ({ seat, key: createSigningKey("bench") })));
    try {
      await Promise.all(seats.map(rehearse));
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    server.asked.clear();
    return new MatrixCertificatePeers(seats, server);
  }

  handshakes({ domain }: OutdatedPeer): number {
    return this.#server.handshakes(domain) - this.#rehearsals;
  }

  wasAsked({ domain }: CertificatePeer): boolean {
    return this.#server.asked.has(domain);
  }

  /** Any request: its path and its signature already are more than a stranger may have. */
  wasBelieved({ domain }: CertificatePeer): boolean {
    return this.#server.received().includes(` ${domain} /`);
  }

  received(): string {
    return this.#server.received();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}

/** A client that takes the outdated version gets through: else no handshake of a product could be seen. */
async function rehearse({ address: host, domain: servername, ca, onlyTls }: Seat): Promise<void> {
  if (onlyTls === undefined) return;
  await shakesHands(onlyTls, async () => {
    const socket = tls.connect({ host, port, servername, ca, ...outdated(onlyTls) });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket
      .once("secureConnect", resolve)
      .once("error", reject)
      .once("close", () => reject(new Error("closed")));
    await promise.finally(() => socket.destroy());
  });
}
