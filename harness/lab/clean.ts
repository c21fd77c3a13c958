import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { dockerClient, type DockerClient } from "./daemon.ts";
import { labelNames } from "./labels.ts";
import { isAlive } from "./process-identity.ts";
import { ignoreGone, removeContainers } from "./remove-containers.ts";

/** How many things were removed. */
export interface Removed {
  readonly containers: number;
  readonly networks: number;
  readonly volumes: number;
}

interface Labelled {
  readonly Labels?: Readonly<Record<string, string>> | null;
}

/**
 * Removes what runs left behind whose process is dead (SIGKILL, power). Used at each start and by `pruefstand clean`.
 * Things of living runs stay, and so do those of another machine or container that shares this daemon: its pids mean nothing here.
 */
export async function cleanDeadRuns(): Promise<Removed> {
  return removeAll(await dockerClient(), isOrphan);
}

/** Removes everything of one run, whoever owns it. */
export async function cleanRun(runId: string): Promise<Removed> {
  return removeAll(await dockerClient(), (labels) => labels[labelNames.run] === runId);
}

/** True if the labels name an owner of this machine that no longer runs. */
export function isOrphan(labels: Readonly<Record<string, string>>): boolean {
  const owner = labels[labelNames.owner];
  return owner !== undefined && labels[labelNames.host] === hostname() && !isAlive(owner);
}

/** Containers first; then what they were attached to. Something already gone counts as removed. */
async function removeAll(
  docker: DockerClient,
  concerns: (labels: Readonly<Record<string, string>>) => boolean,
): Promise<Removed> {
  const filters = { label: [labelNames.run] };
  const chosen = <T extends Labelled>(things: readonly T[]): readonly T[] =>
    things.filter((thing) => concerns(thing.Labels ?? {}));
  const containers = chosen(await docker.listContainers({ all: true, filters }));
  await removeContainers(docker, containers);
  const networks = chosen((await docker.listNetworks({ filters })) as readonly (Labelled & { readonly Id: string })[]);
  const volumes = chosen((await docker.listVolumes({ filters })).Volumes ?? []);
  await Promise.all([
    ...networks.map(({ Id }) => removeNetwork(docker.getNetwork(Id))),
    ...volumes.map(({ Name }) => ignoreGone(docker.getVolume(Name).remove())),
  ]);
  return { containers: containers.length, networks: networks.length, volumes: volumes.length };
}

/** How often and how long a network is asked to go while containers of it are still on their way out. */
const networkTries = 40;
const networkPauseMs = 250;

/** A container that somebody else is removing counts as removed (409) before it has let go of its network (403). */
async function removeNetwork(network: { remove(): Promise<unknown> }): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ignoreGone(network.remove());
    } catch (error) {
      if ((error as { readonly statusCode?: number }).statusCode !== 403 || attempt === networkTries) throw error;
      await pause(networkPauseMs);
    }
  }
}
