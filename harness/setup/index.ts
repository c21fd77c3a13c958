/** What the bench needs on the machine before it can work. Everything here may be called again at any time. */
import { ensureChromium } from "./chromium.ts";
import { ensureDocker, ensureTools } from "./docker.ts";
import type { Progress } from "./system.ts";

export { ensureChromium, findChromium } from "./chromium.ts";
export { askDaemon, ensureDocker, ensureTools } from "./docker.ts";
export { runDoctor } from "./doctor.ts";
export type { DoctorCheck, DoctorState } from "./doctor.ts";
export { diskSpace, memory } from "./resources.ts";
export type { Progress } from "./system.ts";

/**
 * Everything a run needs on this machine, in order: Docker daemon, tools for base images, Chromium with certutil.
 * Installs what it may, says what it does, returns the path of Chromium. Throws `environment` at the first thing that stays missing.
 */
export async function ensureMachine(progress: Progress = () => {}): Promise<{ readonly chromium: string }> {
  await ensureDocker(progress);
  await ensureTools(progress);
  return { chromium: await ensureChromium(progress) };
}
