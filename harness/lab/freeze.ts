import { setTimeout as pause } from "node:timers/promises";
import type { DockerContainer } from "./networks.ts";

/** A busy server can make new processes faster than the cgroup freezer stops them; runc then gives up and thaws all. */
const freezeWithinMs = 15_000;
const againAfterMs = 200;

const gaveUp = (error: unknown): boolean => /freez/i.test(error instanceof Error ? error.message : String(error));

/** Freezes all processes of a container; tries again while the daemon says that it could not. */
export async function freeze(container: Pick<DockerContainer, "pause">): Promise<void> {
  const end = performance.now() + freezeWithinMs;
  for (;;) {
    try {
      await container.pause();
      return;
    } catch (error) {
      if (!gaveUp(error) || performance.now() > end) throw error;
      await pause(againAfterMs);
    }
  }
}
