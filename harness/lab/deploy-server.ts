import { basename, join } from "node:path";
import type { Candidate, ConfigName, Service } from "../model/candidate.ts";
import type { Sabotage } from "../model/control.ts";
import { HarnessError } from "../model/errors.ts";
import type { Endpoint } from "../model/server.ts";
import type { CertificateAuthority, ServerCertificate } from "./ca.ts";
import type { FileInContainer } from "./archive.ts";
import { startContainer, type Attachment } from "./containers.ts";
import type { DockerClient } from "./daemon.ts";
import type { ImageSource } from "./images.ts";
import type { ServerInstance, ServiceInstance } from "./instance.ts";
import { labelNames, type Labels } from "./labels.ts";
import type { LabNetwork } from "./networks.ts";
import { freePorts } from "./ports.ts";
import { untilReady } from "./ready.ts";
import { renderFiles } from "./render-files.ts";
import { certificatePaths, render, type TemplateFacts } from "./templates.ts";

/** Everything one server needs before its first container can be made. */
export interface ServerOrder {
  readonly id: string;
  readonly domain: string;
  readonly candidate: Candidate;
  readonly config: ConfigName;
  readonly sabotage: Sabotage | undefined;
  readonly federationAllow: readonly string[] | undefined;
  readonly secrets: Readonly<Record<string, string>>;
  readonly authority: CertificateAuthority;
  /** Where the server's own certificate comes from. */
  readonly issuer: CertificateAuthority;
  readonly readyWithinMs: number | undefined;
  readonly edge: LabNetwork;
  readonly federation: LabNetwork;
  /** Addresses on the federation network by service. */
  readonly addresses: ReadonlyMap<string, string>;
  readonly resolver: string;
  /** Names of all servers → addresses of their fronts. */
  readonly hosts: ReadonlyMap<string, string>;
  /** Image tag by service. */
  readonly images: ReadonlyMap<string, string>;
  /** Unique prefix of container names. */
  readonly prefix: string;
  readonly labels: Labels;
  readonly signal: AbortSignal;
}

export const defaultMemoryMiB = 2048;

/** Services on the federation network: the front, and those that call out themselves. */
const federates = (service: Service): boolean => service.front === true || service.federates === true;

/** Their names, the front first. */
export function federatingServices(candidate: Candidate): readonly string[] {
  const federating = Object.entries(candidate.services).filter(([, service]) => federates(service));
  return federating
    .toSorted(([, left], [, right]) => Number(right.front ?? false) - Number(left.front ?? false))
    .map(([name]) => name);
}

const namesOf = (candidate: Candidate, domain: string): readonly string[] => [
  domain,
  ...candidate.subdomains.map((name) => `${name}.${domain}`),
];

/** Where the image of a service comes from: the candidate's own folder, or another one below harness/candidates/. */
export function imageSource(candidate: Candidate, service: Service): ImageSource {
  const own: ImageSource = { folder: candidate.folder, name: basename(candidate.folder) };
  if (service.image === candidate.id || service.image === own.name) return own;
  const folder = join(import.meta.dirname, "..", "candidates", service.image);
  return { folder, name: basename(folder), candidate: own };
}

/** Starts all services, each as soon as those it waits for are ready, and returns when all are. */
export async function deployServer(docker: DockerClient, order: ServerOrder): Promise<ServerInstance> {
  const { candidate, sabotage } = order;
  const facts: TemplateFacts = {
    server: order.id,
    domain: order.domain,
    subdomains: candidate.subdomains,
    secrets: order.secrets,
    config: order.config,
    federationAllow: order.federationAllow,
    certs: certificatePaths,
  };
  const variables = { ...candidate.configurations[order.config].variables, ...sabotage?.variables };
  const rendered = await renderFiles(candidate, facts, variables, sabotage);
  const certificate = certificateFiles(
    order.issuer.issue(namesOf(candidate, order.domain), sabotage?.certificate),
    order.authority,
  );
  const services = await startAll(candidate, (name, service) => {
    const own = rendered.filter((file) => file.service === name);
    return startService(docker, order, { name, service, facts, files: [...certificate, ...own] });
  });
  const { id, domain, config } = order;
  return {
    id,
    domain,
    candidate,
    config,
    facts,
    sabotage,
    variables,
    services,
    ca: order.issuer.certificate,
    endpoints: endpointsOf(order, services),
  };
}

