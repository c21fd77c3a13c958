import { dockerClient, type DockerClient } from "../lab/daemon.ts";
import { LabHttp } from "../lab/http.ts";
import type { ServerInstance, ServiceInstance } from "../lab/instance.ts";
import { untilReady } from "../lab/ready.ts";
import { InstanceAccess } from "../lab/server-access.ts";
import { HarnessError } from "../model/errors.ts";
import { handConfig, outsidePort } from "./plan.ts";
import type { Authority } from "./plan.ts";
import { factsOf, projectName, type Prepared } from "./prepare.ts";

const composeLabels = { project: "com.docker.compose.project", service: "com.docker.compose.service" };

/** Containers of the lab by compose service; also stopped ones. */
export async function labContainers(
  docker: DockerClient,
): Promise<ReadonlyMap<string, { readonly id: string; readonly state: string }>> {
  const filters = { label: [`${composeLabels.project}=${projectName}`] };
  const found = await docker.listContainers({ all: true, filters });
  return new Map(found.map(({ Id, Labels, State }) => [Labels[composeLabels.service] ?? Id, { id: Id, state: State }]));
}

/** Waits until the server's services are ready, then creates its people. Throws what the server said. */
export async function openToPeople(authority: Authority, prepared: Prepared, signal: AbortSignal): Promise<void> {
  const docker = await dockerClient();
  const services = await readyServices(docker, authority, signal);
  if (prepared.accounts) return;
  await using http = new LabHttp(prepared.ca);
  const access = new InstanceAccess(docker, instanceOf(authority, prepared, services), http, signal);
  const people = prepared.people[authority.name] ?? [];
  await authority.candidate.administration.createAccounts(
    access,
    people.map(({ name, password }) => ({ name, password })),
  );
}

async function readyServices(
  docker: DockerClient,
  authority: Authority,
  signal: AbortSignal,
): Promise<readonly ServiceInstance[]> {
  const containers = await labContainers(docker);
  const waiting = Object.entries(authority.candidate.services).map(
    async ([name, service]): Promise<ServiceInstance> => {
      const id = containers.get(`${authority.name}-${name}`)?.id;
      const title = `${name} of ${authority.name}`;
      if (id === undefined) throw new HarnessError("lab-fault", `expected a container for ${title}, found none`);
      const container = docker.getContainer(id);
      const ports = new Map((service.publish ?? []).map((port) => [port, outsidePort(authority, name, port) ?? 0]));
      const startedAt = await untilReady(docker, { container, title, ready: service.ready, ports }, signal);
      const network = docker.getNetwork(`${projectName}_${authority.name}`);
      const edge = { network: { name: authority.name, network, address: () => "" }, aliases: [name] };
      return { name, service, container, title, ports, edge, federation: undefined, startedAt };
    },
  );
  return Promise.all(waiting);
}

function instanceOf(authority: Authority, prepared: Prepared, services: readonly ServiceInstance[]): ServerInstance {
  const { candidate, id, domain } = authority;
  const endpoints = candidate.endpoints.map(({ kind, service, port, path }) => ({
    kind,
    host: "127.0.0.1",
    port: outsidePort(authority, service, port) ?? 0,
    labPort: port,
    servername: domain,
    path: path ?? "/",
  }));
  return {
    id,
    domain,
    candidate,
    config: handConfig,
    facts: factsOf(authority, prepared.secrets[authority.name] ?? {}),
    sabotage: undefined,
    endpoints,
    services,
    ca: prepared.ca,
    variables: candidate.configurations[handConfig].variables,
  };
}
