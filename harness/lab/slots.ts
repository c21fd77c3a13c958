import { randomBytes } from "node:crypto";
import { HarnessError } from "../model/errors.ts";
import { certificateFlaws, oldTlsVersions, type CertificateFlaw, type OldTlsVersion } from "../model/hostile.ts";
import { attach, startContainer } from "./containers.ts";
import type { DockerClient } from "./daemon.ts";
import { labelNames, type Labels } from "./labels.ts";
import { createEdge, createFederation, type DockerContainer, type LabNetwork } from "./networks.ts";
import { untilReady } from "./ready.ts";

export const serverIds = ["a", "b", "c"] as const;
export type ServerId = (typeof serverIds)[number];
export const domainOf = (id: string): string => `${id}.pruefstand.test`;

/**
 * Seats for peers that the bench plays itself: their names lead to the host's own address on the federation network, where the
 * harness listens. Only containers of that network reach it.
 */
export const seatIds = ["x", "y"] as const;
const hostAddress = 1;
/** Seats whose certificates have a flaw, by that flaw. */
export const flawedSeats: readonly (readonly [id: string, flaw: CertificateFlaw])[] = certificateFlaws.map((flaw) => [
  `${flaw}-certificate`,
  flaw,
]);
/** Seats with a proper certificate and one outdated version of TLS. */
export const outdatedSeats: readonly (readonly [id: string, onlyTls: OldTlsVersion])[] = oldTlsVersions.map(
  (version) => [version === "TLSv1" ? "tls-1-0" : "tls-1-1", version],
);
const allSeatIds: readonly string[] = [...seatIds, ...[...flawedSeats, ...outdatedSeats].map(([id]) => id)];

/** Federation addresses: the front of a server comes first in its block. */
const firstHost = 2;
const hostsPerServer = 4;
/** The last address of each edge: Docker hands out addresses from the lower end. */
const resolverHost = 14;
const resolverMemoryMiB = 64;

/**
 * Networks and name server for the servers of one deployment. They hold no state of a server, and making them costs as much
 * as starting Prosody, so a run uses them again once all containers of a deployment are gone.
 */
export class Slot {
  readonly #docker: DockerClient;
  readonly #labels: Labels;
  readonly #name: string;
  readonly #resolverImage: string;
  readonly #edges = new Map<ServerId, Promise<LabNetwork>>();
  readonly #federation: Promise<LabNetwork>;
  #resolver: Promise<DockerContainer> | undefined;

  constructor(docker: DockerClient, labels: Labels, resolverImage: string) {
    this.#docker = docker;
    this.#labels = labels;
    this.#resolverImage = resolverImage;
    this.#name = `pruefstand-${randomBytes(4).toString("hex")}`;
    this.#federation = createFederation(docker, `${this.#name}-federation`, labels);
    this.#federation.catch(() => {});
  }

  get federation(): Promise<LabNetwork> {
    return this.#federation;
  }

  edge(id: ServerId): Promise<LabNetwork> {
    const known = this.#edges.get(id);
    if (known !== undefined) return known;
    const edge = createEdge(this.#docker, `${this.#name}-${id}`, this.#labels);
    edge.catch(() => {});
    const before = this.#resolver;
    this.#edges.set(id, edge);
    if (before !== undefined) this.#resolver = this.#join(before, edge);
    return edge;
  }

  resolverAddress = (edge: LabNetwork): string => edge.address(resolverHost);

  /** Addresses of a server's federating services on the federation network, the front first. */
  async addresses(id: ServerId, services: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (services.length > hostsPerServer) {
      throw new HarnessError(
        "bad-input",
        `expected at most ${hostsPerServer} federating services, got ${services.length}`,
      );
    }
    const network = await this.#federation;
    return new Map(services.map((name, index) => [name, network.address(blockOf(id) + index)]));
  }

  /** Names of servers → address of their front. */
  async hosts(
    fronts: readonly { readonly id: ServerId; readonly subdomains: readonly string[] }[],
  ): Promise<ReadonlyMap<string, string>> {
    const network = await this.#federation;
    const servers = fronts.flatMap(({ id, subdomains }) => {
      const names = [domainOf(id), ...subdomains.map((name) => `${name}.${domainOf(id)}`)];
      return names.map((name) => [name, network.address(blockOf(id))] as const);
    });
    const seats = allSeatIds.map((id) => [domainOf(id), network.address(hostAddress)] as const);
    return new Map([...servers, ...seats]);
  }

  /** Where a peer played by the bench listens. */
  async seatAddress(): Promise<string> {
    return (await this.#federation).address(hostAddress);
  }

  /** The name server answers on all edges asked for so far. It stays reachable when the federation is cut, as DNS would. */
  async untilResolving(signal: AbortSignal): Promise<void> {
    this.#resolver ??= this.#startResolver(signal);
    this.#resolver.catch(() => {});
    await this.#resolver;
  }

  async #startResolver(signal: AbortSignal): Promise<DockerContainer> {
    const federation = await this.#federation;
    const edges = await Promise.all(this.#edges.values());
    const [first, ...others] = edges.map((network) => this.#place(network));
    if (first === undefined) throw new HarnessError("harness-fault", "expected an edge before a name server");
    const zones = [
      ...serverIds.map((id) => `${domainOf(id)}=${federation.address(blockOf(id))}`),
      ...allSeatIds.map((id) => `${domainOf(id)}=${federation.address(hostAddress)}`),
    ];
    const container = await startContainer(this.#docker, {
      image: this.#resolverImage,
      name: `${this.#name}-resolver`,
      hostname: "resolver",
      labels: { ...this.#labels, [labelNames.service]: "resolver" },
      env: { ZONES: zones.join(" ") },
      attachments: [first, ...others],
      ports: new Map(),
      files: [],
      tmpfs: [],
      memoryMiB: resolverMemoryMiB,
    });
    const ready = { kind: "log", pattern: "resolver ready" } as const;
    await untilReady(this.#docker, { container, title: "the lab's name server", ready, ports: new Map() }, signal);
    return container;
  }

  async #join(resolver: Promise<DockerContainer>, edge: Promise<LabNetwork>): Promise<DockerContainer> {
    const container = await resolver;
    await attach(container, this.#place(await edge));
    return container;
  }

  #place(network: LabNetwork): { readonly network: LabNetwork; readonly aliases: []; readonly address: string } {
    return { network, aliases: [], address: this.resolverAddress(network) };
  }
}

const blockOf = (id: ServerId): number => firstHost + serverIds.indexOf(id) * hostsPerServer;

/** Slots of a run that no deployment uses now. */
export class SlotPool {
  readonly #free: Slot[] = [];
  readonly #make: () => Slot;

  constructor(make: () => Slot) {
    this.#make = make;
  }

  take(): Slot {
    return this.#free.pop() ?? this.#make();
  }

  /** Only for a slot without containers. */
  giveBack(slot: Slot): void {
    this.#free.push(slot);
  }
}
