import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Endpoint, EndpointKind, Listener, RunningServer } from "../../model/server.ts";
import { holds, Unclear } from "../outcome.ts";
import type { Step } from "../step.ts";

/** TLS from the first byte. */
const direct: readonly EndpointKind[] = [
  "matrix-client",
  "matrix-federation",
  "xmpp-client-tls",
  "xmpp-server-tls",
  "xmpp-websocket",
  "xmpp-bosh",
  "xmpp-https",
  "irc-tls",
  "imap-tls",
  "smtp-tls",
];
/** Declared so that scenarios can show that nobody gets in there: may be open to loopback only. */
const insideOnly: readonly EndpointKind[] = ["matrix-plain", "xmpp-http-plain", "irc-plain"];
const withinMs = 10_000;

/** Settles with nothing when connected, and with a verified certificate where the kind has TLS; else with the reason. */
function reach({ host, port, servername, kind }: Endpoint, ca: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const encrypted = direct.includes(kind);
  const socket = encrypted ? connectTls({ host, port, servername, ca }) : connect({ host, port });
  socket
    .once(encrypted ? "secureConnect" : "connect", () => resolve(undefined))
    .once("error", (error) => resolve(error.message))
    .once("close", () => resolve("the connection was closed"))
    .setTimeout(withinMs, () => resolve(`no answer within ${withinMs / 1000} s`));
  return promise.finally(() => socket.destroy());
}

const ports = (listeners: readonly Listener[]): string =>
  [...new Set(listeners.map(({ port }) => port))].toSorted((left, right) => left - right).join(", ") || "none";

/** Docker's forwarder takes connections for everyone, so the ports inside the container are what counts. */
async function complaint(
  server: RunningServer,
  endpoint: Endpoint,
  open: readonly Listener[],
): Promise<string | undefined> {
  const what = `${endpoint.kind} on port ${endpoint.labPort}`;
  if (insideOnly.includes(endpoint.kind)) return undefined;
  if (!open.some(({ port }) => port === endpoint.labPort)) {
    return `${what}: nobody listens there (open are ${ports(open)})`;
  }
  if (endpoint.port === 0) return `${what}: the service does not publish this port`;
  const problem = await reach(endpoint, server.ca);
  return problem === undefined ? undefined : `${what}: ${problem}`;
}

export const endpoints: Step = {
  id: "endpoints",
  title: "takes connections on every endpoint it declares",
  expected:
    "somebody listens on each declared port, with the certificate in /certs where the endpoint has TLS from the first byte",
  clause: "Candidate.endpoints, Service.publish (harness/model/candidate.ts); RFC 9325 for TLS",
  fix: "Correct `port` in `endpoints`, list it in the service's `publish`, and use /certs/fullchain.pem and /certs/key.pem.",
  async run({ server }) {
    const open = await server.listeners?.();
    if (open === undefined) throw new Unclear("this lab cannot tell which ports are open");
    const found = await Promise.all(server.endpoints.map((endpoint) => complaint(server, endpoint, open)));
    const complaints = found.filter((one) => one !== undefined);
    holds(complaints.length === 0, complaints.join("; "));
  },
};
