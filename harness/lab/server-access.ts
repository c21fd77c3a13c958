import type { ExecResult, HttpAnswer, HttpRequest, ServerAccess } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import type { Endpoint, EndpointKind } from "../model/server.ts";
import { putFiles } from "./containers.ts";
import type { DockerClient } from "./daemon.ts";
import { execBounded } from "./exec.ts";
import { startAgain } from "./faults.ts";
import type { LabHttp } from "./http.ts";
import type { ServerInstance, ServiceInstance } from "./instance.ts";
import { renderFiles } from "./render-files.ts";

/** What administration functions of a candidate get to touch. */
export class InstanceAccess implements ServerAccess {
  readonly #docker: DockerClient;
  readonly #instance: ServerInstance;
  readonly #http: LabHttp;
  readonly #signal: AbortSignal;

  constructor(docker: DockerClient, instance: ServerInstance, http: LabHttp, signal: AbortSignal) {
    this.#docker = docker;
    this.#instance = instance;
    this.#http = http;
    this.#signal = signal;
  }

  get id(): string {
    return this.#instance.id;
  }
  get domain(): string {
    return this.#instance.domain;
  }
  get config(): ServerAccess["config"] {
    return this.#instance.config;
  }
  get secrets(): Readonly<Record<string, string>> {
    return this.#instance.facts.secrets;
  }

  exec(
    service: string,
    command: readonly string[],
    options?: { readonly stdin?: string; readonly user?: string },
  ): Promise<ExecResult> {
    return execBounded(this.#service(service).container, command, options);
  }

  request(endpoint: Endpoint, path: string, init?: HttpRequest): Promise<HttpAnswer> {
    return this.#http.request(endpoint, path, init);
  }

  endpoint(kind: EndpointKind): Endpoint | undefined {
    return this.#instance.endpoints.find((endpoint) => endpoint.kind === kind);
  }

  async rewriteConfig(variables: Readonly<Record<string, unknown>>): Promise<void> {
    const instance = this.#instance;
    instance.variables = { ...instance.variables, ...variables };
    const files = await renderFiles(instance.candidate, instance.facts, instance.variables, instance.sabotage);
    for (const { name, container } of instance.services) {
      await putFiles(
        container,
        files.filter((file) => file.service === name),
      );
    }
  }

  async restartService(service: string): Promise<void> {
    const instance = this.#service(service);
    await instance.container.stop({ t: 10 });
    await startAgain(this.#docker, instance, this.#signal);
  }

  #service(name: string): ServiceInstance {
    const found = this.#instance.services.find((service) => service.name === name);
    if (found === undefined) {
      throw new HarnessError("harness-fault", `expected a service of ${this.#instance.candidate.id}, got "${name}"`);
    }
    return found;
  }
}
