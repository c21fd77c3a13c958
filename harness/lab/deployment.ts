import type { Candidate } from "../model/candidate.ts";
import type { ImageFacts } from "../model/journal.ts";
import type { Deployment, DeployPlan, Stopped } from "../model/lab.ts";
import { HarnessError } from "../model/errors.ts";
import type { Seat } from "../model/hostile.ts";
import type { RunningServer } from "../model/server.ts";
import type { TlsScanner } from "../model/tools.ts";
import { breakServer, type LabFault } from "./broken-lab.ts";
import { createAuthority, type CertificateAuthority } from "./ca.ts";
import { secretNamesOf } from "./config-diff.ts";
import { logSources } from "./logs.ts";
import type { DockerClient } from "./daemon.ts";
import { deployServer, federatingServices } from "./deploy-server.ts";
import { FaultBook } from "./faults.ts";
import { stopPolitely, volumesOf } from "./stop.ts";
import { complaints } from "./health.ts";
import { lineComplaints, type Line } from "./line-health.ts";
import { LabHttp } from "./http.ts";
import type { ServerInstance } from "./instance.ts";
import type { Labels } from "./labels.ts";
import { removeContainers } from "./remove-containers.ts";
import { LabServer } from "./running-server.ts";
import { generateSecret, type SecretKeeper } from "./secrets.ts";
import { InstanceAccess } from "./server-access.ts";
import { domainOf, flawedSeats, outdatedSeats, seatIds, serverIds, type ServerId, type Slot } from "./slots.ts";

/** What a deployment needs from its lab. */
export interface DeploymentOrder {
  readonly docker: DockerClient;
  readonly plan: DeployPlan;
  readonly authority: CertificateAuthority;
  readonly keeper: SecretKeeper;
  readonly labels: Labels;
  /** Unique on this daemon. */
  readonly prefix: string;
  /** Image tag by service, for each candidate by its id. */
  readonly images: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly slot: Slot;
  /** Called once, when no container of the deployment is left. */
  readonly giveBack: (slot: Slot) => void;
  readonly facts: (instances: readonly ServerInstance[]) => Promise<readonly ImageFacts[]>;
  readonly scanner: (servers: readonly ServerInstance[]) => TlsScanner;
}

/** Labels every container of one deployment, so that all of them can be found again. */
const deploymentLabel = "pruefstand.deployment";

/** Starts the servers of a plan. On failure everything already made is removed before the error is thrown. */
export async function startDeployment(order: DeploymentOrder): Promise<LabDeployment> {
  const startedAt = performance.now();
  const labels = { ...order.labels, [deploymentLabel]: order.prefix };
  try {
    const servers = await startServers(order, labels);
    const tookMs = performance.now() - startedAt;
    return new LabDeployment(order, servers, { tookMs, images: await order.facts(servers) });
  } catch (error) {
    await removeAllOf(order.docker, order.prefix);
    throw error;
  }
}

async function startServers(order: DeploymentOrder, labels: Labels): Promise<readonly ServerInstance[]> {
  const { plan, slot } = order;
  const servers = serverIds.slice(0, plan.servers).map((id) => startServer(order, labels, id));
  // All of them: a start that still runs would make containers after the clean-up.
  const results = await Promise.allSettled([...servers, slot.untilResolving(plan.signal)]);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return Promise.all(servers);
}

async function startServer(order: DeploymentOrder, labels: Labels, id: ServerId): Promise<ServerInstance> {
  const { docker, plan, slot, keeper, authority, images, prefix } = order;
  const candidate = candidateOf(plan, id);
  // Asked for before anything is waited for: the name server starts on the edges that are known by then.
  const asked = slot.edge(id);
  const secrets = Object.fromEntries((await secretNamesOf(candidate)).map((name) => [name, generateSecret()]));
  for (const secret of Object.values(secrets)) keeper.add(secret);
  const [edge, federation, addresses, hosts] = await Promise.all([
    asked,
    slot.federation,
    slot.addresses(id, federatingServices(candidate)),
    slot.hosts(
      serverIds.slice(0, plan.servers).map((other) => ({ id: other, subdomains: candidateOf(plan, other).subdomains })),
    ),
  ]);
  return deployServer(docker, {
    id,
    domain: domainOf(id),
    candidate,
    config: plan.config,
    sabotage: candidate === plan.candidate ? plan.sabotage : undefined,
    federationAllow: plan.federationAllow?.[id]?.map(domainOf),
    secrets,
    authority,
    issuer: plan.untrusted?.includes(id) === true ? createAuthority(`unknown to ${id}'s partners`) : authority,
    readyWithinMs: plan.readyWithinMs,
    edge,
    federation,
    addresses,
    resolver: slot.resolverAddress(edge),
    hosts,
    images: images.get(candidate.id) ?? new Map(),
    prefix,
    labels,
    signal: plan.signal,
  });
}

/** Which product server `id` runs. */
const candidateOf = ({ candidate, partner }: DeployPlan, id: string): Candidate =>
  id === "b" && partner !== undefined ? partner : candidate;

export class LabDeployment implements Deployment {
  readonly servers: readonly LabServer[];
  readonly faults: FaultBook;
  readonly tls: TlsScanner;
  readonly images: readonly ImageFacts[];
  readonly tookMs: number;
  readonly #order: DeploymentOrder;
  readonly #instances: readonly ServerInstance[];
  readonly #https: readonly LabHttp[];
  #scannerStopped = false;
  #disposed: Promise<void> | undefined;

