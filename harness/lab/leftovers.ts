import type { DockerClient } from "./daemon.ts";
import { labelNames } from "./labels.ts";

/** Containers and networks of a run, by name, and those of the given volumes that still exist. */
export async function leftoversOf(
  docker: DockerClient,
  runId: string,
  volumes: readonly string[],
): Promise<readonly string[]> {
  const filters = { label: [`${labelNames.run}=${runId}`] };
  const [containers, networks, known] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes(),
  ]);
  return [
    ...containers.map(({ Names, Id }) => `container ${Names[0]?.slice(1) ?? Id}`),
    ...networks.map(({ Name }) => `network ${Name}`),
    ...(known.Volumes ?? []).filter(({ Name }) => volumes.includes(Name)).map(({ Name }) => `volume ${Name}`),
  ];
}
