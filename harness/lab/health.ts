import type { ServiceInstance } from "./instance.ts";

export type Inspection = Awaited<ReturnType<ServiceInstance["container"]["inspect"]>>;
type State = Pick<Inspection["State"], "Running" | "ExitCode" | "OOMKilled">;

/** What is wrong with a container that should run undisturbed; empty = healthy. */
export async function complaints(instance: ServiceInstance): Promise<readonly string[]> {
  const { title } = instance;
  let facts: Inspection;
  try {
    facts = await instance.container.inspect();
  } catch (error) {
    return [`${title}: container is gone (${(error as Error).message})`];
  }
  return [...endings(instance, facts), ...disturbances(instance, facts)];
}

function endings({ title }: ServiceInstance, { State }: Inspection): readonly string[] {
  return [
    State.OOMKilled ? `${title}: out of memory` : "",
    State.Running ? "" : `${title}: ended with code ${State.ExitCode}`,
  ].filter((complaint) => complaint !== "");
}

/** What somebody did to a container from outside, whether or not it still runs. */
export function disturbances(instance: ServiceInstance, { State, NetworkSettings }: Inspection): readonly string[] {
  const { title, edge, federation } = instance;
  const attached = Object.keys(NetworkSettings.Networks);
  const wanted = [edge, ...(federation === undefined ? [] : [federation])].map((each) => each.network.name);
  return [
    State.Paused ? `${title}: frozen` : "",
    State.StartedAt === instance.startedAt ? "" : `${title}: was restarted at ${State.StartedAt}`,
    ...wanted.filter((name) => !attached.includes(name)).map((name) => `${title}: is cut off from network ${name}`),
  ].filter((complaint) => complaint !== "");
}

/**
 * What a stop from outside leaves behind: SIGINT, SIGKILL, SIGTERM (128 + number), or 0 of a server that obeyed. A server that
 * ends itself with one of these codes cannot be told apart and is not blamed.
 */
const codesOfAStop: ReadonlySet<number> = new Set([0, 130, 137, 143]);

/** How a container is: alone, "by-itself" is the product's doing. The kernel's kill for want of memory counts as that. */
export function endingOf({ Running, ExitCode, OOMKilled }: State): "running" | "by-itself" | "from-outside" {
  if (OOMKilled) return "by-itself";
  if (Running) return "running";
  return codesOfAStop.has(ExitCode) ? "from-outside" : "by-itself";
}