/** In the order of `services`, whatever the order in which they got ready. */
async function startAll(
  candidate: Candidate,
  start: (name: string, service: Service) => Promise<ServiceInstance>,
): Promise<readonly ServiceInstance[]> {
  const running = new Map<string, Promise<ServiceInstance>>();
  const launch = (name: string, path: readonly string[]): Promise<ServiceInstance> => {
    const service = candidate.services[name];
    if (service === undefined || path.includes(name)) {
      throw new HarnessError(
        "bad-input",
        `expected services of ${candidate.id} in an order, got ${[...path, name].join(" after ")}`,
      );
    }
    const known = running.get(name);
    if (known !== undefined) return known;
    const before = (service.after ?? []).map((other) => launch(other, [...path, name]));
    const started = Promise.all(before).then(() => start(name, service));
    running.set(name, started);
    return started;
  };
  const instances = await Promise.all(Object.keys(candidate.services).map((name) => launch(name, [])));
  return inStartOrder(instances);
}

/** Those that others wait for come first. */
function inStartOrder(instances: readonly ServiceInstance[]): readonly ServiceInstance[] {
  const depth = (instance: ServiceInstance): number => {
    const before = instances.filter((other) => instance.service.after?.includes(other.name));
    return before.length === 0 ? 0 : 1 + Math.max(...before.map(depth));
  };
  return instances.toSorted((left, right) => depth(left) - depth(right));
}

interface Start {
  readonly name: string;
  readonly service: Service;
  readonly facts: TemplateFacts;
  readonly files: readonly FileInContainer[];
}

async function startService(docker: DockerClient, order: ServerOrder, start: Start): Promise<ServiceInstance> {
  const { name, service, facts } = start;
  const published = publishedPorts(order, name, service);
  const outside = await freePorts(published.length);
  const ports = new Map(published.map((port, index) => [port, outside[index] ?? 0]));
  const edge: Attachment = { network: order.edge, aliases: [name] };
  const federation = federationOf(order, name, service);
  const fill = (text: string): string => render(text, `${order.candidate.id}: services.${name}`, { ...facts });
  const container = await startContainer(docker, {
    image: order.images.get(name) ?? "",
    name: `${order.prefix}-${order.id}-${name}`,
    // Docker 20.10 makes the host name an alias on every network: a plain service name would also mean the other server's service.
    hostname: service.front === true ? order.domain : `${name}-${order.id}`,
    labels: { ...order.labels, [labelNames.server]: order.id, [labelNames.service]: name },
    ...(service.command === undefined ? {} : { command: service.command.map(fill) }),
    env: Object.fromEntries(Object.entries(service.env ?? {}).map(([key, value]) => [key, fill(value)])),
    attachments: federation === undefined ? [edge] : [edge, federation],
    ports,
    files: start.files,
    tmpfs: service.tmpfs ?? [],
    memoryMiB: service.memoryMiB ?? defaultMemoryMiB,
    // libunbound, which Prosody uses, asks no name server about .test (RFC 6761 6.2), but reads /etc/hosts.
    ...(federation === undefined ? {} : { hosts: order.hosts }),
    dns: order.resolver,
  });
  const title = `${name} of server ${order.id}`;
  const limit = order.readyWithinMs === undefined ? {} : { withinMs: order.readyWithinMs };
  const startedAt = await untilReady(docker, { container, title, ports, ready: service.ready, ...limit }, order.signal);
  return { name, service, container, title, ports, edge, federation, startedAt };
}

/** Without ports that only the other configuration opens: each costs a process on the host. */
function publishedPorts({ candidate, config }: ServerOrder, name: string, service: Service): readonly number[] {
  return (service.publish ?? []).filter((port) => {
    const endpoints = candidate.endpoints.filter((endpoint) => endpoint.service === name && endpoint.port === port);
    return endpoints.length === 0 || endpoints.some((endpoint) => endpoint.configurations?.includes(config) ?? true);
  });
}

function federationOf(order: ServerOrder, name: string, service: Service): Attachment | undefined {
  if (!federates(service)) return undefined;
  const aliases = service.front === true ? namesOf(order.candidate, order.domain) : [];
  const address = order.addresses.get(name);
  return { network: order.federation, aliases, ...(address === undefined ? {} : { address }) };
}

/** Readable for everyone inside: services drop their rights before they read them. */
function certificateFiles(own: ServerCertificate, authority: CertificateAuthority): readonly FileInContainer[] {
  return [
    { path: certificatePaths.chain, content: own.chain, mode: 0o644 },
    { path: certificatePaths.key, content: own.key, mode: 0o644 },
    { path: certificatePaths.ca, content: authority.certificate, mode: 0o644 },
  ];
}

/** Port 0: declared but not published, to be probed from inside only. */
function endpointsOf(order: ServerOrder, services: readonly ServiceInstance[]): readonly Endpoint[] {
  const open = order.candidate.endpoints.filter((each) => each.configurations?.includes(order.config) ?? true);
  return open.map(({ kind, service, port, path }) => ({
    kind,
    host: "127.0.0.1",
    port: services.find((each) => each.name === service)?.ports.get(port) ?? 0,
    labPort: port,
    servername: order.domain,
    path: path ?? "/",
  }));
}
