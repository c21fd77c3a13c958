import assert from "node:assert/strict";
import { test } from "node:test";
import net from "node:net";
import tls from "node:tls";
import type { CertificatePeers, OldTlsVersion, Seat } from "../model/hostile.ts";
import { createAuthority } from "../lab/ca.ts";
import { MatrixCertificatePeers } from "./matrix/certificates.ts";
import { outdated } from "./outdated-tls.ts";
import { header, tlsNs } from "./xmpp/stream.ts";
import { XmppCertificatePeers } from "./xmpp/certificates.ts";

const authority = createAuthority("outdated");
const address = "127.83.1.1";

function aSeat(id: string, onlyTls?: OldTlsVersion): Seat {
  const domain = `${id}.pruefstand.test`;
  const { chain, key } = authority.issue([domain]);
  const common = { id, domain, address, chain, key, ca: authority.certificate, flaw: "none" } as const;
  return onlyTls === undefined ? common : { ...common, onlyTls };
}

const seats = [aSeat("honest"), aSeat("tls-1-0", "TLSv1"), aSeat("tls-1-1", "TLSv1.1")];

/** Connects as a product would; "ok" or why not. Shows the certificate that XMPP servers ask for. */
async function shake(
  seat: Seat,
  port: number,
  options: tls.SecureContextOptions,
  socket?: net.Socket,
): Promise<string> {
  const { domain: servername, ca, chain: cert, key } = seat;
  const way = socket === undefined ? { host: address, port } : { socket };
  const secured = tls.connect({ ...way, servername, ca, cert, key, ...options });
  const { promise, resolve } = Promise.withResolvers<string>();
  secured.once("secureConnect", () => resolve("ok")).once("error", (error) => resolve(error.message));
  return promise.finally(() => secured.destroy());
}

async function overStartTls(seat: Seat, port: number, options: tls.SecureContextOptions): Promise<string> {
  const socket = net.connect({ host: address, port });
  const heard = (pattern: RegExp): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let text = "";
    const onData = (data: Buffer): void => {
      text += data.toString("utf8");
      if (!pattern.test(text)) return;
      socket.off("data", onData);
      resolve();
    };
    socket.on("data", onData);
    return promise;
  };
  socket.write(header("a.pruefstand.test", seat.domain));
  await heard(/<\/stream:features>/);
  socket.write(`<starttls xmlns='${tlsNs}'/>`);
  await heard(/<proceed/);
  return shake(seat, port, options, socket);
}

type Connect = (seat: Seat, options: tls.SecureContextOptions) => Promise<string>;

async function tellsThemApart(peers: CertificatePeers, connect: Connect): Promise<void> {
  assert.deepEqual(
    peers.outdated.map((peer) => [peer.onlyTls, peers.handshakes(peer), peers.wasAsked(peer)]),
    [
      ["TLSv1", 0, false],
      ["TLSv1.1", 0, false],
    ],
  );
  assert.deepEqual(
    peers.peers.map(({ domain }) => domain),
    ["honest.pruefstand.test"],
  );
  for (const seat of seats) {
    const careful = await connect(seat, { minVersion: "TLSv1.2" });
    if (seat.onlyTls === undefined) assert.equal(careful, "ok");
    else assert.match(careful, /protocol version|unsupported protocol/);
  }
  assert.deepEqual(
    peers.outdated.map((peer) => [peers.handshakes(peer), peers.wasAsked(peer)]),
    [
      [0, true],
      [0, true],
    ],
  );
  // A careless product goes down as far as the other side asks.
  const careless = { ...outdated("TLSv1"), maxVersion: "TLSv1.3" } as const;
  for (const seat of seats) assert.equal(await connect(seat, careless), "ok");
  assert.deepEqual(
    peers.outdated.map((peer) => peers.handshakes(peer)),
    [1, 1],
  );
}

test("a Matrix authority with TLS 1.0 or 1.1 only sees who still speaks it, and nobody else", async () => {
  await using peers = await MatrixCertificatePeers.open(seats);
  await tellsThemApart(peers, (seat, options) => shake(seat, 8448, options));
});

test("an XMPP authority with TLS 1.0 or 1.1 only sees who still speaks it, and nobody else", async () => {
  await using peers = await XmppCertificatePeers.open(seats);
  await tellsThemApart(peers, (seat, options) => overStartTls(seat, 5269, options));
});

test("an authority that cannot be reached is a fault of the lab", async () => {
  const nowhere = seats.map((seat) => ({ ...seat, address: "192.0.2.1" }));
  for (const peers of [MatrixCertificatePeers, XmppCertificatePeers])
    await assert.rejects(peers.open(nowhere), { code: "lab-fault" });
});
