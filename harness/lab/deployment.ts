import type { ImageFacts } from "../model/journal.ts";
import type { Deployment, DeployPlan } from "../model/lab.ts";
import { HarnessError } from "../model/errors.ts";
import type { TlsScanner } from "../model/tools.ts";
import { breakServer, type LabFault } from "./broken-lab.ts";
import type { CertificateAuthority } from "./ca.ts";
import { ignoreGone } from "./clean.ts";
import { secretNamesOf } from "./config-diff.ts";
import { readLog } from "./container-log.ts";
import type { DockerClient } from "./daemon.ts";
import { deployServer, federates, namesOf } from "./deploy-server.ts";
import { FaultBook } from "./faults.ts";
import { complaints } from "./health.ts";
import { LabHttp } from "./http.ts";
import type { ServerInstance } from "./instance.ts";
import type { Labels } from "./labels.ts";
import { createEdge, createFederation, type LabNetwork } from "./networks.ts";
import { resolverAddress, startResolver } from "./resolver.ts";
import { LabServer } from "./running-server.ts";
import { generateSecret, type SecretKeeper } from "./secrets.ts";
import { InstanceAccess } from "./server-access.ts";

/** What a deployment needs from its lab. */
export interface DeploymentOrder {
  readonly docker: DockerClient;
  readonly plan: DeployPlan;
  readonly authority: CertificateAuthority;
  readonly keeper: SecretKeeper;
  readonly labels: Labels;
  /** Unique on this daemon. */
  readonly prefix: string;
  /** Image tag by service. */
  readonly images: ReadonlyMap<string, string>;
  readonly resolverImage: string;
  readonly facts: (instances: readonly ServerInstance[]) => Promise<readonly ImageFacts[]>;
  readonly scanner: (servers: readonly ServerInstance[]) => TlsScanner;
}

/** Labels every thing of one deployment, so that all of it can be found again. */
const deploymentLabel = "pruefstand.deployment";
const serverIds = ["a", "b", "c"] as const;
const firstFederationHost = 2;
const logBounds = { tail: 20_000, limit: 4 * 1024 * 1024 };

/** Starts the servers of a plan. On failure everything already made is removed before the error is thrown. */
export async function startDeployment(order: DeploymentOrder): Promise<LabDeployment> {
  const startedAt = performance.now();
  const labels = { ...order.labels, [deploymentLabel]: order.prefix };
  try {
    const servers = await startServers(order, labels);
    const tookMs = performance.now() - startedAt;
    return new LabDeployment(order, servers, { tookMs, images: await order.facts(servers) });
  } catch (error) {
    await removeDeployment(order.docker, order.prefix);
    throw error;
  }
}

async function startServers(order: DeploymentOrder, labels: Labels): Promise<readonly ServerInstance[]> {
  const { docker, plan, prefix, keeper } = order;
  const ids = serverIds.slice(0, plan.servers);
  const names = await secretNamesOf(plan.candidate);
  const [federation, ...edges] = await Promise.all([
    createFederation(docker, `${prefix}-federation`, labels),
    ...ids.map((id) => createEdge(docker, `${prefix}-${id}`, labels)),
  ]);
  const addresses = federationAddresses(order, ids, federation);
  const resolving = startResolver(docker, {
    image: order.resolverImage,
    prefix,
    labels,
    edges: edges as [LabNetwork, ...LabNetwork[]],
    names: addresses.names,
    signal: plan.signal,
  });
  const servers = ids.map((id, index) => {
    const edge = edges[index] as LabNetwork;
    const secrets = Object.fromEntries(names.map((name) => [name, generateSecret()]));
    for (const secret of Object.values(secrets)) keeper.add(secret);
    return deployServer(docker, {
      id,
      domain: domainOf(id),
      candidate: plan.candidate,
      config: plan.config,
      sabotage: plan.sabotage,
      federationAllow: plan.federationAllow?.[id],
      secrets,
      authority: order.authority,
      edge,
      federation,
      addresses: addresses.byServer.get(id) ?? new Map(),
      resolver: resolverAddress(edge),
      images: order.images,
      prefix,
      labels,
      signal: plan.signal,
    });
  });
  // All of them: a start that still runs would make containers after the clean-up.
  const results = await Promise.allSettled([...servers, resolving]);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return Promise.all(servers);
}

export const domainOf = (id: string): string => `${id}.pruefstand.test`;

