import { randomInt } from "node:crypto";
import { HarnessError } from "../model/errors.ts";
import type { DockerClient } from "./daemon.ts";
import type { Labels } from "./labels.ts";

export type DockerNetwork = ReturnType<DockerClient["getNetwork"]>;
export type DockerContainer = ReturnType<DockerClient["getContainer"]>;

/** A bridge of the lab with addresses we choose: a healed server gets its old one back. */
export interface LabNetwork {
  readonly name: string;
  readonly network: DockerNetwork;
  /** The n-th host address, 1 = gateway … 14. */
  address(n: number): string;
}

/**
 * RFC 2544 keeps 198.18.0.0/15 for tests of isolated networks, so it meets neither an office network nor a VPN.
 * Cut into /28: 8192 networks with 13 containers each.
 */
const range = { first: (198 << 24) + (18 << 16), blocks: 8192, blockSize: 16 };
const maxTries = 30;

/**
 * Edge of one server: its published ports. Nothing gets out: no address translation, and names are resolved by the lab's own resolver.
 */
export function createEdge(docker: DockerClient, name: string, labels: Labels): Promise<LabNetwork> {
  return create(docker, {
    Name: name,
    Labels: { ...labels },
    Options: {
      "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1",
      "com.docker.network.bridge.enable_ip_masquerade": "false",
    },
  });
}

/** Where the servers of one deployment meet. Internal, so that the edge stays the gateway when it comes and goes. */
export function createFederation(docker: DockerClient, name: string, labels: Labels): Promise<LabNetwork> {
  return create(docker, { Name: name, Labels: { ...labels }, Internal: true });
}

type NetworkOptions = Parameters<DockerClient["createNetwork"]>[0];

/** Takes a free block by trying: two runs may choose at the same time. */
async function create(docker: DockerClient, options: NetworkOptions): Promise<LabNetwork> {
  for (let attempt = 1; ; attempt++) {
    const base = (range.first + randomInt(range.blocks) * range.blockSize) >>> 0;
    const subnet = `${dotted(base)}/28`;
    try {
      const network = await docker.createNetwork({
        ...options,
        Driver: "bridge",
        CheckDuplicate: true,
        IPAM: { Driver: "default", Config: [{ Subnet: subnet, Gateway: dotted(base + 1) }] },
      });
      return { name: options.Name, network, address: (n) => dotted(base + n) };
    } catch (cause) {
      if (attempt < maxTries && /overlap/i.test(String(cause))) continue;
      throw new HarnessError(
        "environment",
        `expected Docker to make the network ${options.Name} (${subnet}), got: ${String(cause)}`,
        {
          cause,
          hint: "./pruefstand clean removes networks of dead runs.",
        },
      );
    }
  }
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}
