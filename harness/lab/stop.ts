import type { Stopped } from "../model/lab.ts";
import type { DockerClient } from "./daemon.ts";
import { startAgain } from "./faults.ts";
import type { ServerInstance, ServiceInstance } from "./instance.ts";

type StoppedService = Stopped["services"][number];

/** 128 + SIGKILL: the container did not end by itself when it was asked to. */
const killedCode = 137;

/** Asks one container to stop; the daemon kills what is still there after the time. */
async function stopOne({ name, container }: ServiceInstance, withinMs: number): Promise<StoppedService> {
  const startedAt = performance.now();
  await container.stop({ t: Math.ceil(withinMs / 1000) });
  const tookMs = Math.round(performance.now() - startedAt);
  const { ExitCode } = (await container.inspect()).State;
  return { service: name, exitCode: ExitCode, tookMs, killed: ExitCode === killedCode };
}

/** Services in the order of their start; stopped from the last to the first, so that none loses what it waits for. */
export async function stopPolitely(
  docker: DockerClient,
  { services }: Pick<ServerInstance, "services">,
  withinMs: number,
  signal: AbortSignal,
): Promise<Stopped> {
  const stopped: StoppedService[] = [];
  for (const service of services.toReversed()) stopped.push(await stopOne(service, withinMs));
  return {
    services: stopped,
    async start() {
      for (const service of services) await startAgain(docker, service, signal);
    },
  };
}

/** Volumes that Docker made for the containers of these servers. */
export async function volumesOf(servers: readonly Pick<ServerInstance, "services">[]): Promise<readonly string[]> {
  const containers = servers.flatMap(({ services }) => services.map(({ container }) => container));
  const facts = await Promise.all(containers.map((container) => container.inspect()));
  return facts.flatMap(({ Mounts }) => Mounts.flatMap(({ Type, Name }) => (Type === "volume" ? [Name ?? ""] : [])));
}