/** Fixed addresses for all federating services; names of a server lead to its front. */
function federationAddresses(
  { plan }: DeploymentOrder,
  ids: readonly string[],
  network: LabNetwork,
): {
  readonly byServer: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly names: ReadonlyMap<string, string>;
} {
  const { candidate } = plan;
  const services = Object.entries(candidate.services).filter(([, service]) => federates(service));
  const names = new Map<string, string>();
  const byServer = new Map<string, ReadonlyMap<string, string>>();
  let next = firstFederationHost;
  for (const id of ids) {
    const own = new Map<string, string>();
    for (const [name, service] of services) {
      const address = network.address(next++);
      own.set(name, address);
      if (service.front === true) for (const each of namesOf(candidate, domainOf(id))) names.set(each, address);
    }
    byServer.set(id, own);
  }
  return { byServer, names };
}

export class LabDeployment implements Deployment {
  readonly servers: readonly LabServer[];
  readonly faults: FaultBook;
  readonly tls: TlsScanner;
  readonly images: readonly ImageFacts[];
  readonly tookMs: number;
  readonly #order: DeploymentOrder;
  readonly #instances: readonly ServerInstance[];
  readonly #http: LabHttp;
  #scannerStopped = false;
  #disposed: Promise<void> | undefined;

  constructor(
    order: DeploymentOrder,
    instances: readonly ServerInstance[],
    done: { readonly tookMs: number; readonly images: readonly ImageFacts[] },
  ) {
    const { docker, plan, authority, keeper } = order;
    this.#order = order;
    this.#instances = instances;
    this.tookMs = done.tookMs;
    this.images = done.images;
    const ca = authority.certificate;
    const http = new LabHttp(ca);
    this.#http = http;
    this.servers = instances.map((instance) => {
      const access = new InstanceAccess(docker, instance, http, plan.signal);
      return new LabServer({ docker, instance, http, ca, access, addSecret: (value) => keeper.add(value) });
    });
    this.faults = new FaultBook(docker, instances, plan.signal);
    this.tls = this.#guarded(order.scanner(instances));
  }

  async health(): Promise<readonly string[]> {
    const broken = this.faults.brokenContainers();
    const watched = this.#instances.flatMap((each) => each.services).filter((each) => !broken.has(each.container.id));
    return (await Promise.all(watched.map(complaints))).flat();
  }

  heal(): Promise<void> {
    return this.faults.heal();
  }

  async logs(): Promise<Readonly<Record<string, string>>> {
    const { docker, keeper } = this.#order;
    const services = this.#instances.flatMap((each) => each.services.map((service) => ({ id: each.id, ...service })));
    const pairs = services.map(async ({ id, name, container }) => {
      const text = await readLog(docker, container, logBounds).catch((error: Error) => `(no log: ${error.message})`);
      return [`${id}-${name}`, keeper.redact(text)] as const;
    });
    return Object.fromEntries(await Promise.all(pairs));
  }

  async breakLab(fault: LabFault): Promise<void> {
    if (fault === "stop-scanner") this.#scannerStopped = true;
    else if (fault !== "no-browser") await breakServer(fault, this.#instances);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#disposed ??= this.#dispose());
  }

  async #dispose(): Promise<void> {
    await Promise.all([this.#http[Symbol.asyncDispose](), removeDeployment(this.#order.docker, this.#order.prefix)]);
  }

  /** The scanner until a control takes it away. */
  #guarded(scanner: TlsScanner): TlsScanner {
    const available = (): TlsScanner => {
      if (this.#scannerStopped)
        throw new HarnessError("lab-fault", `expected ${scanner.name} to start, the control stopped it`);
      return scanner;
    };
    return {
      name: scanner.name,
      version: scanner.version,
      scan: async (server) => available().scan(server),
      generatedCertificate: async (server) => available().generatedCertificate(server),
    };
  }
}

/** Removes all containers at once, then the networks. What is gone already does not matter. */
async function removeDeployment(docker: DockerClient, prefix: string): Promise<void> {
  const filters = { label: [`${deploymentLabel}=${prefix}`] };
  const containers = await docker.listContainers({ all: true, filters });
  await Promise.all(containers.map(({ Id }) => ignoreGone(docker.getContainer(Id).remove({ force: true, v: true }))));
  const networks = await docker.listNetworks({ filters });
  await Promise.all(networks.map(({ Id }) => ignoreGone(docker.getNetwork(Id).remove())));
}
