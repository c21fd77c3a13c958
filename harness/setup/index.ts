/** What the bench needs on the machine before it can work. Everything here may be called again at any time. */
export { ensureChromium } from "./chromium.ts";
export { ensureDocker } from "./docker.ts";
export { runDoctor } from "./doctor.ts";
export type { DoctorCheck, DoctorState } from "./doctor.ts";
export { diskSpace, memory } from "./resources.ts";
export type { Progress } from "./system.ts";
