import type { Account, HttpAnswer, HttpRequest, ServerAccess } from "../model/candidate.ts";
import { implementationOf } from "../model/partners.ts";
import type {
  BoundAdministration,
  CollapsedService,
  Endpoint,
  EndpointKind,
  Listener,
  ResourceSample,
  RunningServer,
  SearchHit,
  SearchResult,
} from "../model/server.ts";
import { HarnessError } from "../model/errors.ts";
import { collapsedServices } from "./collapse.ts";
import type { DockerClient } from "./daemon.ts";
import { execBounded } from "./exec.ts";
import type { LabHttp } from "./http.ts";
import type { ServerInstance } from "./instance.ts";
import { openPorts } from "./listeners.ts";
import { sampleContainer } from "./resources.ts";
import { withoutEffect } from "./sabotage.ts";
import { searchStores, type OpenStore } from "./search.ts";

/** What a scenario gets to see of a server. */
export class LabServer implements RunningServer {
  readonly id: string;
  readonly domain: string;
  readonly config: RunningServer["config"];
  readonly candidate: RunningServer["candidate"];
  readonly endpoints: readonly Endpoint[];
  readonly ca: string;
  readonly administration: BoundAdministration;
  readonly #docker: DockerClient;
  readonly #instance: ServerInstance;
  readonly #http: LabHttp;
  readonly #giveUp: (container: string) => void;

  constructor(parts: {
    readonly docker: DockerClient;
    readonly instance: ServerInstance;
    readonly http: LabHttp;
    readonly ca: string;
    readonly access: ServerAccess;
    readonly addSecret: (value: string) => void;
    /** Told which containers the lab need not look after any more. */
    readonly giveUp: (container: string) => void;
  }) {
    const { instance } = parts;
    const { candidate, config } = instance;
    this.#docker = parts.docker;
    this.#instance = instance;
    this.#http = parts.http;
    this.#giveUp = parts.giveUp;
    this.id = instance.id;
    this.domain = instance.domain;
    this.config = config;
    this.endpoints = instance.endpoints;
    this.ca = parts.ca;
    this.administration = bind(instance, parts.access, parts.addSecret);
    this.candidate = {
      id: candidate.id,
      title: candidate.title,
      implementation: implementationOf(candidate),
      protocol: candidate.protocol,
      abilities: candidate.abilities,
      erasureLimit: candidate.erasureLimit[config],
      roles: candidate.administration.roles ?? [],
    };
  }

  endpoint(kind: EndpointKind): Endpoint | undefined {
    return this.endpoints.find((endpoint) => endpoint.kind === kind);
  }

  request(endpoint: Endpoint, path: string, init?: HttpRequest): Promise<HttpAnswer> {
    return this.#http.request(endpoint, path, init);
  }

  search(
    needles: Readonly<Record<string, string>>,
    options: { readonly holds?: readonly SearchHit["holds"][] } = {},
  ): Promise<SearchResult> {
    const { candidate } = this.#instance;
    const wanted = candidate.stores.filter((store) => options.holds?.includes(store.holds) ?? true);
    const open = wanted.map((store): OpenStore => {
      const service = this.#instance.services.find((each) => each.name === store.service);
      if (service === undefined) {
        throw new HarnessError(
          "bad-input",
          `expected store ${store.id} of ${candidate.id} to name a service, got "${store.service}"`,
        );
      }
      return { store, container: service.container, tmpfs: service.service.tmpfs ?? [] };
    });
    return searchStores(this.#docker, open, needles);
  }

  async listeners(): Promise<readonly Listener[]> {
    const perService = this.#instance.services.map(async ({ name, container, title }) => {
      const { exitCode, stdout, stderr } = await execBounded(container, ["cat", "/proc/net/tcp", "/proc/net/tcp6"]);
      // Without IPv6 the second table is missing: the first one is what counts.
      if (exitCode !== 0 && !stdout.includes("local_address")) {
        throw new HarnessError(
          "lab-fault",
          `expected the list of open ports of ${title}, got: ${stderr.slice(0, 200)}`,
        );
      }
      return openPorts(stdout).map((port) => ({ service: name, port }));
    });
    return (await Promise.all(perService)).flat();
  }

  async collapsed(): Promise<readonly CollapsedService[]> {
    const ended = await collapsedServices(this.#docker, this.#instance);
    return ended.map(({ container, ...facts }) => {
      this.#giveUp(container);
      return facts;
    });
  }

  resources(): Promise<readonly ResourceSample[]> {
    return Promise.all(this.#instance.services.map(({ name, container }) => sampleContainer(name, container)));
  }
}

/** Optional functions stay absent; passwords are known as secrets before anything can print them. */
function bind(instance: ServerInstance, access: ServerAccess, addSecret: (value: string) => void): BoundAdministration {
  const own = withoutEffect(instance.candidate.administration, instance.sabotage?.withoutEffect);
  const { setFederationAllowList: allow, exemptFromRateLimits: exempt, enableDebugLog: debug } = own;
  const { enableDomainBoundRegistration: bound, grantRole: grant, letTimePass: pass } = own;
  return {
    createAccounts: (accounts: readonly Account[]) => {
      for (const { password } of accounts) addSecret(password);
      return own.createAccounts(access, accounts);
    },
    disableAccount: (name) => own.disableAccount(access, name),
    deleteAccount: (name) => own.deleteAccount(access, name),
    ...(allow === undefined ? {} : { setFederationAllowList: (domains) => allow(access, domains) }),
    ...(exempt === undefined ? {} : { exemptFromRateLimits: (names) => exempt(access, names) }),
    ...(debug === undefined ? {} : { enableDebugLog: () => debug(access) }),
    ...(bound === undefined ? {} : { enableDomainBoundRegistration: (domain) => bound(access, domain) }),
    ...(grant === undefined ? {} : { grantRole: (name, role) => grant(access, name, role) }),
    ...(pass === undefined ? {} : { letTimePass: (seconds) => pass(access, seconds) }),
  };
}
