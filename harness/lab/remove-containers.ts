import type { DockerClient } from "./daemon.ts";

/** What the daemon lists of a container, as far as its removal needs it. */
interface Listed {
  readonly Id: string;
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, unknown>> };
}

/**
 * Removes containers with their anonymous volumes; those on one network one after another, others side by side. Docker 20.10 (the
 * daemon of Debian 12) locks up for good when one endpoint leaves a network while another one's end is being noted
 * (moby pull request 42545): every later request about a network hangs.
 */
export async function removeContainers(docker: DockerClient, containers: readonly Listed[]): Promise<void> {
  await Promise.all(
    groupsOf(containers).map(async (group) => {
      for (const { Id } of group) await ignoreGone(docker.getContainer(Id).remove({ force: true, v: true }));
    }),
  );
}

/** Containers that hang together by their networks, in the given order. */
export function groupsOf<T extends Listed>(containers: readonly T[]): readonly (readonly T[])[] {
  const groups: { readonly networks: Set<string>; readonly members: T[] }[] = [];
  for (const container of containers) {
    const networks = new Set(Object.keys(container.NetworkSettings?.Networks ?? {}));
    const touching = groups.filter((group) => [...networks].some((name) => group.networks.has(name)));
    const [first, ...others] = touching;
    if (first === undefined) {
      groups.push({ networks, members: [container] });
      continue;
    }
    first.members.push(container);
    for (const name of networks) first.networks.add(name);
    for (const other of others) {
      first.members.push(...other.members);
      for (const name of other.networks) first.networks.add(name);
      groups.splice(groups.indexOf(other), 1);
    }
  }
  return groups.map(({ members }) => members);
}

/** Waits for a removal; that the thing is gone or being removed already is what we want. */
export async function ignoreGone(removal: Promise<unknown>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    const { statusCode } = error as { readonly statusCode?: number };
    if (statusCode !== 404 && statusCode !== 409) throw error;
  }
}
