import type { Endpoint, Listener } from "../model/server.ts";

/**
 * Ports open to other machines although no user has business there (consoles, clustering, further protocols), as
 * "service port"; undefined where the open ports are not known. `isForUsers` says which of the declared endpoints people and
 * servers are meant to use.
 */
export function exposedPorts(
  endpoints: readonly Endpoint[],
  listeners: readonly Listener[] | undefined,
  isForUsers: (endpoint: Endpoint) => boolean = () => true,
): readonly string[] | undefined {
  const forUsers = new Set(endpoints.filter(isForUsers).map(({ labPort }) => labPort));
  return listeners?.filter(({ port }) => !forUsers.has(port)).map(({ service, port }) => `${service} ${port}`);
}