  constructor(
    order: DeploymentOrder,
    instances: readonly ServerInstance[],
    done: { readonly tookMs: number; readonly images: readonly ImageFacts[] },
  ) {
    const { docker, plan, keeper } = order;
    this.#order = order;
    this.#instances = instances;
    this.tookMs = done.tookMs;
    this.images = done.images;
    this.#https = instances.map(({ ca }) => new LabHttp(ca));
    this.servers = instances.map((instance, index) => {
      const http = this.#https[index] as LabHttp;
      const access = new InstanceAccess(docker, instance, http, plan.signal);
      return new LabServer({
        docker,
        instance,
        http,
        ca: instance.ca,
        access,
        addSecret: (value) => keeper.add(value),
        giveUp: (container) => this.faults.giveUp(container),
      });
    });
    this.faults = new FaultBook(docker, instances, plan.signal);
    this.tls = this.#guarded(order.scanner(instances));
  }

  async health(): Promise<readonly string[]> {
    const broken = this.faults.brokenContainers();
    const watched = this.#instances.flatMap((each) => each.services).filter((each) => !broken.has(each.container.id));
    const ofContainers = (await Promise.all(watched.map(complaints))).flat();
    // A container that is gone explains its lines.
    if (ofContainers.length > 0 || broken.size > 0) return ofContainers;
    return (await Promise.all(this.#lines().map(lineComplaints))).flat();
  }

  /** Each server's front to each other one's, on the port where this protocol federates. */
  #lines(): readonly Line[] {
    const { plan, slot } = this.#order;
    const portOf = (id: string): number | undefined =>
      candidateOf(plan, id).endpoints.find(({ kind }) => kind === "xmpp-server" || kind === "matrix-federation")?.port;
    const fronts = this.#instances.flatMap(({ id, services }) => {
      const front = services.find(({ service }) => service.front === true);
      return front === undefined ? [] : [{ id, front }];
    });
    return fronts.flatMap(({ id, front }) =>
      fronts.flatMap((other) => {
        const address = other.front.federation?.address;
        const port = portOf(other.id);
        if (other.id === id || port === undefined || address === undefined) return [];
        const to = { title: other.front.title, address, port };
        return [{ from: front, resolver: slot.resolverAddress(front.edge.network), name: domainOf(other.id), to }];
      }),
    );
  }

  async seats(): Promise<readonly Seat[]> {
    const { authority, slot } = this.#order;
    const address = await slot.seatAddress();
    const seat = (id: string) => ({ id, domain: domainOf(id), address, ca: authority.certificate });
    return [
      ...seatIds.map((id) => ({ ...seat(id), ...authority.issue([domainOf(id)]) })),
      ...flawedSeats.map(([id, flaw]) => ({ ...seat(id), flaw, ...authority.issueFlawed(domainOf(id), flaw) })),
      ...outdatedSeats.map(([id, onlyTls]) => ({
        ...seat(id),
        flaw: "none" as const,
        onlyTls,
        ...authority.issue([domainOf(id)]),
      })),
    ];
  }

  heal(): Promise<void> {
    return this.faults.heal();
  }

  async logs(): Promise<Readonly<Record<string, string>>> {
    const { docker, keeper } = this.#order;
    const sources = this.#instances.flatMap((each) => logSources(docker, each));
    const pairs = sources.map(async ({ name, read }) => {
      const text = await read().catch((error: Error) => `(no log: ${error.message})`);
      return [name, keeper.redact(text)] as const;
    });
    return Object.fromEntries(await Promise.all(pairs));
  }

  async breakLab(fault: LabFault): Promise<void> {
    if (fault === "stop-scanner") this.#scannerStopped = true;
    else if (fault !== "no-browser") await breakServer(fault, this.#instances);
  }

  /** The containers of each server share what is given: a server of three containers is not three times as large. */
  async starve(cpus: number): Promise<void> {
    const updates = this.#instances.flatMap(({ services }) =>
      services.map(({ container }) => container.update(cpuLimit(cpus / services.length))),
    );
    await Promise.all(updates);
  }

  stop(server: RunningServer, withinMs: number): Promise<Stopped> {
    const instance = this.#instances.find(({ id }) => id === server.id);
    if (instance === undefined)
      throw new HarnessError("harness-fault", `expected a server of this deployment, got "${server.id}"`);
    const { docker, plan } = this.#order;
    return stopPolitely(docker, instance, withinMs, plan.signal);
  }

  volumes(): Promise<readonly string[]> {
    return volumesOf(this.#instances);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#disposed ??= this.#dispose());
  }

  async #dispose(): Promise<void> {
    const { docker, prefix, slot, giveBack } = this.#order;
    await Promise.all([...this.#https.map((http) => http[Symbol.asyncDispose]()), removeAllOf(docker, prefix)]);
    giveBack(slot);
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

/** The kernel takes no less than 1 ms of a period, and no longer period than 1 s. */
const leastQuota = 1_000;

/** A share of one core in microseconds of a period: 100 ms, or 1 s for shares below one hundredth. */
function cpuLimit(cpus: number): { readonly CpuPeriod: number; readonly CpuQuota: number } {
  const CpuPeriod = cpus * 100_000 < leastQuota ? 1_000_000 : 100_000;
  return { CpuPeriod, CpuQuota: Math.max(leastQuota, Math.round(cpus * CpuPeriod)) };
}

/** What is gone already does not matter. */
async function removeAllOf(docker: DockerClient, prefix: string): Promise<void> {
  const filters = { label: [`${deploymentLabel}=${prefix}`] };
  await removeContainers(docker, await docker.listContainers({ all: true, filters }));
}
