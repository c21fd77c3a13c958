import { join } from "node:path";
import type { ImageSource } from "./images.ts";
import { startContainer } from "./containers.ts";
import type { DockerClient } from "./daemon.ts";
import { labelNames, type Labels } from "./labels.ts";
import { resolverHost, type DockerContainer, type LabNetwork } from "./networks.ts";
import { untilReady } from "./ready.ts";

export const resolverImage: ImageSource = { folder: join(import.meta.dirname, "resolver"), name: "resolver" };
const memoryMiB = 64;

export const resolverAddress = (edge: LabNetwork): string => edge.address(resolverHost);

/** Starts the lab's name server on all edges. It stays reachable when the federation is cut, as DNS would. */
export async function startResolver(
  docker: DockerClient,
  order: {
    readonly image: string;
    readonly prefix: string;
    readonly labels: Labels;
    readonly edges: readonly [LabNetwork, ...LabNetwork[]];
    /** Name → address. */
    readonly names: ReadonlyMap<string, string>;
    readonly signal: AbortSignal;
  },
): Promise<DockerContainer> {
  const [first, ...others] = order.edges.map((network) => ({
    network,
    aliases: [],
    address: resolverAddress(network),
  }));
  if (first === undefined) throw new TypeError("an edge is needed");
  const container = await startContainer(docker, {
    image: order.image,
    name: `${order.prefix}-resolver`,
    hostname: "resolver",
    labels: { ...order.labels, [labelNames.service]: "resolver" },
    env: { NAMES: [...order.names].map((pair) => pair.join("=")).join(" ") },
    attachments: [first, ...others],
    ports: new Map(),
    files: [],
    tmpfs: [],
    memoryMiB,
  });
  const ready = { kind: "log", pattern: "resolver ready" } as const;
  await untilReady(docker, { container, title: "the lab's resolver", ready, ports: new Map() }, order.signal);
  return container;
}
