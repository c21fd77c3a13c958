import type { Progress } from "./system.ts";

/**
 * Returns when a Docker daemon answers: the one that is there, else (root on a Debian-family system) the distribution's,
 * installed and started. Throws `environment` with the command that helps.
 */
export async function ensureDocker(progress: Progress): Promise<void> {
  progress("looking for a Docker daemon");
}
