import { rootCertificates } from "node:tls";
import { HarnessError } from "../model/errors.ts";
import type { Endpoint, Person, RunningServer } from "../model/server.ts";
import type { RemoteEndpoint } from "./descriptor.ts";
import { readBeside } from "./descriptor.ts";
import { readSecret, type SecretSource } from "./secrets.ts";

/** A remote endpoint that drivers can use, with its people. */
export interface OpenedRemote {
  readonly server: RunningServer;
  readonly people: readonly Person[];
  /** Private keys by identity (Threema). */
  readonly keys: Readonly<Record<string, string>>;
  readonly callback?: {
    readonly host?: string;
    readonly port: number;
    readonly certificate?: string;
    readonly key?: string;
  };
}

function endpointOf(remote: RemoteEndpoint): Endpoint {
  if (remote.protocol === "threema") {
    const { host, port, servername = host } = remote.endpoint;
    return { kind: "threema-gateway", host, port, labPort: port, servername, path: "" };
  }
  const { domain, host, port, tls } = remote.endpoint;
  const kind = tls === "direct" ? "xmpp-client-tls" : "xmpp-client";
  return { kind, host, port, labPort: port, servername: domain, path: "" };
}

async function notOurs(): Promise<never> {
  throw new HarnessError(
    "unsupported",
    "This server belongs to somebody else: the bench cannot administer or search it.",
  );
}

/** As much of a running server as an outsider has: an address, an authority, accounts. Nothing else is ever answered. */
function serverOf(remote: RemoteEndpoint, ca: string): RunningServer {
  const endpoint = endpointOf(remote);
  const { id, title, protocol } = remote;
  return {
    id: "remote",
    domain: endpoint.servername,
    config: "default",
    candidate: { id, title, protocol, abilities: [], erasureLimit: null, roles: [] },
    endpoints: [endpoint],
    endpoint: (kind) => (kind === endpoint.kind ? endpoint : undefined),
    ca,
    request: notOurs,
    search: notOurs,
    administration: { createAccounts: notOurs, disableAccount: notOurs, deleteAccount: notOurs },
    resources: notOurs,
  };
}

async function callbackOf(
  remote: RemoteEndpoint,
  secretOf: (source: SecretSource) => Promise<string>,
): Promise<Pick<OpenedRemote, "callback">> {
  if (remote.protocol !== "threema" || remote.callback === undefined) return {};
  const { host, port, certificate, key } = remote.callback;
  return {
    callback: {
      port,
      ...(host !== undefined && { host }),
      ...(certificate !== undefined && { certificate: await readBeside(remote, certificate) }),
      ...(key !== undefined && { key: await secretOf({ file: key }) }),
    },
  };
}

/**
 * Reads authority and secrets of a descriptor. Every secret is handed to `keep` before anything else can see it, so that
 * nothing printed or written afterwards holds it.
 */
export async function openRemote(remote: RemoteEndpoint, keep: (secret: string) => void): Promise<OpenedRemote> {
  const secretOf = async (source: SecretSource): Promise<string> => {
    const value = await readSecret(source, remote.folder);
    keep(value);
    return value;
  };
  const ca = remote.ca === undefined ? rootCertificates.join("\n") : await readBeside(remote, remote.ca);
  const server = serverOf(remote, ca);
  const people: Person[] = [];
  const keys: Record<string, string> = {};
  for (const account of remote.accounts) {
    const { name } = account;
    const address = remote.protocol === "xmpp" ? `${name}@${server.domain}` : name;
    people.push({ name, password: await secretOf(account.password), server, address });
    if ("key" in account) keys[name] = await secretOf(account.key);
  }
  return { server, people, keys, ...(await callbackOf(remote, secretOf)) };
}
