import type { ServiceInstance } from "./instance.ts";

type Inspection = Awaited<ReturnType<ServiceInstance["container"]["inspect"]>>;

/** What is wrong with a container that should run undisturbed; empty = healthy. */
export async function complaints(instance: ServiceInstance): Promise<readonly string[]> {
  const { title } = instance;
  let facts: Inspection;
  try {
    facts = await instance.container.inspect();
  } catch (error) {
    return [`${title}: container is gone (${(error as Error).message})`];
  }
  return complaintsOf(instance, facts);
}

function complaintsOf(instance: ServiceInstance, { State, NetworkSettings }: Inspection): readonly string[] {
  const { title, edge, federation } = instance;
  const attached = Object.keys(NetworkSettings.Networks);
  const wanted = [edge, ...(federation === undefined ? [] : [federation])].map((each) => each.network.name);
  return [
    State.OOMKilled ? `${title}: out of memory` : "",
    State.Running ? "" : `${title}: ended with code ${State.ExitCode}`,
    State.Paused ? `${title}: frozen` : "",
    State.Running && State.StartedAt !== instance.startedAt ? `${title}: was restarted at ${State.StartedAt}` : "",
    ...wanted.filter((name) => !attached.includes(name)).map((name) => `${title}: is cut off from network ${name}`),
  ].filter((complaint) => complaint !== "");
}
