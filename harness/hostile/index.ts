import type { Protocol } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import type { CertificatePeers, HostileOptions, HostilePeers, Seat } from "../model/hostile.ts";
import { MatrixCertificatePeers } from "./matrix/certificates.ts";
import { MatrixPeers } from "./matrix/peers.ts";
import { XmppCertificatePeers } from "./xmpp/certificates.ts";
import { XmppPeers } from "./xmpp/peers.ts";

/** Two hostile authorities for one deployment. Throws `unsupported` for other protocols, `lab-fault` where they cannot listen. */
export async function openHostilePeers(
  protocol: Protocol,
  seats: readonly Seat[],
  options: HostileOptions,
): Promise<HostilePeers> {
  if (protocol === "xmpp") return XmppPeers.open(seats, options);
  if (protocol === "matrix") return MatrixPeers.open(seats, options);
  throw new HarnessError("unsupported", `The bench has no hostile peer for ${protocol}.`);
}

/** One authority for each flawed certificate. Throws as {@link openHostilePeers} does. */
export async function openCertificatePeers(protocol: Protocol, seats: readonly Seat[]): Promise<CertificatePeers> {
  if (protocol === "xmpp") return XmppCertificatePeers.open(seats);
  if (protocol === "matrix") return MatrixCertificatePeers.open(seats);
  throw new HarnessError("unsupported", `The bench has no hostile peer for ${protocol}.`);
}
