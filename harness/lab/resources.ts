import type { ResourceSample } from "../model/server.ts";
import type { DockerContainer } from "./networks.ts";

interface Stats {
  readonly cpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number } };
  readonly memory_stats?: { readonly usage?: number; readonly stats?: Readonly<Record<string, number>> };
}

/** One sample of a container. `one-shot` spares the daemon's second measurement, which would take a second. */
export async function sampleContainer(service: string, container: DockerContainer): Promise<ResourceSample> {
  const atMs = performance.now();
  const stats = (await container.stats({ stream: false, "one-shot": true })) as Stats;
  const memory = stats.memory_stats ?? {};
  // Page cache that can be dropped at once is not use: cgroup v1 names it total_inactive_file, v2 inactive_file.
  const cache = memory.stats?.["total_inactive_file"] ?? memory.stats?.["inactive_file"] ?? 0;
  return {
    service,
    atMs,
    cpuSeconds: (stats.cpu_stats?.cpu_usage?.total_usage ?? 0) / 1e9,
    memoryBytes: Math.max(0, (memory.usage ?? 0) - cache),
  };
}
