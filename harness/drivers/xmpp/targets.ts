import tls from "node:tls";
import { HarnessError } from "../../model/errors.ts";
import type { Endpoint, Person, RunningServer } from "../../model/server.ts";
import { secureContext, type Target } from "./secure-socket.ts";
import { XmppStream, type StreamOptions } from "./stream.ts";

export const openWithinMs = 30_000;

/** STARTTLS where the server has it: every XMPP server does, direct TLS is an extra. Throws `unsupported` with neither. */
export function clientTarget(server: RunningServer): Target {
  const starttls = server.endpoint("xmpp-client");
  const endpoint = starttls ?? server.endpoint("xmpp-client-tls");
  if (endpoint === undefined) {
    throw new HarnessError("unsupported", `expected ${server.domain} to declare an XMPP client port`);
  }
  const { host, port } = endpoint;
  return { host, port, servername: server.domain, ca: server.ca, direct: starttls === undefined };
}

/** Logs in as a person. Throws `refused` with the SASL condition, `disconnected`, `deadline`. */
export function openStream(
  person: Pick<Person, "name" | "password" | "server">,
  options: Partial<Pick<StreamOptions, "withinMs" | "onText" | "onLogin" | "onExchange" | "resume">> = {},
): Promise<XmppStream> {
  const { name, password, server } = person;
  const target = clientTarget(server);
  return XmppStream.open({ target, domain: server.domain, name, password, withinMs: openWithinMs, ...options });
}

/** Whether a port completes a verified TLS handshake right now. */
export async function speaksTls(server: RunningServer, endpoint: Endpoint): Promise<boolean> {
  const socket = tls.connect({
    host: endpoint.host,
    port: endpoint.port,
    servername: server.domain,
    secureContext: secureContext(server.ca),
  });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket
    .once("secureConnect", () => resolve(true))
    .once("error", () => resolve(false))
    .once("close", () => resolve(false));
  socket.setTimeout(5_000, () => resolve(false));
  const secured = await promise;
  socket.destroy();
  return secured;
}

/** Whether another TLS port than the one for STARTTLS answers right now: then it was the server that said no there, not the lab. */
export async function isAlive(server: RunningServer): Promise<boolean> {
  const kinds = ["xmpp-https", "xmpp-client-tls"];
  const others = server.endpoints.filter(({ kind, port }) => kinds.includes(kind) && port !== 0);
  const alive = await Promise.all(others.map((endpoint) => speaksTls(server, endpoint)));
  return alive.includes(true);
}
