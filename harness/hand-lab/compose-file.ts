import { stringify } from "yaml";
import type { Service } from "../model/candidate.ts";
import { capabilities, logLimit, maxProcesses } from "../lab/containers.ts";
import { defaultMemoryMiB, federatingServices } from "../lab/deploy-server.ts";
import {
  authoritiesOf,
  edgeBlock,
  federationAddress,
  handConfig,
  outsidePort,
  resolverAddress,
  startPort,
  subnet,
} from "./plan.ts";
import type { Authority, Family } from "./plan.ts";

/** Folder of what `lab up` writes, as docker-compose.yml sees it. */
const preparedFolder = "./out/hand-lab";

/** Name of the variable in `.env` that holds the tag of an image. */
export const imageVariable = (image: string): string =>
  `PRUEFSTAND_IMAGE_${image.replaceAll(/[^a-z0-9]/gu, "_").toUpperCase()}`;

/** Without `.env` compose stops with this sentence. */
const imageReference = (image: string): string =>
  `\${${imageVariable(image)}:?no images yet, type ./pruefstand lab up once}`;

export const webImage = "hand-lab-web";
export const resolverImage = "name-server";

const header = `# The lab to try by hand: two authorities each for Matrix and XMPP, federating over TLS, with web clients on
# http://localhost:${startPort}. Images, certificates and configuration files are made by ./pruefstand lab up, which calls this
# file; after that docker compose up and down work as well. Written by ./pruefstand lab compose from the candidates'
# descriptions: change those, not this file.
`;

/** Everything but the top level follows the lab of the bench (harness/lab/containers.ts): same rights, same limits. */
const shared = {
  cap_drop: ["ALL"],
  cap_add: capabilities,
  security_opt: ["no-new-privileges:true"],
  pids_limit: maxProcesses,
  logging: { driver: "json-file", options: logLimit },
};

/** The whole docker-compose.yml, for Compose v2 and for docker-compose 1.29 (no top-level name, no version needed). */
export function composeFile(families: readonly Family[]): string {
  const authorities = authoritiesOf(families);
  const document = {
    services: {
      ...Object.fromEntries(authorities.flatMap((authority) => serverServices(authority))),
      ...Object.fromEntries(authorities.map((authority) => [`${authority.name}-resolver`, resolver(authority)])),
      web: web(authorities),
    },
    networks: {
      ...Object.fromEntries(
        families.map((family) => [federationName(family), network(family.block, { internal: true })]),
      ),
      ...Object.fromEntries(
        authorities.map((authority) => [authority.name, network(edgeBlock(authority), edgeOptions)]),
      ),
      web: edgeOptions,
    },
  };
  return header + stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}

const federationName = ({ protocol }: Family): string => `${protocol}-federation`;

/** As the bench's edges: ports on 127.0.0.1 only, and nothing gets out. */
const edgeOptions = {
  driver_opts: {
    "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1",
    "com.docker.network.bridge.enable_ip_masquerade": "false",
  },
};

const network = (block: number, options: object): object => ({
  ...options,
  ipam: { config: [{ subnet: subnet(block) }] },
});

function serverServices(authority: Authority): readonly (readonly [string, object])[] {
  return Object.entries(authority.candidate.services).map(([name, service]) => [
    `${authority.name}-${name}`,
    serverService(authority, name, service),
  ]);
}

function serverService(authority: Authority, name: string, service: Service): object {
  const { candidate, domain, id, family } = authority;
  const federating = federatingServices(candidate).indexOf(name);
  const files = candidate.configurations[handConfig].files.filter((file) => file.service === name);
  const folder = `${preparedFolder}/${authority.name}`;
  const ports = (service.publish ?? []).map((port) => `127.0.0.1:${outsidePort(authority, name, port)}:${port}`);
  const others = family.authorities.flatMap((other) =>
    namesOf(other).map((host) => `${host}:${federationAddress(other, 0)}`),
  );
  return {
    image: imageReference(service.image),
    hostname: service.front === true ? domain : `${name}-${id}`,
    ...shared,
    mem_limit: `${service.memoryMiB ?? defaultMemoryMiB}m`,
    ...(service.command === undefined ? {} : { command: service.command }),
    ...(service.env === undefined ? {} : { environment: service.env }),
    ...(service.tmpfs === undefined ? {} : { tmpfs: service.tmpfs }),
    depends_on: [...(service.after ?? []).map((other) => `${authority.name}-${other}`), `${authority.name}-resolver`],
    volumes: [`${folder}/certs:/certs:ro`, ...files.map(({ path }) => `${folder}/${name}${path}:${path}:ro`)],
    ...(ports.length === 0 ? {} : { ports }),
    dns: [resolverAddress(authority)],
    ...(federating < 0 ? {} : { extra_hosts: others }),
    networks: {
      [authority.name]: { aliases: [name] },
      ...(federating < 0
        ? {}
        : {
            [federationName(family)]: {
              ipv4_address: federationAddress(authority, federating),
              ...(service.front === true ? { aliases: namesOf(authority) } : {}),
            },
          }),
    },
  };
}

export const namesOf = ({ domain, candidate }: Authority): readonly string[] => [
  domain,
  ...candidate.subdomains.map((name) => `${name}.${domain}`),
];

/** The lab's name server: answers for both authorities, says "no such name" to all else. */
function resolver(authority: Authority): object {
  const zones = authority.family.authorities.map((other) => `${other.domain}=${federationAddress(other, 0)}`);
  return {
    image: imageReference(resolverImage),
    ...shared,
    mem_limit: "64m",
    environment: { ZONES: zones.join(" ") },
    networks: { [authority.name]: { ipv4_address: resolverAddress(authority) } },
  };
}

/** Serves the start page and one web client for each authority, and hands requests on to its server over verified TLS. */
function web(authorities: readonly Authority[]): object {
  const ports = [startPort, ...authorities.map(({ webPort }) => webPort)];
  return {
    image: imageReference(webImage),
    ...shared,
    mem_limit: "128m",
    volumes: [
      `${preparedFolder}/web/nginx.conf:/etc/nginx/conf.d/lab.conf:ro`,
      `${preparedFolder}/web/pages:/srv/pages:ro`,
      `${preparedFolder}/ca.pem:/certs/ca.pem:ro`,
      "./node_modules/converse.js/dist:/srv/converse:ro",
    ],
    ports: ports.map((port) => `127.0.0.1:${port}:${port}`),
    networks: ["web", ...authorities.map(({ name }) => name)],
  };
}
