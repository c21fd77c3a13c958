import { HarnessError } from "../model/errors.ts";
import type { Faults, RunningServer } from "../model/server.ts";
import { attach, detach } from "./containers.ts";
import type { DockerClient } from "./daemon.ts";
import { freeze } from "./freeze.ts";
import type { ServerInstance, ServiceInstance } from "./instance.ts";
import { untilReady } from "./ready.ts";

/** A fault in place. */
interface Active {
  readonly containers: ReadonlySet<string>;
  readonly undo: () => Promise<void>;
}

/** Breaks servers on purpose, remembers what is broken, and can undo all of it. */
export class FaultBook implements Faults {
  readonly #docker: DockerClient;
  readonly #servers: readonly ServerInstance[];
  readonly #signal: AbortSignal;
  readonly #active = new Set<Active>();
  readonly #givenUp = new Set<string>();

  constructor(docker: DockerClient, servers: readonly ServerInstance[], signal: AbortSignal) {
    this.#docker = docker;
    this.#servers = servers;
    this.#signal = signal;
  }

  /** Containers that are down, frozen or cut off on purpose or by the product's own fault: not a sign of a broken lab. */
  brokenContainers(): ReadonlySet<string> {
    return new Set([...this.#givenUp, ...[...this.#active].flatMap((fault) => [...fault.containers])]);
  }

  /** This container ended by its own fault and stays as it is. */
  giveUp(container: string): void {
    this.#givenUp.add(container);
  }

  async cutFederation(...servers: readonly RunningServer[]): Promise<AsyncDisposable> {
    const named = servers.length === 0 ? this.#servers : servers.map((server) => this.#instance(server));
    const services = named.flatMap((server) => server.services).filter((service) => service.federation !== undefined);
    return this.#begin(services, {
      breakOne: async ({ container, federation }) => federation && detach(container, federation.network),
      mendOne: async ({ container, federation }) => federation && attach(container, federation),
    });
  }

  async kill(server: RunningServer, service?: string): Promise<AsyncDisposable> {
    const services = this.#select(server, service);
    const signal = this.#signal;
    return this.#begin(services, {
      breakOne: async ({ container }) => {
        await container.kill({ signal: "SIGKILL" });
        await container.wait({ condition: "not-running" });
      },
      mendOne: (each) => startAgain(this.#docker, each, signal),
    });
  }

  async pause(server: RunningServer, service?: string): Promise<AsyncDisposable> {
    return this.#begin(this.#select(server, service), {
      breakOne: ({ container }) => freeze(container),
      mendOne: ({ container }) => container.unpause(),
    });
  }

  /** Undoes all faults, the newest first. Throws `lab-fault` where a container was given up: its server cannot be used again. */
  async heal(): Promise<void> {
    for (const fault of [...this.#active].toReversed()) await fault.undo();
    if (this.#givenUp.size === 0) return;
    const titles = this.#servers.flatMap(({ services }) =>
      services.filter(({ container }) => this.#givenUp.has(container.id)).map(({ title }) => title),
    );
    throw new HarnessError("lab-fault", `expected to heal every server, but ${titles.join(", ")} ended by itself`);
  }

  /** Breaks all services at once; mending follows the order in which they were first started. */
  async #begin(
    services: readonly ServiceInstance[],
    how: {
      readonly breakOne: (service: ServiceInstance) => Promise<unknown>;
      readonly mendOne: (service: ServiceInstance) => Promise<unknown>;
    },
  ): Promise<AsyncDisposable> {
    let undone: Promise<void> | undefined;
    const mend = async (): Promise<void> => {
      for (const service of services) await asLabFault(service, how.mendOne(service));
      this.#active.delete(fault);
    };
    const fault: Active = {
      containers: new Set(services.map((service) => service.container.id)),
      undo: () => (undone ??= mend()),
    };
    this.#active.add(fault);
    await Promise.all(services.map((service) => asLabFault(service, how.breakOne(service))));
    return { [Symbol.asyncDispose]: fault.undo };
  }

  #instance(server: RunningServer): ServerInstance {
    const found = this.#servers.find((each) => each.id === server.id);
    if (found === undefined)
      throw new HarnessError("harness-fault", `expected a server of this deployment, got "${server.id}"`);
    return found;
  }

  #select(server: RunningServer, service?: string): readonly ServiceInstance[] {
    const { services } = this.#instance(server);
    const chosen = service === undefined ? services : services.filter((each) => each.name === service);
    if (chosen.length === 0)
      throw new HarnessError("harness-fault", `expected a service of server ${server.id}, got "${service}"`);
    return chosen;
  }
}

/** Starts a stopped container and waits until it is ready again. */
export async function startAgain(docker: DockerClient, instance: ServiceInstance, signal: AbortSignal): Promise<void> {
  await instance.container.start();
  const { container, title, ports, service } = instance;
  instance.startedAt = await untilReady(docker, { container, title, ports, ready: service.ready }, signal);
}

async function asLabFault(service: ServiceInstance, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    if (cause instanceof HarnessError) throw cause;
    throw new HarnessError(
      "lab-fault",
      `expected a fault on ${service.title} to work, got: ${(cause as Error).message}`,
      { cause },
    );
  }
}
