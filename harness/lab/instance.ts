import type { Candidate, ConfigName, Service } from "../model/candidate.ts";
import type { Sabotage } from "../model/control.ts";
import type { Endpoint } from "../model/server.ts";
import type { Attachment } from "./containers.ts";
import type { DockerContainer } from "./networks.ts";
import type { TemplateFacts } from "./templates.ts";

/** One container of a server, with what is needed to break, heal and watch it. */
export interface ServiceInstance {
  readonly name: string;
  readonly service: Service;
  readonly container: DockerContainer;
  readonly title: string;
  readonly ports: ReadonlyMap<number, number>;
  readonly edge: Attachment;
  /** Only front and federating services. */
  readonly federation: Attachment | undefined;
  /** Daemon's start time; another one means that it was restarted. */
  startedAt: string;
}

/** One server: what was planned and what runs. */
export interface ServerInstance {
  readonly id: string;
  readonly domain: string;
  readonly candidate: Candidate;
  readonly config: ConfigName;
  readonly facts: TemplateFacts;
  readonly sabotage: Sabotage | undefined;
  readonly endpoints: readonly Endpoint[];
  readonly services: readonly ServiceInstance[];
  /** PEM of the authorities by which this server's certificate can be verified. */
  readonly ca: string;
  /** Variables of the templates, as last written. */
  variables: Readonly<Record<string, unknown>>;
}
