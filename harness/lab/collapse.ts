import { HarnessError } from "../model/errors.ts";
import type { CollapsedService } from "../model/server.ts";
import { readLog } from "./container-log.ts";
import type { DockerClient } from "./daemon.ts";
import { disturbances, endingOf, type Inspection } from "./health.ts";
import type { ServerInstance, ServiceInstance } from "./instance.ts";

const endOfLog = { tail: 50, limit: 16 * 1024 };

/**
 * Containers of a server that ended by themselves. Throws `lab-fault` where one was ended from outside or disturbed otherwise:
 * then nothing is said about the product.
 */
export async function collapsedServices(
  docker: DockerClient,
  { services }: ServerInstance,
): Promise<readonly (CollapsedService & { readonly container: string })[]> {
  const looked = await Promise.all(services.map(async (each) => ({ each, facts: await inspect(each) })));
  const foreign = looked.flatMap(({ each, facts }) => [...endedFromOutside(each, facts), ...disturbances(each, facts)]);
  if (foreign.length > 0) throw new HarnessError("lab-fault", `The lab broke: ${foreign.join("; ")}`);
  const ended = looked.filter(({ facts }) => endingOf(facts.State) === "by-itself");
  return Promise.all(
    ended.map(async ({ each, facts: { State } }) => ({
      container: each.container.id,
      service: each.name,
      exitCode: State.Running ? null : State.ExitCode,
      outOfMemory: State.OOMKilled,
      endedAt: State.Running ? null : State.FinishedAt,
      log: await readLog(docker, each.container, endOfLog).catch((error: Error) => `(no log: ${error.message})`),
    })),
  );
}

async function inspect({ title, container }: ServiceInstance): Promise<Inspection> {
  try {
    return await container.inspect();
  } catch (cause) {
    throw new HarnessError("lab-fault", `The lab broke: ${title}: container is gone (${(cause as Error).message})`, {
      cause,
    });
  }
}

const endedFromOutside = ({ title }: ServiceInstance, { State }: Inspection): readonly string[] =>
  endingOf(State) === "from-outside" ? [`${title}: was ended from outside (code ${State.ExitCode})`] : [];
