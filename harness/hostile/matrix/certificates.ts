import type { CertificatePeer, CertificatePeers, Seat } from "../../model/hostile.ts";
import { createSigningKey } from "./events.ts";
import { PeerServer } from "./server.ts";

/** Matrix homeservers played by the bench, honest but for their TLS certificates. Homeservers show none when they connect. */
export class MatrixCertificatePeers implements CertificatePeers {
  readonly peers: readonly CertificatePeer[];
  readonly #server: PeerServer;

  private constructor(seats: readonly Seat[], server: PeerServer) {
    this.#server = server;
    this.peers = seats.map(({ domain, flaw = "none" }) => ({ flaw, domain, person: `@mallory:${domain}` }));
  }

  static async open(seats: readonly Seat[]): Promise<MatrixCertificatePeers> {
    const server = await PeerServer.start(seats.map((seat) => ({ seat, key: createSigningKey("bench") })));
    return new MatrixCertificatePeers(seats, server);
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
