import { HarnessError } from "../../model/errors.ts";
import type { CertificatePeer, CertificatePeers, OutdatedPeer, Seat } from "../../model/hostile.ts";
import type { Attempt } from "../../model/probes.ts";
import type { Person, RunningServer } from "../../model/server.ts";
import { PeerServer, port } from "./server.ts";
import { shakesHands } from "../outdated-tls.ts";
import { TextStream } from "../text-stream.ts";
import { header, OutgoingStream, tlsNs } from "./stream.ts";

/**
 * XMPP servers played by the bench, honest but for their certificates, in both directions. They also vouch for their names by
 * dialback (XEP-0220): a server that falls back to it for a certificate that does not verify has believed DNS, not the certificate.
 */
export class XmppCertificatePeers implements CertificatePeers {
  readonly peers: readonly CertificatePeer[];
  readonly outdated: readonly OutdatedPeer[];
  /** Handshakes of our own, made to see that they can be made. */
  readonly #rehearsals = 1;
  readonly #seats: readonly Seat[];
  readonly #server: PeerServer;

  private constructor(seats: readonly Seat[], server: PeerServer) {
    this.#seats = seats;
    this.#server = server;
    const all = seats.map(({ domain, onlyTls, flaw = "none" }) => ({
      flaw,
      domain,
      onlyTls,
      person: `mallory@${domain}`,
    }));
    this.peers = all.filter(({ onlyTls }) => onlyTls === undefined);
    this.outdated = all.flatMap(({ onlyTls, ...peer }) => (onlyTls === undefined ? [] : [{ ...peer, onlyTls }]));
  }

  static async open(seats: readonly Seat[]): Promise<XmppCertificatePeers> {
    const server = await PeerServer.start(seats);
    try {
      await Promise.all(seats.map(rehearse));
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    server.forget();
    return new XmppCertificatePeers(seats, server);
  }

  handshakes({ domain }: OutdatedPeer): number {
    return this.#server.handshakes(domain) - this.#rehearsals;
  }

  wasAsked({ domain }: CertificatePeer): boolean {
    return new RegExp(`<stream:stream\\b[^>]*\\sto\\s*=\\s*['"]${domain.replaceAll(".", "\\.")}['"]`).test(
      this.received(),
    );
  }

  wasBelieved(_peer: CertificatePeer, text: string): boolean {
    return this.received().includes(text);
  }

  async present(server: RunningServer, peer: CertificatePeer, victim: Person, text: string): Promise<Attempt> {
    const startedAt = performance.now();
    const answer = await this.#present(server, peer, victim, text).catch((error: unknown) => {
      if (error instanceof HarnessError) throw error;
      return `the TLS connection ended: ${(error as Error).message}`;
    });
    const tookMs = performance.now() - startedAt;
    return { what: `${peer.flaw} certificate`, outcome: "refused", answer: answer.slice(-2_000), tookMs };
  }

  /** The server's words. */
  async #present(server: RunningServer, peer: CertificatePeer, victim: Person, text: string): Promise<string> {
    const seat = this.#seats.find(({ domain }) => domain === peer.domain);
    if (seat === undefined) throw new HarnessError("harness-fault", `expected a seat for ${peer.domain}`);
    const outgoing = await OutgoingStream.open(server, { from: peer.domain, identity: seat });
    try {
      const external = await outgoing.external();
      const answers = [external.answer];
      if (!external.accepted) {
        const key = crypto.randomUUID();
        this.#server.vouchFor(outgoing.id, key);
        answers.push((await outgoing.dialback(peer.domain, key)).answer);
      }
      const message = `<message from='${peer.person}/client' to='${victim.address}' type='chat' id='${text}'><body>${text}</body></message>`;
      answers.push(await outgoing.say(message, 500));
      return answers.join("\n");
    } finally {
      outgoing.close();
    }
  }

  received(): string {
    return this.#server.received();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}

const rehearsalMs = 10_000;

/** A client that takes the outdated version gets through: else no handshake of a product could be seen. */
async function rehearse(seat: Seat): Promise<void> {
  const { onlyTls } = seat;
  if (onlyTls === undefined) return;
  await shakesHands(onlyTls, async () => {
    const stream = await TextStream.connect(seat.address, port);
    try {
      stream.write(header(seat.domain, seat.domain));
      await stream.hear(/<\/stream:features>/, rehearsalMs);
      stream.write(`<starttls xmlns='${tlsNs}'/>`);
      await stream.hear(/<proceed\b/, rehearsalMs);
      await stream.secure(seat, seat.domain, onlyTls);
    } finally {
      stream.close();
    }
  });
}
