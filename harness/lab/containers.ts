import { Readable } from "node:stream";
import { GenericContainer, type WaitStrategy } from "testcontainers";
import { tarOf, type FileInContainer } from "./archive.ts";
import type { DockerClient } from "./daemon.ts";
import type { Labels } from "./labels.ts";
import type { DockerContainer, LabNetwork } from "./networks.ts";

/** A place on a network: names others reach it by, and a fixed address where it must stay the same. */
export interface Attachment {
  readonly network: LabNetwork;
  readonly aliases: readonly string[];
  readonly address?: string;
}

export interface ContainerSpec {
  readonly image: string;
  readonly name: string;
  readonly hostname: string;
  readonly labels: Labels;
  readonly command?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The first one is the gateway. */
  readonly attachments: readonly [Attachment, ...Attachment[]];
  /** Container port → port on 127.0.0.1. */
  readonly ports: ReadonlyMap<number, number>;
  readonly files: readonly FileInContainer[];
  readonly tmpfs: readonly string[];
  readonly memoryMiB: number;
  /** Lines of /etc/hosts: name → address. */
  readonly hosts?: ReadonlyMap<string, string>;
  /** Address of the resolver for names that Docker does not know. */
  readonly dns?: string;
}

/** What Debian's services need to become their own user and to listen on 443; all else is taken away. */
export const capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"];
export const maxProcesses = 4096;
/** A server that floods its log must not fill the host's disk. */
export const logLimit = { "max-size": "256m", "max-file": "1" };

/** Creates and starts a container. It runs when this returns; whether it is ready is another question (ready.ts). */
export async function startContainer(docker: DockerClient, spec: ContainerSpec): Promise<DockerContainer> {
  const started = await new LabContainer(docker, spec).start();
  return docker.getContainer(started.getId());
}

/** testcontainers' container with the options it has no methods for. */
class LabContainer extends GenericContainer {
  readonly #docker: DockerClient;
  readonly #spec: ContainerSpec;

  constructor(docker: DockerClient, spec: ContainerSpec) {
    super(spec.image);
    this.#docker = docker;
    this.#spec = spec;
    const [first] = spec.attachments;
    this.withName(spec.name)
      .withHostname(spec.hostname)
      .withLabels({ ...spec.labels })
      .withEnvironment({ ...spec.env })
      .withNetworkMode(first.network.name)
      .withDroppedCapabilities("ALL")
      .withAddedCapabilities(...capabilities)
      .withSecurityOpt("no-new-privileges:true")
      .withTmpFs(Object.fromEntries(spec.tmpfs.map((path) => [path, ""])))
      .withAutoCleanup(false)
      .withWaitStrategy(noWait);
    if (spec.command !== undefined) this.withCommand([...spec.command]);
    this.createOpts.NetworkingConfig = { EndpointsConfig: { [first.network.name]: endpointOf(first) } };
    this.createOpts.ExposedPorts = Object.fromEntries([...spec.ports.keys()].map((port) => [`${port}/tcp`, {}]));
    this.hostConfig.PortBindings = Object.fromEntries(
      [...spec.ports].map(([inside, outside]) => [
        `${inside}/tcp`,
        [{ HostIp: "127.0.0.1", HostPort: String(outside) }],
      ]),
    );
    this.hostConfig.Memory = spec.memoryMiB * 1024 * 1024;
    this.hostConfig.PidsLimit = maxProcesses;
    this.hostConfig.LogConfig = { Type: "json-file", Config: logLimit };
    if (spec.hosts !== undefined) {
      this.withExtraHosts([...spec.hosts].map(([host, ipAddress]) => ({ host, ipAddress })));
    }
    if (spec.dns !== undefined) this.hostConfig.Dns = [spec.dns];
  }

  /** Between create and start: files are there and all networks are up before the first process looks. */
  protected override async containerCreated(containerId: string): Promise<void> {
    const container = this.#docker.getContainer(containerId);
    const [, ...others] = this.#spec.attachments;
    await putFiles(container, this.#spec.files);
    for (const attachment of others) await attach(container, attachment);
  }
}

/** Readiness is waited for in ready.ts, with the log in the error; testcontainers would remove the container first. */
const noWait: WaitStrategy = {
  waitUntilReady: () => Promise.resolve(),
  withStartupTimeout: () => noWait,
  isStartupTimeoutSet: () => false,
  getStartupTimeout: () => 0,
};

export async function putFiles(container: DockerContainer, files: readonly FileInContainer[]): Promise<void> {
  if (files.length > 0) await container.putArchive(Readable.from([await tarOf(files)]), { path: "/" });
}

export async function attach(container: DockerContainer, attachment: Attachment): Promise<void> {
  await attachment.network.network.connect({ Container: container.id, EndpointConfig: endpointOf(attachment) });
}

export async function detach(container: DockerContainer, network: LabNetwork): Promise<void> {
  await network.network.disconnect({ Container: container.id, Force: true });
}

function endpointOf({ aliases, address }: Attachment): object {
  return { Aliases: [...aliases], ...(address === undefined ? {} : { IPAMConfig: { IPv4Address: address } }) };
}
