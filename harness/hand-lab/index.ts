import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dockerClient } from "../lab/daemon.ts";
import type { Candidate } from "../model/candidate.ts";
import { composeFile } from "./compose-file.ts";
import { compose } from "./compose.ts";
import type { DemoPerson } from "./people.ts";
import { authoritiesOf, planHandLab, startPort } from "./plan.ts";
import {
  buildImages,
  prepare,
  projectName,
  readPrepared,
  removePrepared,
  writePrepared,
  type Prepared,
} from "./prepare.ts";
import { labContainers, openToPeople } from "./servers.ts";

export interface HandLab {
  /** The repository's folder. */
  readonly root: string;
  /** In report order; the first of each protocol stands for both authorities. */
  readonly candidates: readonly Candidate[];
  readonly progress: (what: string) => void;
  readonly signal: AbortSignal;
}

/** One authority as `lab up` and `lab status` tell of it. */
export interface AuthorityStatus {
  /** "matrix-a". */
  readonly id: string;
  readonly product: string;
  readonly domain: string;
  /** Address of its web client. */
  readonly url: string;
  readonly people: readonly DemoPerson[];
  /** Containers of this server by state: "running", "exited" …; empty when there are none. */
  readonly states: readonly string[];
}

export const startUrl = `http://localhost:${startPort}/`;

/** Starts the lab, or goes on with the one that is there. Returns when every person can log in. */
export async function labUp(lab: HandLab): Promise<readonly AuthorityStatus[]> {
  const { root, progress, signal } = lab;
  const families = planHandLab(lab.candidates);
  await buildImages(root, families, progress);
  const known = await readPrepared(root);
  if (known === undefined) progress("writing certificates, configuration files and web clients");
  const prepared = known ?? (await prepare(root, families));
  progress("starting the containers");
  await compose(root, ["up", "--detach", "--remove-orphans"], progress);
  progress("waiting for the servers, making the accounts");
  await Promise.all(authoritiesOf(families).map((authority) => openToPeople(authority, prepared, signal)));
  if (!prepared.accounts) await writePrepared(root, { ...prepared, accounts: true });
  return labStatus(lab);
}

/** Removes containers, networks, volumes and everything `lab up` wrote; images stay. Nothing happens where there is no lab. */
export async function labDown({ root, progress }: HandLab): Promise<void> {
  const docker = await dockerClient();
  const filters = { label: [`com.docker.compose.project=${projectName}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const networks = await docker.listNetworks({ filters });
  // By label, not by compose: that needs the .env that a killed start may not have written.
  if (containers.length > 0) progress("removing the containers");
  await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  await Promise.all(networks.map(({ Id }) => docker.getNetwork(Id).remove()));
  await removePrepared(root);
}

export async function labStatus({ root, candidates }: HandLab): Promise<readonly AuthorityStatus[]> {
  const prepared: Prepared | undefined = await readPrepared(root);
  const containers = await labContainers(await dockerClient());
  return authoritiesOf(planHandLab(candidates)).map((authority) => ({
    id: authority.name,
    product: `${authority.candidate.title} ${authority.candidate.version}`,
    domain: authority.domain,
    url: `http://localhost:${authority.webPort}/`,
    people: prepared?.people[authority.name] ?? [],
    states: Object.keys(authority.candidate.services).flatMap(
      (name) => containers.get(`${authority.name}-${name}`)?.state ?? [],
    ),
  }));
}

/** Writes docker-compose.yml anew from the candidates' descriptions. */
export async function writeComposeFile({ root, candidates }: HandLab): Promise<void> {
  await writeFile(join(root, "docker-compose.yml"), composeFile(planHandLab(candidates)));
}
